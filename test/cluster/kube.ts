/** The API's objects, as the test cluster keeps them: plain JSON. */

export interface Metadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  generateName?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: readonly object[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

export interface ContainerSpec {
  name: string;
  image: string;
  command?: readonly string[];
  workingDir?: string;
  restartPolicy?: string;
  securityContext?: Readonly<Record<string, unknown>>;
  volumeMounts?: readonly { name: string; mountPath: string; readOnly?: boolean }[];
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  hostPath?: { path: string; type?: string };
}

export interface PodObject extends KubeObject {
  spec: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    containers: ContainerSpec[];
    initContainers?: ContainerSpec[];
    ephemeralContainers?: ContainerSpec[];
    volumes?: readonly Volume[];
    activeDeadlineSeconds?: number;
    terminationGracePeriodSeconds?: number;
    [field: string]: unknown;
  };
  status: {
    phase: string;
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    ephemeralContainerStatuses?: ContainerStatus[];
    [field: string]: unknown;
  };
}

export interface ContainerStatus {
  name: string;
  state: Record<string, Record<string, unknown>>;
  lastState: object;
  ready: boolean;
  restartCount: number;
  image: string;
  imageID: string;
  containerID?: string;
  started?: boolean;
}

/** A kind of object that the cluster serves. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly subresources?: readonly string[];
}

function core(plural: string, kind: string, namespaced: boolean, subresources: readonly string[] = []): Kind {
  return { group: '', version: 'v1', plural, kind, namespaced, subresources };
}

/** What every cluster has, as far as it is served here. */
export const KINDS: readonly Kind[] = [
  core('namespaces', 'Namespace', false),
  core('nodes', 'Node', false, ['proxy']),
  core('pods', 'Pod', true, ['log', 'exec', 'status', 'ephemeralcontainers']),
  core('events', 'Event', true),
  core('serviceaccounts', 'ServiceAccount', true),
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet', namespaced: true },
];

export function apiVersionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`;
}

/** How a kind is called in messages: `pods`, `forensicsnapshotchains.criu.org`. */
export function qualified({ group, plural }: Pick<Kind, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}
