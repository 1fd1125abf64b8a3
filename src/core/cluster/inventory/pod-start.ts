import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import type { Api } from '../api/api.ts';
import type { ApiObject, ContainerState, Pod } from '../api/objects.ts';
import { EVENTS, PODS } from '../api/resources.ts';

/** Milliseconds between two looks at a pod that is starting. */
const LOOK_EVERY = 250;

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

/** What a kubelet says of a runtime that took too long: it tries again, and mostly then comes through. */
const PASSING = /context deadline exceeded|DeadlineExceeded/;

/** How the start of a pod with one container came out. Reason and message are the cluster's, empty where it says none. */
export type PodStart =
  | { readonly state: 'running' | 'succeeded' }
  | {
      /** `stuck`: the container waits in vain; `late`: it may still start, but not in the time that it was given. */
      readonly state: 'failed' | 'stuck' | 'unschedulable' | 'deleted' | 'late';
      readonly reason: string;
      readonly message: string;
    };

export interface StartOptions {
  /** Milliseconds. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the container of a pod runs, has run, or will not by itself.
 * @returns the pod as it was last seen, and how it came out
 * @throws ClusterError `not-found` where it is gone, `unreachable`, …; CheckpointError `cancelled`
 */
export async function untilStarted(
  api: Api,
  pod: Pod,
  { patience, signal }: StartOptions,
): Promise<{ readonly pod: Pod; readonly start: PodStart }> {
  const { name = '', namespace } = pod.metadata;
  const until = performance.now() + patience;
  for (let now = pod; ; now = await api.read<Pod>(PODS, name, { namespace, signal })) {
    const start = startOf(now);
    if (start) return { pod: now, start };
    if (performance.now() > until) {
      const { reason = '', message = '' } = stateOf(now)?.waiting ?? {};
      return { pod: now, start: { state: 'late', reason, message } };
    }
    await orCancelled(sleep(LOOK_EVERY), signal);
  }
}

/** Undefined while it may still start. */
function startOf(pod: Pod): PodStart | undefined {
  const { status, metadata } = pod;
  const { running, waiting, terminated } = stateOf(pod) ?? {};
  // Before all else: what runs in a pod that is being deleted will not for long.
  if (metadata.deletionTimestamp !== undefined) return { state: 'deleted', reason: '', message: '' };
  if (status?.phase === 'Succeeded') return { state: 'succeeded' };
  if (status?.phase === 'Failed') {
    const { reason = '', message = '' } = terminated?.reason === undefined ? status : terminated;
    return { state: 'failed', reason, message };
  }
  if (running) return { state: 'running' };
  if (STUCK.has(waiting?.reason ?? '') && !PASSING.test(waiting?.message ?? '')) {
    return { state: 'stuck', reason: waiting?.reason ?? '', message: waiting?.message ?? '' };
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined;
  return { state: 'unschedulable', reason: scheduled.reason, message: scheduled.message ?? '' };
}

function stateOf({ status }: Pod): ContainerState | undefined {
  return status?.containerStatuses?.[0]?.state;
}

/** What the cluster warned of about a pod, the oldest first; nothing where one may not know. @throws `cancelled` */
export async function warningsAbout(api: Api, { metadata }: Pod, signal?: AbortSignal): Promise<readonly string[]> {
  try {
    const { items } = await api.page<ApiObject & { readonly message?: string; readonly type?: string }>(EVENTS, {
      namespace: metadata.namespace,
      fieldSelector: `involvedObject.uid=${metadata.uid ?? ''}`,
      signal,
    });
    return items.filter(({ type }) => type === 'Warning').map(({ message }) => message ?? '');
  } catch (error) {
    if (CheckpointError.is(error, 'cancelled')) throw error;
    return [];
  }
}
