import { randomUUID } from 'node:crypto';
import type { ContainerSpec, ContainerStatus, PodObject } from './kube.ts';
import { containerStatus, PODS } from './pod-life.ts';
import type { TestCluster } from './test-cluster.ts';

export interface SamplePod {
  readonly name: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly containers?: readonly string[];
  /** Names of init containers: these have ended. */
  readonly init?: readonly string[];
  /** Names of init containers that go on running. */
  readonly sidecars?: readonly string[];
  /** Names of ephemeral containers. */
  readonly ephemeral?: readonly string[];
  /** A state for all regular containers; running if nothing is said. */
  readonly state?: ContainerStatus['state'];
  readonly phase?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly labels?: Record<string, string>;
}

const IMAGE = 'localhost/counter:lab';
const RUNNING = { running: { startedAt: '2026-11-23T23:06:55Z' } };
const ENDED = {
  terminated: {
    exitCode: 0,
    reason: 'Completed',
    startedAt: '2026-11-23T23:06:54Z',
    finishedAt: '2026-11-23T23:06:55Z',
  },
};

/** Puts a pod into a cluster as if it had been there for a while. */
export function addPod(cluster: TestCluster, sample: SamplePod): PodObject {
  const { name, namespace = 'lab', node = 'node-1', containers = [name], state = RUNNING } = sample;
  const { init = [], sidecars = [], ephemeral = [], owner, labels = {} } = sample;
  const runtime = cluster.node(node);
  const specs = (names: readonly string[], more: Partial<ContainerSpec> = {}): ContainerSpec[] =>
    names.map((one) => ({ name: one, image: IMAGE, imagePullPolicy: 'Never', ...more }));
  const statuses = (list: readonly ContainerSpec[], of: ContainerStatus['state']): ContainerStatus[] =>
    list.map((spec) => containerStatus(spec, runtime, of));
  const inits = [...specs(init), ...specs(sidecars, { restartPolicy: 'Always' })];
  return cluster.store.create(PODS, namespace, {
    metadata: {
      name,
      labels,
      ...(owner && {
        ownerReferences: [
          { apiVersion: 'apps/v1', ...owner, uid: randomUUID(), controller: true, blockOwnerDeletion: true },
        ],
      }),
    },
    spec: {
      nodeName: node,
      containers: specs(containers),
      ...(inits.length > 0 && { initContainers: inits }),
      ...(ephemeral.length > 0 && { ephemeralContainers: specs(ephemeral) }),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
    },
    status: {
      phase: sample.phase ?? 'Running',
      podIP: '10.88.0.7',
      hostIP: '10.99.0.1',
      hostIPs: [{ ip: '10.99.0.1' }],
      qosClass: 'BestEffort',
      containerStatuses: statuses(specs(containers), state),
      ...(inits.length > 0 && {
        initContainerStatuses: [...statuses(specs(init), ENDED), ...statuses(specs(sidecars), RUNNING)],
      }),
      ...(ephemeral.length > 0 && { ephemeralContainerStatuses: statuses(specs(ephemeral), RUNNING) }),
    },
  }) as PodObject;
}

/** Many pods that differ by nothing but their names, so that they cost little memory. */
export function addManyPods(cluster: TestCluster, count: number, namespace = 'lab'): void {
  const first = addPod(cluster, { name: 'pod-00000', namespace, containers: ['app', 'proxy'] });
  for (let index = 1; index < count; index++) {
    const name = `pod-${String(index).padStart(5, '0')}`;
    cluster.store.create(PODS, namespace, { metadata: { name }, spec: first.spec, status: first.status });
  }
}
