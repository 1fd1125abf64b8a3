import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { KINDS, type ContainerSpec, type ContainerStatus, type Kind, type PodObject } from './kube.ts';
import type { TestNode } from './node.ts';
import type { Store } from './store.ts';

export const PODS = KINDS.find(({ plural }) => plural === 'pods') as Kind;
const EVENTS = KINDS.find(({ plural }) => plural === 'events') as Kind;

/** Milliseconds that things take; short, but not nothing. */
export interface Pace {
  start: number;
  stop: number;
}

/** Scheduler and kubelets: what becomes of a pod after it was created, and when it is deleted. */
export class PodLife {
  readonly pace: Pace = { start: 20, stop: 20 };
  readonly #store: Store;
  readonly #nodes: ReadonlyMap<string, TestNode>;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Told when a pod is no longer there, for what still runs in it. */
  onEnd: (pod: PodObject) => void = () => undefined;

  constructor(store: Store, nodes: ReadonlyMap<string, TestNode>) {
    this.#store = store;
    this.#nodes = nodes;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  created(pod: PodObject): void {
    this.#later(this.pace.start, pod, (now) => this.#schedule(now));
  }

  #schedule(pod: PodObject): void {
    const { nodeName, nodeSelector = {} } = pod.spec;
    const fits = (node: TestNode): boolean => {
      const labels = (node.object.metadata as { labels: Record<string, string> }).labels;
      return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
    };
    const node = nodeName === undefined ? [...this.#nodes.values()].find(fits) : this.#nodes.get(nodeName);
    if (!node) {
      // A pod that names a node which is not there waits for it without a word, and is collected in the end.
      if (nodeName !== undefined) return;
      const message = `0/${String(this.#nodes.size)} nodes are available: ${String(this.#nodes.size)} node(s) didn't match Pod's node affinity/selector.`;
      this.#update(pod, {
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      });
      return;
    }
    const scheduled = this.#store.update<PodObject>(PODS, pod, { spec: { ...pod.spec, nodeName: node.name } });
    this.#later(this.pace.start, scheduled, (now) => this.#start(now, node));
    const { activeDeadlineSeconds: deadline } = pod.spec;
    if (deadline !== undefined) {
      this.#later(deadline * 1000, scheduled, (now) => {
        this.#update(now, {
          phase: 'Failed',
          reason: 'DeadlineExceeded',
          message: 'Pod was active on the node longer than the specified deadline',
          containerStatuses: now.spec.containers.map((spec) =>
            containerStatus(spec, node, { terminated: { exitCode: 137, reason: 'Error' } }),
          ),
        });
        this.onEnd(now);
      });
    }
  }

  #start(pod: PodObject, node: TestNode): void {
    // Nobody takes notice of it.
    if (node.failure === 'kubelet-down') return;
    const missing = (pod.spec.volumes ?? []).find(
      ({ hostPath }) => hostPath?.type === 'Directory' && !isDirectory(join(node.root, hostPath.path)),
    );
    if (missing?.hostPath) {
      const message = `MountVolume.SetUp failed for volume "${missing.name}" : hostPath type check failed: ${missing.hostPath.path} is not a directory`;
      this.#event(pod, 'FailedMount', message);
      return this.#waiting(pod, node, 'ContainerCreating');
    }
    const absent = pod.spec.containers.find(({ image }) => image.includes('missing'));
    if (absent) {
      const message = `Back-off pulling image "${absent.image}"`;
      this.#waiting(pod, node, 'ErrImagePull', `reading manifest latest in ${absent.image}: manifest unknown`);
      this.#later(this.pace.start, pod, (now) => this.#waiting(now, node, 'ImagePullBackOff', message));
      return;
    }
    if (pod.spec.containers.some(({ image }) => image.includes('bare'))) return this.#withoutTools(pod, node);
    // What a kubelet says of a runtime that takes long.
    if (pod.spec.containers.some(({ image }) => image.includes('slow'))) {
      this.#waiting(pod, node, 'CreateContainerError', 'context deadline exceeded');
      this.#later(10 * this.pace.start, pod, (now) => this.#run(now, node));
      return;
    }
    this.#run(pod, node);
  }

  #run(pod: PodObject, node: TestNode): void {
    const startedAt = new Date().toISOString().replace(/\.\d+/, '');
    this.#update(pod, {
      phase: 'Running',
      podIP: '10.88.0.9',
      hostIP: '10.99.0.1',
      startTime: startedAt,
      containerStatuses: pod.spec.containers.map((spec) => containerStatus(spec, node, { running: { startedAt } })),
    });
  }

  /** An image that lacks the program: CRI-O tries again for ever, with containerd the container has ended. */
  #withoutTools(pod: PodObject, node: TestNode): void {
    const runc =
      'runc create failed: unable to start container process: error during container init: exec: \\"sleep\\": executable file not found in $PATH';
    if (node.runtime === 'cri-o') {
      const message = `container create failed: time="2026-11-27T14:57:48Z" level=error msg="${runc}"\n`;
      return this.#waiting(pod, node, 'CreateContainerError', message);
    }
    const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: ${runc.replaceAll('\\', '')}`;
    const terminated = { exitCode: 128, reason: 'StartError', message };
    this.#update(pod, {
      phase: 'Failed',
      containerStatuses: pod.spec.containers.map((spec) => containerStatus(spec, node, { terminated })),
    });
  }

  #waiting(pod: PodObject, node: TestNode, reason: string, message?: string): void {
    this.#update(pod, {
      phase: 'Pending',
      startTime: new Date().toISOString().replace(/\.\d+/, ''),
      containerStatuses: pod.spec.containers.map((spec) =>
        containerStatus(spec, node, { waiting: { reason, ...(message !== undefined && { message }) } }),
      ),
    });
  }

  #event(pod: PodObject, reason: string, message: string): void {
    const { name, namespace, uid } = pod.metadata;
    this.#store.create(EVENTS, namespace, {
      metadata: { generateName: `${name}.` },
      involvedObject: { kind: 'Pod', name, namespace, uid },
      reason,
      message,
      type: 'Warning',
      lastTimestamp: new Date().toISOString(),
    });
  }

  /** @param grace seconds; undefined: what the pod says */
  deleted(pod: PodObject, grace: number | undefined): void {
    const seconds = grace ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    const isBound = pod.spec.nodeName !== undefined;
    if (seconds === 0 || !isBound) return this.#remove(pod);
    const deletionTimestamp = new Date(Date.now() + seconds * 1000).toISOString();
    const dying = this.#store.update<PodObject>(PODS, pod, {
      metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: seconds },
    });
    this.#later(this.pace.stop, dying, (now) => this.#remove(now));
  }

  #remove(pod: PodObject): void {
    this.onEnd(pod);
    this.#store.remove(PODS, pod);
  }

  #update(pod: PodObject, status: Partial<PodObject['status']>): void {
    this.#store.update<PodObject>(PODS, pod, { status: { ...pod.status, ...status } });
  }

  /** What happens later happens to the pod as it is then, if it still is. */
  #later(milliseconds: number, { metadata }: PodObject, act: (pod: PodObject) => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const now = this.#store.find(PODS, metadata.namespace, metadata.name) as PodObject | undefined;
      if (now?.metadata.uid === metadata.uid) act(now);
    }, milliseconds);
    this.#timers.add(timer);
  }
}

export function containerStatus(
  spec: ContainerSpec,
  node: Pick<TestNode, 'runtime'>,
  state: ContainerStatus['state'],
): ContainerStatus {
  const isCreated = state['waiting'] === undefined;
  const isRunning = state['running'] !== undefined;
  return {
    name: spec.name,
    state,
    lastState: {},
    ready: isRunning,
    restartCount: 0,
    image: spec.image,
    imageID: isCreated ? `${spec.image.replace(/:[^/]*$/, '')}@sha256:${'b74f1c76'.repeat(8)}` : '',
    ...(isCreated && { containerID: `${node.runtime}://${randomBytes(32).toString('hex')}` }),
    started: isRunning,
  };
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
