import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { Pod } from '../../cluster/api/objects.ts';
import { PODS } from '../../cluster/api/resources.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Sandbox, SandboxRecord } from './sandbox.ts';

/** The pod that a checkpoint was taken of, as it is in the cluster now. */
export interface Original {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** What made it, and makes another one when it is gone: `ReplicaSet web-7d4b9c6f5`. */
  readonly owner: string | undefined;
}

/** `NAMESPACE/NAME`: what a person types to have it deleted. */
export function originalName({ namespace, name }: Pick<Original, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/**
 * Looks for the pod that an archive says it is of. Which one that is, whoever made the archive decided: nothing is deleted
 * before a person has typed its name.
 * @param pod as the archive has it
 * @throws CheckpointError `not-found`; `changed` where another pod has the name now; `unsupported` where the archive says none
 */
export async function findOriginal(
  cluster: Cluster,
  pod: { readonly name?: string; readonly namespace?: string; readonly uid?: string } | undefined,
  signal?: AbortSignal,
): Promise<Original> {
  const { name, namespace, uid } = pod ?? {};
  if (name === undefined || namespace === undefined) {
    throw new CheckpointError('unsupported', sentence('The archive does not say of which pod it is.'));
  }
  const { metadata } = await cluster.api.read<Pod>(PODS, name, { namespace, signal });
  const there = metadata.uid ?? '';
  if (there === '' || (uid !== undefined && uid !== there)) {
    throw new CheckpointError(
      'changed',
      sentence('{0} is not the pod that was checkpointed: another one has its name now.', `${namespace}/${name}`),
    );
  }
  const [owner] = metadata.ownerReferences ?? [];
  return {
    namespace,
    name,
    uid: there,
    owner: owner === undefined ? undefined : `${owner.kind} ${owner.name}`,
  };
}

/**
 * The last step of a move: deletes the original, that very pod, when what was restored of it runs.
 * @param typed by a person: the original's name, as {@link originalName} gives it
 * @throws CheckpointError `usage` where something else was typed, `unavailable` where the sandbox does not run; ClusterError
 */
export async function deleteOriginal(
  { cluster, sandbox }: { readonly cluster: Cluster; readonly sandbox: Sandbox },
  record: SandboxRecord,
  original: Original,
  typed: string,
  signal?: AbortSignal,
): Promise<void> {
  const name = originalName(original);
  if (typed !== name) {
    throw new CheckpointError('usage', sentence('{0} is not {1}: nothing was deleted.', typed, name));
  }
  const state = await sandbox.state(record, signal);
  if (state !== 'running') {
    throw new CheckpointError(
      'unavailable',
      sentence('{0} does not run any more, so {1} was not deleted.', record.name, name),
    );
  }
  const { namespace, uid } = original;
  await cluster.api.remove(PODS, original.name, { namespace, uid, signal });
}
