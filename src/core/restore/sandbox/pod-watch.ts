import { setTimeout as sleep } from 'node:timers/promises';
import { say, sentence, type Sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import type { Api } from '../../cluster/api/api.ts';
import type { ApiObject, Pod } from '../../cluster/api/objects.ts';
import { trimmed } from '../../cluster/api/read-answer.ts';
import { EVENTS, PODS } from '../../cluster/api/resources.ts';
import { findCauses, RestoreFailed } from './why-it-failed.ts';

/** Milliseconds between two looks. */
const LOOK_EVERY = 300;

/** Reasons for which a container waits that time alone does not mend. */
const STUCK: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

export interface WatchOptions {
  /** Milliseconds. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
  /** Fetches CRIU's log from the node where it failed; empty where there is none. */
  readonly readLog?: ((node: string, said: string) => Promise<string>) | undefined;
}

/** Waits until a sandbox's container runs, or has run. @throws RestoreFailed, CheckpointError `cancelled` */
export async function untilRestored(api: Api, pod: Pod, options: WatchOptions): Promise<void> {
  const { patience, signal } = options;
  const failed = (now: Pod, said: readonly (string | undefined)[]): Promise<RestoreFailed> =>
    failure(api, now, said, options);
  const { name = '', namespace } = pod.metadata;
  const until = performance.now() + patience;
  for (let now = pod; ; now = await api.read<Pod>(PODS, name, { namespace, signal })) {
    const status = now.status?.containerStatuses?.[0];
    if (status?.state?.running || now.status?.phase === 'Succeeded') return;
    const { waiting, terminated } = status?.state ?? {};
    const scheduled = now.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (STUCK.has(waiting?.reason ?? '')) throw await failed(now, [waiting?.reason, waiting?.message]);
    if (now.status?.phase === 'Failed') {
      const { reason, message } = now.status;
      throw await failed(now, [terminated?.reason ?? reason, terminated?.message ?? message]);
    }
    if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
      throw await failed(now, [scheduled.reason, scheduled.message]);
    }
    if (now.metadata.deletionTimestamp !== undefined) throw await failed(now, ['Deleted']);
    if (performance.now() > until) throw await failed(now, ['Timeout', waiting?.message ?? waiting?.reason]);
    await orCancelled(sleep(LOOK_EVERY), signal);
  }
}

async function failure(
  api: Api,
  pod: Pod,
  said: readonly (string | undefined)[],
  { readLog }: WatchOptions,
): Promise<RestoreFailed> {
  const words = said.filter((part): part is string => part !== undefined && part !== '').join(': ');
  const all = [words, ...(await eventsOf(api, pod))].join('\n');
  const node = pod.spec.nodeName;
  const log = node === undefined ? '' : ((await readLog?.(node, all)) ?? '');
  const causes = findCauses(log, all);
  const [first] = causes;
  const text: Sentence = first?.meaning
    ? sentence('The cluster could not restore it: {0} ({1})', say(first.meaning), trimmed(words))
    : sentence('The cluster could not restore it: {0}', trimmed(words));
  return new RestoreFailed(text, causes, log === '' ? all : `${all}\n\n${log}`);
}

/** What happened to the pod, as far as one may know. */
async function eventsOf(api: Api, pod: Pod): Promise<readonly string[]> {
  try {
    const { items } = await api.page<ApiObject & { readonly message?: string; readonly type?: string }>(EVENTS, {
      namespace: pod.metadata.namespace,
      fieldSelector: `involvedObject.uid=${pod.metadata.uid ?? ''}`,
    });
    return items.filter(({ type }) => type === 'Warning').map(({ message }) => message ?? '');
  } catch (error) {
    if (CheckpointError.is(error, 'cancelled')) throw error;
    return [];
  }
}
