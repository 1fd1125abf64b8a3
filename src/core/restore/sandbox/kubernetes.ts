import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Pod } from '../../cluster/api/objects.ts';
import { NAMESPACES, PODS } from '../../cluster/api/resources.ts';
import type { NodeFiles } from '../../cluster/node-files/node-files.ts';
import { listNodes, nodeCalled, type NodeFacts } from '../../cluster/inventory/nodes.ts';
import type { RestoreChoices, TargetFacts } from '../compatibility/target-facts.ts';
import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { formatReference, imageName, type ImageReference } from '../registry/reference.ts';
import { Registry, type RegistrySettings } from '../registry/registry.ts';
import { requireLogin, sendImage } from '../registry/send-image.ts';
import type { UploadPlaces } from '../registry/upload-places.ts';
import { newId, sandboxName, type SandboxJournal } from './journal.ts';
import { nodeLog } from './node-log.ts';
import { namespaceManifest, podManifest, policyManifest, printed, type PodWishes } from './pod-manifests.ts';
import { lifetimeText, NETWORK_POLICIES, podRecord, PodSandbox } from './pod-sandbox.ts';
import { untilRestored } from './pod-watch.ts';
import { takeAway } from './take-away.ts';
import type { Plan, RunOptions, Sandbox, SandboxRecord, SandboxState, Step, Subject, Thing } from './sandbox.ts';

/** As `measureImage` does. @throws CheckpointError `unsupported`, `damaged`, `cancelled` */
export type Measure = (
  subject: Subject,
  options: {
    readonly signal: AbortSignal | undefined;
    readonly onProgress: (done: number, total: number | undefined) => void;
  },
) => Promise<ImageDocuments>;

export interface KubernetesOptions {
  readonly cluster: Cluster;
  readonly journal: SandboxJournal;
  /** Where the image is put, for the nodes to pull it from. */
  readonly image: ImageReference;
  readonly registry: RegistrySettings;
  /** Describes the image of an archive; who does it reads all of it. */
  readonly measure: Measure;
  /** Where images that were given up half way go on. */
  readonly uploads?: UploadPlaces | undefined;
  readonly namespace: string;
  /** Make the namespace, and remove it with the sandbox. */
  readonly createNamespace?: boolean;
  /** The node's name; by default the first that fits. */
  readonly node?: string | undefined;
  readonly network?: 'nowhere' | 'as-it-was';
  readonly pullSecret?: string | undefined;
  /** Seconds after which the cluster ends the sandbox by itself. */
  readonly lifetime?: number;
  /** Milliseconds until it must run. */
  readonly patience?: number;
  /** The files of the nodes, to fetch CRIU's log where a restore fails. */
  readonly files?: NodeFiles | undefined;
}

interface KubernetesPlan extends Plan {
  readonly wishes: PodWishes;
}

