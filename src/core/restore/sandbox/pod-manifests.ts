import { escapeJson } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import { BY_KUBELET } from '../compatibility/content-findings.ts';
import type { CheckpointFacts, ExpectedMount } from '../compatibility/checkpoint-facts.ts';
import { IMAGE_NAME } from '../registry/reference.ts';
import { commandOf } from './cri-configs.ts';

/** By these a sandbox is known as ours. */
export const MANAGED_BY = { key: 'app.kubernetes.io/managed-by', value: 'checkpoint-explorer' } as const;
export const SANDBOX_LABEL = 'checkpoint-explorer/sandbox';

export interface PodWishes {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  /** With its tag or digest, as the node is to pull it. */
  readonly image: string;
  /** What `kubernetes.io/hostname` says of the node; the scheduler chooses if not given. */
  readonly hostname?: string | undefined;
  /** Seconds after which the cluster ends it. */
  readonly lifetime: number;
  readonly pullSecret?: string | undefined;
}

/** More mounts than a container has; a hostile archive may name any number. */
const MOST_MOUNTS = 64;

/**
 * A pod that restores a checkpoint: nothing of it comes from the archive but the container's name, whether it has a
 * terminal, and where something empty is mounted.
 * @throws CheckpointError `unsupported` for mounts that no pod can have
 */
export function podManifest(facts: CheckpointFacts, wishes: PodWishes): object {
  const { id, name, namespace, hostname } = wishes;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: labelsOf(id) },
    spec: {
      ...(hostname !== undefined && { nodeSelector: { 'kubernetes.io/hostname': hostname } }),
      ...podSpec(facts, wishes),
    },
  };
}

export interface PodRestoreWishes extends Omit<PodWishes, 'image' | 'hostname'> {
  /** The node that has the archive, and its path there. */
  readonly node: string;
  readonly path: string;
}

/**
 * The same by the checkpoint-restore-operator, which restores an archive from where it lies on its node. The image is the
 * one that the archive names, or else is left for the operator to find out: the kubelet pulls it before the restore.
 * Source: its api/v1/podrestore_types.go.
 * @throws as {@link podManifest}
 */
export function podRestoreManifest(facts: CheckpointFacts, wishes: PodRestoreWishes): object {
  const { id, name, namespace, node, path } = wishes;
  const image = facts.image?.name;
  const known = image !== undefined && IMAGE_NAME.test(image) ? image : undefined;
  return {
    apiVersion: 'criu.org/v1',
    kind: 'PodRestore',
    metadata: { name, namespace, labels: labelsOf(id) },
    spec: {
      targetNode: node,
      checkpoints: [{ container: containerName(facts.containerName), path }],
      template: { metadata: { labels: labelsOf(id) }, spec: podSpec(facts, { ...wishes, image: known }) },
    },
  };
}

function podSpec(
  facts: CheckpointFacts,
  { image, lifetime, pullSecret }: Pick<PodWishes, 'lifetime' | 'pullSecret'> & { readonly image: string | undefined },
): object {
  const mounts = mountsOf(facts);
  return {
    ...(pullSecret !== undefined && { imagePullSecrets: [{ name: pullSecret }] }),
    restartPolicy: 'Never',
    activeDeadlineSeconds: lifetime,
    terminationGracePeriodSeconds: 5,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostNetwork: false,
    hostPID: false,
    hostIPC: false,
    // CRIU restores processes only among those that are numbered as they were.
    ...(facts.pidNamespace === 'of-pod' && { shareProcessNamespace: true }),
    containers: [
      {
        name: containerName(facts.containerName),
        ...(image !== undefined && { image, imagePullPolicy: 'Always' }),
        ...commandOf(facts),
        ...(facts.isTerminal && { tty: true, stdin: true }),
        securityContext: { privileged: false },
        ...(mounts.length > 0 && {
          volumeMounts: mounts.map(({ destination }, index) => ({ name: volumeName(index), mountPath: destination })),
        }),
      },
    ],
    ...(mounts.length > 0 && { volumes: mounts.map((_, index) => ({ name: volumeName(index), emptyDir: {} })) }),
  };
}

/** Nothing reaches the sandbox, and it reaches nothing. */
export function policyManifest({ id, name, namespace }: Pick<PodWishes, 'id' | 'name' | 'namespace'>): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: labelsOf(id) },
    spec: { podSelector: { matchLabels: { [SANDBOX_LABEL]: id } }, policyTypes: ['Ingress', 'Egress'] },
  };
}

export function namespaceManifest({ id, namespace }: PodWishes): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { ...labelsOf(id), 'pod-security.kubernetes.io/enforce': 'baseline' } },
  };
}

/** As kubectl and crictl take it: JSON is YAML, and no name in it can be taken for anything else. */
export function printed(manifest: object): string {
  return `${escapeJson(JSON.stringify(manifest, undefined, 2))}\n`;
}

function labelsOf(id: string): Readonly<Record<string, string>> {
  return { [MANAGED_BY.key]: MANAGED_BY.value, 'app.kubernetes.io/component': 'sandbox', [SANDBOX_LABEL]: id };
}

/** Engines do not need the name to be the same. */
function containerName(name: string | undefined): string {
  return name !== undefined && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) ? name : 'restored';
}

function volumeName(index: number): string {
  return `empty-${String(index)}`;
}

function mountsOf({ mounts }: CheckpointFacts): readonly ExpectedMount[] {
  const wanted = mounts.filter(({ destination }) => !BY_KUBELET.has(destination));
  if (wanted.length > MOST_MOUNTS) {
    throw new CheckpointError(
      'unsupported',
      sentence('The container had {0} mounts: no pod has as many.', wanted.length),
    );
  }
  const odd = wanted.find(({ destination, isFile }) => isFile || !isMountPath(destination));
  if (!odd) return wanted;
  throw new CheckpointError(
    'unsupported',
    odd.isFile
      ? sentence('The container had a file mounted at {0}, which an empty volume cannot stand for.', odd.destination)
      : sentence('{0} cannot be where a pod mounts something.', odd.destination),
  );
}

/** As the API server takes it, and below nothing that a container itself is made of. */
function isMountPath(path: string): boolean {
  return (
    /^\/[^:\0-\x1f\x7f]{1,1000}$/.test(path) && !path.split('/').includes('..') && !/^\/(?:proc|sys)(?:\/|$)/.test(path)
  );
}
