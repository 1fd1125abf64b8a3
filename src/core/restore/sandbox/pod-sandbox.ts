import { sentence } from '../../../protocol/sentence.ts';
import type { ApiObject, Pod } from '../../cluster/api/objects.ts';
import { NAMESPACES, PODS, type Resource } from '../../cluster/api/resources.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { CheckpointError } from '../../errors.ts';
import type { SandboxJournal } from './journal.ts';
import { SANDBOX_LABEL, type PodRestoreWishes } from './pod-manifests.ts';
import type { MadeSandbox, SandboxRecord, SandboxState, Subject, Thing } from './sandbox.ts';

export const NETWORK_POLICIES: Resource = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies' };

/** The checkpoint-restore-operator's. */
export const POD_RESTORES: Resource = { group: 'criu.org', version: 'v1', plural: 'podrestores' };

/** The pod of a cluster that something was restored in, whoever made it. */
export class PodSandbox implements MadeSandbox {
  readonly #cluster: Cluster;
  readonly #journal: SandboxJournal;

  constructor({ cluster, journal }: { readonly cluster: Cluster; readonly journal: SandboxJournal }) {
    this.#cluster = cluster;
    this.#journal = journal;
  }

  async state(record: SandboxRecord, signal?: AbortSignal): Promise<SandboxState> {
    requireSameCluster(record, this.#cluster);
    const { name, namespace } = record;
    try {
      const { status } = await this.#cluster.api.read<Pod>(PODS, name, { namespace, signal });
      return status?.phase === 'Running' ? 'running' : status?.phase === 'Pending' ? 'unknown' : 'ended';
    } catch (error) {
      if (CheckpointError.is(error, 'not-found')) return 'gone';
      throw error;
    }
  }

  async logs(record: SandboxRecord, signal?: AbortSignal): Promise<string> {
    requireSameCluster(record, this.#cluster);
    const { name, namespace = '' } = record;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
    return this.#cluster.api.text({ path, query: { tailLines: 200 }, signal });
  }

  async remove(record: SandboxRecord, signal?: AbortSignal): Promise<void> {
    requireSameCluster(record, this.#cluster);
    const { id, name, namespace, things } = record;
    const { api } = this.#cluster;
    // With a pod that is gone before it, the operator would have something to tell.
    for (const thing of things) {
      if (thing.kind === 'pod-restore') await api.remove(POD_RESTORES, thing.name, { namespace, signal });
    }
    // The policy goes last: until the pod is gone it keeps the sandbox apart.
    await api.remove(PODS, name, { namespace, graceSeconds: 0, signal });
    for (const thing of things) {
      if (thing.kind === 'network-policy') await api.remove(NETWORK_POLICIES, thing.name, { namespace, signal });
    }
    for (const thing of things) if (thing.kind === 'namespace') await this.#removeNamespace(thing.name, id, signal);
    await this.#journal.remove(id);
  }

  /** With all that is in it: so only if it is the one that was made for the sandbox. */
  async #removeNamespace(name: string, id: string, signal: AbortSignal | undefined): Promise<void> {
    const { api } = this.#cluster;
    try {
      const { metadata } = await api.read<ApiObject>(NAMESPACES, name, { signal });
      if (metadata.labels?.[SANDBOX_LABEL] === id) await api.remove(NAMESPACES, name, { uid: metadata.uid, signal });
    } catch (error) {
      if (!CheckpointError.is(error, 'not-found')) throw error;
    }
  }
}

/** What is written down about a pod that will be made now; its time begins then. @param things made beside the pod */
export function podRecord(
  { id, name, namespace, lifetime }: Pick<PodRestoreWishes, 'id' | 'name' | 'namespace' | 'lifetime'>,
  { locator }: Pick<Subject, 'locator'>,
  cluster: Pick<Cluster, 'name' | 'server'>,
  things: readonly Thing[],
): SandboxRecord {
  const now = Date.now();
  return {
    id,
    kind: 'kubernetes',
    name,
    locator,
    created: new Date(now).toISOString(),
    expires: new Date(now + lifetime * 1000).toISOString(),
    context: cluster.name,
    server: cluster.server,
    namespace,
    things,
  };
}

/** In minutes, as the editor asks for it, where it is whole ones. @param seconds whole */
export function lifetimeText(seconds: number): string {
  return seconds % 60 === 0 ? `${String(seconds / 60)} min` : `${String(seconds)} s`;
}

/** A pod of the same name in another cluster is not meant. @throws CheckpointError `changed` */
export function requireSameCluster(record: SandboxRecord, cluster: Pick<Cluster, 'name' | 'server'>): void {
  const { name, server } = record;
  if (server === undefined || server === cluster.server) return;
  throw new CheckpointError(
    'changed',
    sentence('The context {0} leads to another cluster now: the sandbox {1} is at {2}.', cluster.name, name, server),
  );
}
