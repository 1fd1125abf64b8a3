import type { Api } from '../api/api.ts';
import type { Node } from '../api/objects.ts';
import { NODES } from '../api/resources.ts';
import { CheckpointError } from '../../errors.ts';

export type Runtime = 'cri-o' | 'containerd' | 'other';

export interface NodeFacts {
  readonly name: string;
  readonly uid: string;
  readonly isReady: boolean;
  readonly isSchedulable: boolean;
  readonly runtime: Runtime;
  /** As the node reports it: `1.37.0`, `2.1.9+unknown`. Empty where it does not. */
  readonly runtimeVersion: string;
  /** The runtime's own word for itself: `cri-o`, `containerd`, `docker`. */
  readonly runtimeName: string;
  /** `v1.36.2`. */
  readonly kubeletVersion: string;
  readonly kernel: string;
  readonly system: string;
  readonly architecture: string;
  readonly isLinux: boolean;
  /** The node's own address inside of the cluster; undefined where it reports none. */
  readonly address: string | undefined;
  readonly kubeletPort: number;
  /** What `kubernetes.io/hostname` says: a pod is placed by it. */
  readonly hostname: string;
  /** RFC 3339. */
  readonly created: string;
  /** Bytes of memory that its pods may have in all, where it says so. */
  readonly memory?: number;
}

export async function listNodes(api: Api, signal?: AbortSignal): Promise<readonly NodeFacts[]> {
  return (await api.list<Node>(NODES, { signal })).map(describeNode);
}

export async function readNode(api: Api, name: string, signal?: AbortSignal): Promise<NodeFacts> {
  return describeNode(await api.read<Node>(NODES, name, { signal }));
}

/**
 * A node by its name, for who works on it: one who may not read nodes knows its name only, and that is enough.
 * @throws ClusterError `not-found`, `unreachable`, …
 */
export async function nodeCalled(api: Api, name: string, signal?: AbortSignal): Promise<NodeFacts> {
  try {
    return await readNode(api, name, signal);
  } catch (error) {
    if (CheckpointError.is(error, 'forbidden')) return describeNode({ metadata: { name } });
    throw error;
  }
}

export function describeNode({ metadata, spec, status }: Node): NodeFacts {
  const info = status?.nodeInfo ?? {};
  const [, runtimeName = '', runtimeVersion = ''] = /^([^:]*):\/\/(.*)$/.exec(info.containerRuntimeVersion ?? '') ?? [];
  const name = metadata.name ?? '';
  const memory = bytesOf(status?.allocatable?.memory);
  return {
    ...(memory !== undefined && { memory }),
    name,
    uid: metadata.uid ?? '',
    isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    isSchedulable: spec?.unschedulable !== true,
    runtime: runtimeName === 'cri-o' || runtimeName === 'containerd' ? runtimeName : 'other',
    runtimeName,
    runtimeVersion,
    kubeletVersion: info.kubeletVersion ?? '',
    kernel: info.kernelVersion ?? '',
    system: info.osImage ?? '',
    architecture: info.architecture ?? '',
    isLinux: (info.operatingSystem ?? 'linux') === 'linux',
    address: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
    kubeletPort: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250,
    hostname: metadata.labels?.['kubernetes.io/hostname'] ?? name,
    created: metadata.creationTimestamp ?? '',
  };
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
};

/** A quantity as nodes write their memory: `24683620Ki`. Source: apimachinery, pkg/api/resource. */
function bytesOf(quantity: string | undefined): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,15})([kMGTP]|[KMGTP]i)?$/.exec(quantity ?? '') ?? [];
  const factor = UNITS[unit];
  return digits === '' || factor === undefined ? undefined : Number(digits) * factor;
}
