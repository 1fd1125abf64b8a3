import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';
import type { CheckpointFacts } from '../compatibility/checkpoint-facts.ts';

export interface CriWishes {
  readonly id: string;
  readonly name: string;
  /** A folder of the machine in which something empty stands for every mount of the container. */
  readonly folder: string;
  /** The archive, or an image, as CRI-O takes it. */
  readonly image: string;
}

/** Something empty that stands for a mount. */
export interface StandIn {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly isFile: boolean;
}

const MOST_MOUNTS = 64;

/**
 * Named where containerd asks for a command, though a restore runs none: it makes the container as if of its image, which
 * may have none. Nothing of that name is there, so that an image which is not taken for a checkpoint runs nothing.
 * Source: containerd 2.1, internal/cri/server/container_checkpoint_linux.go, and runs.
 */
const NO_COMMAND = '/not-run-but-restored';

/** What of a container's description stands for its command. */
export function commandOf({ engine }: CheckpointFacts): { readonly command?: readonly string[] } {
  return engine === 'containerd' ? { command: [NO_COMMAND] } : {};
}

/** What of a container's mounts the sandbox brings along. @throws CheckpointError `unsupported` */
export function standIns({ mounts }: CheckpointFacts, folder: string): readonly StandIn[] {
  if (mounts.length > MOST_MOUNTS) {
    throw new CheckpointError(
      'unsupported',
      sentence('The container had {0} mounts: that is too many.', mounts.length),
    );
  }
  return mounts.map(({ destination, isFile }, index) => {
    const isFit = /^\/[^\0-\x1f\x7f]{1,1000}$/.test(destination) && !destination.split('/').includes('..');
    if (!isFit || /^\/(?:proc|sys)(?:\/|$)/.test(destination)) {
      throw new CheckpointError(
        'unsupported',
        sentence('{0} cannot be where a sandbox mounts something.', destination),
      );
    }
    return { hostPath: `${folder}/mount-${String(index)}`, containerPath: destination, isFile };
  });
}

/**
 * CRIU restores processes only into a PID namespace as they had: one of the container's own, as kubelets make them, or the
 * pod's. Source: CRI, NamespaceMode (POD is 0, CONTAINER 1), and runs with CRI-O 1.37.
 */
function securityContext({ pidNamespace }: CheckpointFacts): object {
  return { privileged: false, namespace_options: { pid: pidNamespace === 'of-pod' ? 0 : 1 } };
}

/** The sandbox for `crictl runp`: namespaces of its own, no ports, no addresses of its choosing. Source: CRI, PodSandboxConfig. */
export function podConfig(facts: CheckpointFacts, { id, name, folder }: CriWishes): object {
  return {
    metadata: { name, namespace: 'checkpoint-explorer', uid: id, attempt: 1 },
    log_directory: folder,
    labels: { 'checkpoint-explorer/sandbox': id },
    linux: { security_context: securityContext(facts) },
  };
}

/** The container for `crictl create`, whose image is the archive. Source: CRI, ContainerConfig; cri-o server/container_restore.go. */
export function containerConfig(facts: CheckpointFacts, { id, image, folder }: CriWishes): object {
  return {
    metadata: { name: 'restored', attempt: 0 },
    image: { image },
    ...commandOf(facts),
    labels: { 'checkpoint-explorer/sandbox': id },
    mounts: standIns(facts, folder).map(({ containerPath, hostPath }) => ({
      container_path: containerPath,
      host_path: hostPath,
    })),
    log_path: 'restored.log',
    ...(facts.isTerminal && { tty: true, stdin: true }),
    linux: { security_context: securityContext(facts) },
  };
}
