import type { Api, PageOptions } from '../api/api.ts';
import type { ContainerSpec, ContainerStatus, Pod } from '../api/objects.ts';
import { PODS } from '../api/resources.ts';

export type ContainerKind = 'regular' | 'init' | 'sidecar' | 'ephemeral';
export type ContainerStateKind = 'running' | 'waiting' | 'terminated' | 'unknown';

export interface ContainerFacts {
  readonly name: string;
  readonly kind: ContainerKind;
  readonly image: string;
  /** As the node knows it: `NAME@sha256:…`. Empty until it runs. */
  readonly imageId: string;
  /** `cri-o://ID`; empty until it was created. */
  readonly id: string;
  /** Only what runs can be checkpointed. */
  readonly state: ContainerStateKind;
  /** Why it waits or ended: `CrashLoopBackOff`, `Completed`. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly exitCode: number | undefined;
  /** RFC 3339. */
  readonly startedAt: string | undefined;
  readonly restarts: number;
  readonly ready: boolean;
  /** True where a checkpoint that takes long may make the kubelet restart it. */
  readonly hasLivenessProbe: boolean;
}

/** What a pod belongs to, as the person who wrote the manifest knows it. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Undefined until it is scheduled. */
  readonly node: string | undefined;
  /** The address of its node inside of the cluster; undefined until its kubelet has taken it up. */
  readonly nodeAddress: string | undefined;
  /** What `kubectl get pods` shows: `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`. */
  readonly status: string;
  /** RFC 3339. */
  readonly created: string;
  readonly restarts: number;
  readonly workload: Workload | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** In the order in which they start: init and sidecars, then regular ones, then ephemeral ones. */
  readonly containers: readonly ContainerFacts[];
}

export interface PodPage {
  readonly pods: readonly PodFacts[];
  readonly continueAt: string | undefined;
  readonly remaining: number | undefined;
  readonly resourceVersion: string;
}

/** A page of the pods of a namespace, or of all, in the API server's order: by namespace and name. */
export async function listPods(api: Api, options: PageOptions): Promise<PodPage> {
  const { items, continueAt, remaining, resourceVersion } = await api.page<Pod>(PODS, options);
  return { pods: items.map(describePod), continueAt, remaining, resourceVersion };
}

export async function readPod(
  api: Api,
  where: { readonly namespace: string; readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<PodFacts> {
  return describePod(await api.read<Pod>(PODS, where.name, where));
}

export function describePod(pod: Pod): PodFacts {
  const { metadata } = pod;
  // Go writes what is not there as null, where it writes it.
  const spec = (pod.spec as Pod['spec'] | null | undefined) ?? { containers: [] };
  const status = (pod.status as Pod['status'] | null) ?? {};
  const describe = (
    specs: readonly ContainerSpec[] | undefined,
    statuses: readonly ContainerStatus[] | undefined,
    kindOf: (spec: ContainerSpec) => ContainerKind,
  ): readonly ContainerFacts[] => {
    const byName = new Map(namedOf(statuses).map((one) => [one.name, one]));
    return namedOf(specs).map((one) => describeContainer(one, byName.get(one.name), kindOf(one)));
  };
  const containers = [
    // An init container that is always restarted runs beside the others: Kubernetes' sidecars.
    ...describe(spec.initContainers, status.initContainerStatuses, ({ restartPolicy }) =>
      restartPolicy === 'Always' ? 'sidecar' : 'init',
    ),
    ...describe(spec.containers, status.containerStatuses, () => 'regular'),
    ...describe(spec.ephemeralContainers, status.ephemeralContainerStatuses, () => 'ephemeral'),
  ];
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    node: spec.nodeName === '' ? undefined : spec.nodeName,
    nodeAddress: status.hostIP === '' ? undefined : status.hostIP,
    status: statusOf(pod, containers),
    created: metadata.creationTimestamp ?? '',
    restarts: containers.reduce((sum, { restarts }) => sum + restarts, 0),
    workload: workloadOf(pod),
    labels: metadata.labels ?? {},
    containers,
  };
}

/** The entries of a list that have names. */
function namedOf<T extends { readonly name: string }>(list: readonly T[] | null | undefined): readonly T[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly (T | null)[]).filter((one): one is T => typeof one?.name === 'string');
}

function describeContainer(
  spec: ContainerSpec,
  status: ContainerStatus | undefined,
  kind: ContainerKind,
): ContainerFacts {
  const { running, waiting, terminated } = status?.state ?? {};
  const state = running ? 'running' : terminated ? 'terminated' : waiting ? 'waiting' : 'unknown';
  return {
    name: spec.name,
    kind,
    image: spec.image ?? '',
    imageId: status?.imageID ?? '',
    id: status?.containerID ?? '',
    state,
    reason: terminated?.reason ?? waiting?.reason,
    message: terminated?.message ?? waiting?.message,
    exitCode: terminated?.exitCode,
    startedAt: running?.startedAt ?? terminated?.startedAt,
    restarts: status?.restartCount ?? 0,
    ready: status?.ready ?? false,
    hasLivenessProbe: spec.livenessProbe !== undefined,
  };
}

/** One word or two for the state of a pod, by the rules of kubectl's printer. */
function statusOf(pod: Pod, containers: readonly ContainerFacts[]): string {
  const { phase = 'Unknown', reason } = pod.status ?? {};
  if (pod.metadata.deletionTimestamp !== undefined) return reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  const inits = containers.filter(({ kind }) => kind === 'init' || kind === 'sidecar');
  const pending = inits.findIndex((one) => !hasInitialised(one));
  if (pending >= 0 && phase !== 'Succeeded') {
    const { state, reason: why = '', exitCode } = inits[pending] as ContainerFacts;
    if (state === 'terminated') return `Init:${why === '' ? `ExitCode:${String(exitCode ?? '?')}` : why}`;
    if (state === 'waiting' && why !== '' && why !== 'PodInitializing') return `Init:${why}`;
    return `Init:${String(pending)}/${String(inits.length)}`;
  }
  const regular = containers.filter(({ kind }) => kind === 'regular');
  // The last one that has something to say.
  const telling = regular.findLast(({ state, reason: why }) => state !== 'running' && why !== undefined && why !== '');
  const isRunning = regular.some(({ state, ready }) => state === 'running' && ready);
  if (telling?.reason === undefined) return reason ?? phase;
  return telling.reason === 'Completed' && isRunning ? 'Running' : telling.reason;
}

function hasInitialised({ kind, state, exitCode }: ContainerFacts): boolean {
  return kind === 'sidecar' ? state === 'running' : state === 'terminated' && exitCode === 0;
}

/**
 * What the pod's owner is called. A ReplicaSet that a Deployment made is named by it: the pod's own label tells which
 * part of the name it added, so that nothing has to be asked.
 */
function workloadOf({ metadata }: Pod): Workload | undefined {
  const owner = namedOf(metadata.ownerReferences).find(({ controller }) => controller === true);
  if (!owner) return undefined;
  const suffix = `-${metadata.labels?.['pod-template-hash'] ?? ''}`;
  if (owner.kind === 'ReplicaSet' && suffix.length > 1 && owner.name.endsWith(suffix)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -suffix.length) };
  }
  return { kind: owner.kind, name: owner.name };
}
