import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { PODS, type Resource } from '../../cluster/api/resources.ts';
import type { ApiObject, Pod } from '../../cluster/api/objects.ts';
import { trimmed } from '../../cluster/api/read-answer.ts';
import { findCustomKinds } from '../../cluster/custom/custom-kinds.ts';
import { nodeCalled } from '../../cluster/inventory/nodes.ts';
import { CHECKPOINTS } from '../../cluster/node-files/node-files.ts';
import { CheckpointError } from '../../errors.ts';
import type { RestoreChoices, TargetFacts } from '../compatibility/target-facts.ts';
import { newId, sandboxName } from './journal.ts';
import { factsOfNode, type KubernetesOptions } from './kubernetes.ts';
import { nodeLog } from './node-log.ts';
import { podRestoreManifest, policyManifest, printed, type PodRestoreWishes } from './pod-manifests.ts';
import { lifetimeText, NETWORK_POLICIES, POD_RESTORES, podRecord, PodSandbox } from './pod-sandbox.ts';
import { untilRestored } from './pod-watch.ts';
import type { Plan, RunOptions, Sandbox, SandboxRecord, SandboxState, Step, Subject } from './sandbox.ts';
import { takeAway } from './take-away.ts';
import { findCauses, RestoreFailed } from './why-it-failed.ts';

export interface OperatorOptions extends Pick<
  KubernetesOptions,
  'cluster' | 'journal' | 'namespace' | 'network' | 'lifetime' | 'patience' | 'files'
> {
  /** Where the archive lies. */
  readonly node: string;
  readonly path: string;
}

interface OperatorPlan extends Plan {
  readonly wishes: PodRestoreWishes;
}

/** Reasons of the condition Ready that time alone does not mend. Source: the operator's podrestore_controller.go. */
const FINAL: ReadonlySet<string> = new Set(['InvalidSpec', 'NodeNotFound', 'PodConflict', 'PodFailed', 'PodMissing']);
/** Milliseconds between two looks. */
const LOOK_EVERY = 300;

type PodRestore = ApiObject & {
  readonly status?: {
    readonly podName?: string;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
};

/** Restores an archive that lies on a node by the checkpoint-restore-operator: no image is made, and none is sent. */
export class OperatorSandbox implements Sandbox {
  readonly kind = 'kubernetes';
  readonly #options: OperatorOptions;
  readonly #made: PodSandbox;
  #resource: Resource = POD_RESTORES;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#made = new PodSandbox(options);
  }

  /** @throws CheckpointError `not-found` where the cluster does not have the operator, or not that node */
  async detect(_subject: Subject, signal?: AbortSignal): Promise<TargetFacts> {
    const { cluster, node } = this.#options;
    const { restore } = await findCustomKinds(cluster.api, signal);
    if (!restore) {
      throw new CheckpointError(
        'not-found',
        sentence('{0} has no PodRestore: the checkpoint-restore-operator is not installed there.', cluster.name),
      );
    }
    this.#resource = restore;
    return factsOfNode(await nodeCalled(cluster.api, node, signal));
  }

  /** @throws CheckpointError `unsupported` for an archive that the operator would refuse */
  plan({ facts }: Subject, _target: TargetFacts, _choices: RestoreChoices): OperatorPlan {
    const { namespace, network = 'nowhere', lifetime = 3600, node, path } = this.#options;
    requireAllowed(path, namespace);
    const id = newId();
    const name = sandboxName(facts.containerName, id);
    const wishes = { id, name, namespace, lifetime, node, path };
    const steps: Step[] = [];
    if (network === 'nowhere') {
      steps.push({
        what: sentence(
          'Let nothing reach the sandbox, and the sandbox reach nothing, if the cluster’s network keeps to policies.',
        ),
        manifest: printed(policyManifest(wishes)),
      });
    }
    steps.push({
      what: sentence(
        'Have the checkpoint-restore-operator restore it as the pod {0}, for {1} at most.',
        `${namespace}/${name}`,
        lifetimeText(lifetime),
      ),
      manifest: printed(podRestoreManifest(facts, wishes)),
    });
    return { kind: 'kubernetes', id, steps, wishes };
  }

  async run(plan: Plan, subject: Subject, { signal, onProgress }: RunOptions = {}): Promise<SandboxRecord> {
    const { cluster, journal, namespace, network = 'nowhere' } = this.#options;
    const { wishes } = plan as OperatorPlan;
    const { name } = wishes;
    const record = podRecord(wishes, subject, cluster, [
      { kind: 'pod-restore', name },
      ...(network === 'nowhere' ? [{ kind: 'network-policy' as const, name }] : []),
    ]);
    await journal.put(record);
    try {
      onProgress?.(sentence('Restoring'));
      if (network === 'nowhere') {
        await cluster.api.create(NETWORK_POLICIES, policyManifest(wishes), { namespace });
      }
      await cluster.api.create(this.#resource, podRestoreManifest(subject.facts, wishes), { namespace });
      await this.#untilRestored(name, signal);
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

  /** Until the operator has made its pod, and that runs. @throws RestoreFailed */
  async #untilRestored(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { cluster, namespace, patience = 180_000, files } = this.#options;
    const { api } = cluster;
    const until = performance.now() + patience;
    for (;;) {
      const { status } = await api.read<PodRestore>(this.#resource, name, { namespace, signal });
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      const { reason = '', message = '' } = ready ?? {};
      if (ready?.status === 'True') return;
      if (FINAL.has(reason)) throw refused(`${reason}: ${message}`);
      if (status?.podName !== undefined) {
        const pod = await api.read<Pod>(PODS, status.podName, { namespace, signal });
        const readLog = files && ((node: string, said: string) => nodeLog(api, files, node, said));
        return untilRestored(api, pod, { patience, signal, readLog });
      }
      if (performance.now() > until) throw refused(`Timeout: ${reason} ${message}`);
      await orCancelled(sleep(LOOK_EVERY), signal);
    }
  }
}

function refused(said: string): RestoreFailed {
  const text = sentence('The checkpoint-restore-operator did not restore it: {0}', trimmed(said));
  return new RestoreFailed(text, findCauses(said), said);
}

/** As the operator asks of archives. Source: its api/v1/podrestore_types.go. */
function requireAllowed(path: string, namespace: string): void {
  if (posix.dirname(path) !== CHECKPOINTS || posix.extname(path) !== '.tar') {
    throw new CheckpointError(
      'unsupported',
      sentence('The checkpoint-restore-operator restores only archives (.tar) that lie in {0}.', CHECKPOINTS),
    );
  }
  const [, rest = ''] = /^checkpoint-[^_]*_(.*)$/.exec(posix.basename(path)) ?? [];
  if (!rest.startsWith(`${namespace}-`)) {
    throw new CheckpointError(
      'unsupported',
      sentence(
        'The checkpoint-restore-operator restores an archive only in the namespace of its pod, and {0} is not of {1}.',
        posix.basename(path),
        namespace,
      ),
    );
  }
}
