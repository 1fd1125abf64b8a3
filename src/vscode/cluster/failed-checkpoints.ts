import { describeError } from '../../protocol/channel.ts';
import { sentence } from '../../protocol/sentence.ts';
import { ClusterError, factsOf } from '../../core/cluster/cluster-error.ts';
import type { Reason } from '../../core/errors.ts';
import type { Result, Wanted } from './checkpointing.ts';

export type Failed = Extract<Result, { failure: unknown }>;

/** Checkpoints that failed on one node and for one reason. */
export type FailedAlike = readonly [Failed, ...Failed[]];

/** Names that a message holds: more of them say less. */
const NAMED = 4;

/** A container's, in what runtimes say. */
const ID = /\b[0-9a-f]{12,}\b/g;

/** One message each is enough for those that failed alike. */
export function alike(failed: readonly Failed[]): readonly FailedAlike[] {
  const groups = new Map<string, [Failed, ...Failed[]]>();
  for (const one of failed) {
    const { reason, template = '', args = [] } = describeError(one.failure);
    const { connection, node } = one.wanted;
    const causes = args.map(String).flatMap((arg) => (isOfOne(arg, one.wanted) ? [] : [arg.replace(ID, '')]));
    const key = [connection.cluster.name, node.name, reason, template, ...causes].join('\0');
    const known = groups.get(key);
    if (known) known.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

/** How many failed, and why the first did, which helps the others as well. @param why in the person's language */
export function failureOfSeveral(group: FailedAlike, why: string): ClusterError {
  const [{ failure }] = group;
  const names = group.slice(0, NAMED).map(({ wanted }) => nameOf(wanted));
  const { remedy } = factsOf(failure) ?? {};
  return new ClusterError(
    describeError(failure).reason as Reason,
    sentence(
      '{0} containers were not checkpointed ({1}). {2}',
      group.length,
      [...names, ...(group.length > NAMED ? ['…'] : [])].join(', '),
      why,
    ),
    { ...(remedy && { remedy }), cause: failure },
  );
}

/** Its names, and the paths of its files: what else is in a sentence is why. */
function isOfOne(arg: string, { pod, container }: Wanted): boolean {
  return [pod.name, container.name, `${pod.namespace}/${pod.name}`].includes(arg) || arg.startsWith('/');
}

function nameOf({ pod, container }: Wanted): string {
  return `${pod.name}/${container.name}`;
}
