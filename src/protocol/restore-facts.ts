import type { Engine } from './overview.ts';

/** A mount that a restore has to bring along: CRIU finds it by its destination. */
export interface ExpectedMount {
  /** Path inside the container. */
  readonly destination: string;
  /** Of the host that it ran on. */
  readonly source?: string;
  readonly kind: 'bind' | 'volume';
  readonly isFile: boolean;
  readonly isReadOnly: boolean;
  /** Name of the volume, of a named one. */
  readonly volume?: string;
  /** The archive has its files. */
  readonly hasContents: boolean;
  /** Files that processes had open on it, without those that the archive holds apart. */
  readonly openFiles: readonly string[];
}

/** What the engine that restores would do on the host because the archive says so. */
export interface Demands {
  /** Programs that run on the host, outside of the container: OCI hooks. */
  readonly hooks: readonly string[];
  /** Paths of the host that are mounted into the container. */
  readonly hostPaths: readonly string[];
  readonly devices: readonly string[];
  /** Namespaces that it shares with the host. */
  readonly hostNamespaces: readonly string[];
  readonly isPrivileged: boolean;
  /** Keys of annotations that runtimes and engines act upon. */
  readonly annotations: readonly string[];
  /** What else Podman takes of its own description: `rootfs=/`, `secrets=db-password`. */
  readonly ofPodman: readonly string[];
  /** Capabilities that processes have or may get, beyond those that the engine gives containers by itself. */
  readonly capabilities: readonly string[];
  /** Paths of the kernel's that engines hide from containers or make read-only, and that stay open here. */
  readonly openPaths: readonly string[];
}

/** What decides whether and how a checkpoint can be restored. */
export interface CheckpointFacts {
  /** Names the state of the archive file that all of this was read of; absent of what is no file of this machine. */
  readonly archiveState?: string;
  readonly engine: Engine;
  readonly engineVersion?: string;
  readonly containerName?: string;
  /** `runc` or `crun`. */
  readonly runtime?: string;
  readonly criuVersion?: string;
  /** In Go's words: `amd64`. */
  readonly architecture?: string;
  /** Features of the processor that threads had state of, by name: `AVX-512`. Undefined where the dump does not say. */
  readonly cpuFeatures?: readonly string[];
  readonly image?: { readonly name?: string; readonly digest?: string; readonly id?: string };
  /** Bytes of dumped memory. */
  readonly memory: number;
  readonly hasParent: boolean;
  readonly compressedPages: boolean;
  /** Something of the archive is damaged or missing. */
  readonly isDamaged: boolean;
  /** Where an engine may read something else than is shown, see `Metadata.doubts`. */
  readonly doubts: readonly string[];
  /** Dumped together with its pod, as Podman does. */
  readonly isInPodmanPod: boolean;
  readonly isTerminal: boolean;
  /** When Podman starts it anew by itself: `always`. Undefined for never. */
  readonly restartPolicy?: string;
  readonly hasHealthCheck: boolean;
  /** Whether its processes were numbered by themselves, or together with the others of its pod. Undefined where it is not said. */
  readonly pidNamespace?: 'own' | 'of-pod';
  /** Ends of TCP connections that were established: `10.0.0.1:80 ↔ 10.0.0.2:4711`. */
  readonly connections: readonly string[];
  readonly hasFileLocks: boolean;
  /** Addresses of the container, where they are known. */
  readonly addresses: readonly string[];
  /** Ports that were published on the host. */
  readonly ports: readonly string[];
  readonly mounts: readonly ExpectedMount[];
  readonly lsm?: string;
  readonly hasUserNamespace: boolean;
  readonly demands: Demands;
}
