import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { KubeObject } from './kube.ts';

export type RuntimeName = 'cri-o' | 'containerd';

/** What is wrong with a node: each as it was recorded on a real one. */
export type NodeFailure =
  | 'kubelet-down'
  | 'gate-off'
  | 'runtime-down'
  | 'support-off'
  | 'criu-missing'
  | 'criu-broken'
  | 'tcp-established'
  | 'unimplemented';

export interface NodeOptions {
  readonly name?: string;
  readonly runtime?: RuntimeName;
  readonly runtimeVersion?: string;
  readonly kubeletVersion?: string;
  readonly ready?: boolean;
}

/** A node: an object of the API, a folder that stands for its disk, and how its kubelet and runtime behave. */
export class TestNode {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly runtimeVersion: string;
  /** Stands for `/`. */
  readonly root: string;
  failure: NodeFailure | undefined;
  /** Milliseconds that a checkpoint takes. */
  checkpointTime = 30;
  /** The kubelet's runtimeRequestTimeout, milliseconds. */
  requestTimeout = 120_000;
  /** Archives that checkpoints are copies of, by container name; `*` for any. */
  readonly archives = new Map<string, string>();
  /** What the API server's own account towards the kubelet is called, where it may not make checkpoints. */
  deniedKubeletClient: string | undefined;
  /** Whether CRIU's own configuration has it write its log where the runtime does not look. */
  logsElsewhere = false;
  /** What the kubelet's metrics say of checkpoints so far; nothing before the first. */
  counted: { made: number; failed: number } | undefined;
  /** Checkpoints that were being made at the same time, at most. */
  mostAtOnce = 0;
  /** Told of each request to the kubelet. */
  onAsked: () => void = () => undefined;
  readonly #options: NodeOptions;

  constructor(options: NodeOptions, root: string) {
    this.#options = options;
    this.name = options.name ?? 'node-1';
    this.runtime = options.runtime ?? 'cri-o';
    this.runtimeVersion = options.runtimeVersion ?? (this.runtime === 'cri-o' ? '1.37.0' : '2.1.9+unknown');
    this.root = root;
    mkdirSync(this.checkpoints, { recursive: true, mode: 0o700 });
  }

  get checkpoints(): string {
    return join(this.root, 'var/lib/kubelet/checkpoints');
  }

  get object(): Omit<KubeObject, 'metadata'> & { metadata: object } {
    const { ready = true, kubeletVersion = 'v1.36.2' } = this.#options;
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: this.name,
        labels: { 'kubernetes.io/hostname': this.name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      },
      spec: {},
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.99.0.1' },
          { type: 'Hostname', address: this.name },
        ],
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown', reason: 'KubeletReady' }],
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        nodeInfo: {
          architecture: 'amd64',
          bootID: randomUUID(),
          containerRuntimeVersion: `${this.runtime}://${this.runtimeVersion}`,
          kernelVersion: '6.18.44-fc-v669',
          kubeProxyVersion: '',
          kubeletVersion,
          machineID: randomUUID().replaceAll('-', ''),
          operatingSystem: 'linux',
          osImage: 'Debian GNU/Linux forky/sid',
          systemUUID: randomUUID(),
        },
      },
    };
  }
}
