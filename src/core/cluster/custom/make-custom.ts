import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { Api } from '../api/api.ts';
import type { ApiObject } from '../api/objects.ts';
import type { Resource } from '../api/resources.ts';
import type { PodFacts } from '../inventory/pods.ts';

/** Labels that differ between the pods of one workload: who means the workload leaves them out. */
const OF_ONE_POD = new Set([
  'pod-template-hash',
  'pod-template-generation',
  'controller-revision-hash',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
]);

/** The labels by which a pod's workload is selected; none where its pods have none in common. */
export function workloadLabels({ labels }: PodFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !OF_ONE_POD.has(key)));
}

export interface ChainWish {
  readonly name: string;
  /** Containers; all of the pods if none is named. */
  readonly containers?: readonly string[];
  /** Durations as Go writes them: `30s`, `5m`. */
  readonly interval: string;
  readonly maxSnapshots: number;
}

export interface ScheduleWish {
  readonly name: string;
  readonly containers?: readonly string[];
  readonly interval?: string;
  /** Checkpoints pods that are annotated with `checkpoint.criu.org/trigger=true`. */
  readonly onAnnotation: boolean;
}

/**
 * The manifest of a forensic chain over a pod's workload. Pods are left alone afterwards: the operator could delete them.
 * @throws CheckpointError `usage` for a pod without labels
 */
export function chainManifest(pod: PodFacts, resource: Resource, wish: ChainWish): object {
  return {
    ...head('ForensicSnapshotChain', pod, resource, wish.name),
    spec: {
      ...selection(pod, wish.containers),
      capture: { interval: wish.interval, maxSnapshots: wish.maxSnapshots },
      integrity: { hashAlgorithm: 'sha256' },
      postSnapshotAction: 'None',
    },
  };
}

/** @throws CheckpointError `usage` for a pod without labels */
export function scheduleManifest(pod: PodFacts, resource: Resource, wish: ScheduleWish): object {
  return {
    ...head('CheckpointSchedule', pod, resource, wish.name),
    spec: {
      ...selection(pod, wish.containers),
      triggers: {
        ...(wish.interval !== undefined && { interval: wish.interval }),
        ...(wish.onAnnotation && { onAnnotation: true }),
      },
    },
  };
}

/** @throws ClusterError `forbidden`, `rejected` with what the operator's own rules say */
export function createCustomObject(
  api: Api,
  resource: Resource,
  namespace: string,
  manifest: object,
  signal?: AbortSignal,
): Promise<ApiObject> {
  return api.create<ApiObject>(resource, manifest, { namespace, signal });
}

function head(kind: string, { namespace }: PodFacts, { group, version }: Resource, name: string): object {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace } };
}

function selection(pod: PodFacts, containers: readonly string[] = []): object {
  const labels = workloadLabels(pod);
  // An empty selector means every pod of the namespace.
  if (Object.keys(labels).length === 0) {
    throw new CheckpointError(
      'usage',
      sentence(
        '{0} has no labels, so nothing could select it without the whole namespace. Give it a label first.',
        pod.name,
      ),
    );
  }
  return {
    namespace: pod.namespace,
    selector: { matchLabels: labels },
    ...(containers.length > 0 && { containerNames: containers }),
  };
}
