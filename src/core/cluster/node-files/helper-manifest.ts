import type { NodeFacts } from '../inventory/nodes.ts';

/** How helper pods are made: settings of the person. */
export interface HelperSettings {
  /** Has a shell, dd, stat, sha256sum and df; where it has OpenSSL, that computes the hashes. */
  readonly image: string;
  readonly namespace: string;
  /**
   * `name`: bound to the node past the scheduler, so that nothing but the node itself decides; `selector`: by the
   * scheduler, where a policy forbids the former.
   */
  readonly placement: 'name' | 'selector';
  /** Beyond the node's own label, with `selector`. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  /** As in a container: `{limits: {cpu: '500m'}}`. Quotas may demand them. */
  readonly resources?: object;
  readonly imagePullSecret?: string;
  /** Seconds after which the cluster itself ends it, should nobody be left to do so. */
  readonly lifetime: number;
}

export const HELPER_DEFAULTS: HelperSettings = {
  image: 'docker.io/library/busybox:1.37',
  namespace: 'default',
  placement: 'name',
  // A node may be tainted just because something is wrong with it: then its checkpoints are of interest.
  tolerations: [{ operator: 'Exists' }],
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '1', memory: '256Mi' } },
  lifetime: 3600,
};

/** Which helper is needed. */
export interface HelperNeed {
  readonly node: Pick<NodeFacts, 'name' | 'hostname'> & Partial<Pick<NodeFacts, 'uid' | 'isReady'>>;
  /** The folder on the node, absolute. */
  readonly directory: string;
  /** Only to delete. */
  readonly write: boolean;
}

/** By these a helper pod is known as ours. */
export const LABELS = {
  managedBy: { key: 'app.kubernetes.io/managed-by', value: 'checkpoint-explorer' },
  owner: 'checkpoint-explorer/owner',
} as const;

export const CONTAINER = 'files';

/** Where the folder is in the helper. Commands name files relative to it, which is their working directory. */
export const MOUNT = '/checkpoints';

/**
 * The manifest of a pod through which a folder of a node is read: nothing of the node but this folder, and that
 * read-only unless something is to be deleted; root, because the archives are root's, but without a capability; no
 * token of the cluster, no network of its own making, and an end that the cluster keeps.
 */
export function helperManifest(
  name: string,
  owner: string,
  { node, directory, write }: HelperNeed,
  settings: HelperSettings,
): object {
  const { placement, nodeSelector, tolerations, resources, imagePullSecret, lifetime, image } = settings;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: {
        'app.kubernetes.io/name': 'checkpoint-explorer-files',
        'app.kubernetes.io/component': 'helper',
        [LABELS.managedBy.key]: LABELS.managedBy.value,
        [LABELS.owner]: owner,
      },
      annotations: {
        'checkpoint-explorer/purpose': `Checkpoint Explorer ${write ? 'deletes' : 'reads'} checkpoint archives in ${directory} of ${node.name} through this pod. It is removed after use and may be deleted at any time.`,
      },
    },
    spec: {
      ...(placement === 'name'
        ? { nodeName: node.name }
        : { nodeSelector: { 'kubernetes.io/hostname': node.hostname, ...nodeSelector } }),
      ...(tolerations && { tolerations }),
      ...(imagePullSecret !== undefined && { imagePullSecrets: [{ name: imagePullSecret }] }),
      restartPolicy: 'Never',
      activeDeadlineSeconds: lifetime,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sleep', String(lifetime)],
          workingDir: MOUNT,
          ...(resources && { resources }),
          securityContext: {
            runAsUser: 0,
            runAsGroup: 0,
            runAsNonRoot: false,
            privileged: false,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'checkpoints', mountPath: MOUNT, readOnly: !write }],
        },
      ],
      // Of another type, or without one, a folder that is missing would be made on the node.
      volumes: [{ name: 'checkpoints', hostPath: { path: directory, type: 'Directory' } }],
    },
  };
}