/** Restores archives of CRI-O's and containerd's in a pod of its own: an image in a registry, a policy, a pod. */
export class KubernetesSandbox implements Sandbox {
  readonly kind = 'kubernetes';
  readonly #options: KubernetesOptions;
  readonly #made: PodSandbox;
  #node: NodeFacts | undefined;

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#made = new PodSandbox(options);
  }

  async detect({ facts }: Subject, signal?: AbortSignal): Promise<TargetFacts> {
    const { cluster, node: asked } = this.#options;
    const nodes = await nodesOf(cluster, asked, signal);
    // The scheduler knows them.
    if (!nodes) return { kind: 'kubernetes' };
    const able = nodes.filter(isAble);
    const node =
      asked === undefined
        ? (able.find((one) => fits(one, facts)) ?? able[0])
        : nodes.find(({ name }) => name === asked);
    if (!node) {
      throw new CheckpointError(
        'not-found',
        asked === undefined
          ? sentence('No node of {0} is ready.', cluster.name)
          : sentence('There is no node {0} in {1}.', asked, cluster.name),
      );
    }
    this.#node = node;
    return factsOfNode(node);
  }

  plan({ facts }: Subject, _target: TargetFacts, _choices: RestoreChoices): KubernetesPlan {
    const {
      image,
      namespace,
      createNamespace,
      network = 'nowhere',
      pullSecret,
      lifetime = 3600,
      files,
    } = this.#options;
    const id = newId();
    const name = sandboxName(facts.containerName, id);
    const hostname = this.#node?.hostname;
    const wishes = { id, name, namespace, image: imageName(image), hostname, lifetime, pullSecret };
    const steps: Step[] = [
      {
        what: sentence(
          'Make a container image of the archive and send it to {0}. It stays there. The pod names it by its digest.',
          formatReference(image),
        ),
      },
    ];
    if (createNamespace === true) {
      steps.push({
        what: sentence('Make the namespace {0}.', namespace),
        manifest: printed(namespaceManifest(wishes)),
      });
    }
    if (network === 'nowhere') {
      steps.push({
        what: sentence(
          'Let nothing reach the sandbox, and the sandbox reach nothing, if the cluster’s network keeps to policies.',
        ),
        manifest: printed(policyManifest(wishes)),
      });
    }
    steps.push({
      what: sentence('Restore it as the pod {0}, for {1} at most.', `${namespace}/${name}`, lifetimeText(lifetime)),
      manifest: printed(podManifest(facts, wishes)),
    });
    if (files) {
      steps.push({
        what: sentence(
          'Only if it fails on CRI-O: read CRIU’s log on the node, through a helper pod that is removed again.',
        ),
      });
    }
    return { kind: 'kubernetes', id, steps, wishes };
  }

  async run(plan: Plan, subject: Subject, options: RunOptions = {}): Promise<SandboxRecord> {
    const { signal, onProgress } = options;
    const {
      cluster,
      journal,
      namespace,
      createNamespace,
      network = 'nowhere',
      patience = 180_000,
      files,
    } = this.#options;
    const { wishes } = plan as KubernetesPlan;
    const { api } = cluster;
    // The namespace may be somebody's: only one that is made here is removed.
    const makesNamespace = createNamespace === true && !(await this.#hasNamespace(signal));
    const things: Thing[] = [];
    if (network === 'nowhere') things.push({ kind: 'network-policy', name: wishes.name });
    if (makesNamespace) things.push({ kind: 'namespace', name: namespace });
    const image = await this.#push(subject, options);
    const record = podRecord(wishes, subject, cluster, things);
    await journal.put(record);
    try {
      onProgress?.(sentence('Restoring'));
      if (makesNamespace) await api.create(NAMESPACES, namespaceManifest(wishes));
      if (network === 'nowhere') await api.create(NETWORK_POLICIES, policyManifest(wishes), { namespace });
      const pod = await api.create<Pod>(PODS, podManifest(subject.facts, { ...wishes, image }), { namespace });
      const readLog = files && ((node: string, said: string) => nodeLog(api, files, node, said));
      await untilRestored(api, pod, { patience, signal, readLog });
      return record;
    } catch (error) {
      await takeAway(this, record, journal, error);
      throw error;
    }
  }

  state(record: SandboxRecord, signal?: AbortSignal): Promise<SandboxState> {
    return this.#made.state(record, signal);
  }

  logs(record: SandboxRecord, signal?: AbortSignal): Promise<string> {
    return this.#made.logs(record, signal);
  }

  remove(record: SandboxRecord, signal?: AbortSignal): Promise<void> {
    return this.#made.remove(record, signal);
  }

  async #hasNamespace(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#options.cluster.api.read(NAMESPACES, this.#options.namespace, { signal });
      return true;
    } catch (error) {
      if (CheckpointError.is(error, 'not-found')) return false;
      // Who may not look may all the same make one; one that is there is then said to be.
      if (CheckpointError.is(error, 'forbidden')) return false;
      throw error;
    }
  }

  /** @returns the image by its digest */
  async #push(subject: Subject, { signal, onProgress }: RunOptions): Promise<string> {
    const { image: reference, registry: settings, measure, uploads } = this.#options;
    const registry = new Registry(reference, { ...settings, push: true });
    try {
      await requireLogin(registry, signal);
      const image = await measure(subject, {
        signal,
        onProgress: (done, total) => onProgress?.(sentence('Reading the archive'), { done, total }),
      });
      const openLayer: Subject['checkpoint']['openArchive'] = (wanted) => subject.checkpoint.openArchive(wanted);
      const total = image.layer.size;
      await sendImage({ image, openLayer }, registry, {
        signal,
        places: uploads,
        onAnew: onProgress,
        onProgress: (done) => onProgress?.(sentence('Sending the image'), { done, total }),
      });
      const { host, name } = reference;
      return imageName({ host, name, digest: image.manifest.digest });
    } finally {
      registry.close();
    }
  }
}

/** What a node is as a place to restore to. */
export function factsOfNode({ runtime, runtimeVersion, architecture, memory }: NodeFacts): TargetFacts {
  return {
    kind: 'kubernetes',
    ...(runtime !== 'other' && { engine: runtime }),
    ...(runtimeVersion !== '' && { engineVersion: runtimeVersion }),
    ...(architecture !== '' && { architecture }),
    ...(memory !== undefined && { memoryOfPods: memory }),
  };
}

/** Whether a node takes pods now. */
export function isAble({ isReady, isSchedulable, isLinux }: NodeFacts): boolean {
  return isReady && isSchedulable && isLinux;
}

/** Whether a node is of the kind that an archive restores on. */
export function fits({ runtime, architecture }: NodeFacts, facts: Subject['facts']): boolean {
  return runtime === facts.engine && (facts.architecture === undefined || architecture === facts.architecture);
}

/** The nodes of a cluster, or the one that is asked for; undefined for who may not see them. */
async function nodesOf(
  { api }: Cluster,
  asked: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly NodeFacts[] | undefined> {
  try {
    return await listNodes(api, signal);
  } catch (error) {
    if (!CheckpointError.is(error, 'forbidden')) throw error;
    return asked === undefined ? undefined : [await nodeCalled(api, asked, signal)];
  }
}
