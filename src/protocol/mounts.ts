export type Propagation = 'private' | 'shared' | 'slave' | 'shared+slave' | 'unbindable';

/**
 * Where a mount comes from, as its owner would say. `masked` and `read-only`: laid over a path of /proc or /sys by the
 * runtime, as the spec's maskedPaths and readonlyPaths ask.
 */
export type MountOrigin =
  'rootfs' | 'bind' | 'volume' | 'tmpfs' | 'pseudo' | 'masked' | 'read-only' | 'external' | 'other';

/** One line of the container's mount table: mountpoints-*.img joined with the OCI spec. */
export interface MountFacts {
  /** CRIU's mnt_id; negative for one that only the spec has. */
  readonly id: number;
  readonly parentId?: number;
  readonly namespace?: number;
  /** Path inside the container. */
  readonly destination: string;
  /** File system type: `overlay`, `tmpfs`, `proc` …; `bind` where only the spec knows it. */
  readonly type: string;
  /** Where it comes from: the host's path of a bind mount where the spec names it, else what the kernel calls the source. */
  readonly source: string;
  /** The kernel's own word for the source, `/dev/sda1` for a bind mount. */
  readonly device?: string;
  /** The kernel's file system type; absent where CRIU did not record it, which it does not of a host's disk. */
  readonly fileSystem?: string;
  /** Path inside the mounted file system that is the mount's root. */
  readonly root?: string;
  /** Mount options as mount(8) prints them: `rw,nosuid,nodev`. */
  readonly options: readonly string[];
  /** Options of the file system itself, as CRIU kept them. */
  readonly superOptions?: string;
  readonly propagation?: Propagation;
  readonly origin: MountOrigin;
  /** CRIU's key of an external mount, where it is one. */
  readonly external?: string;
  /**
   * `both`: asked for by the spec and there; `image`: there, but not in the spec; `spec`: asked for, but not there;
   * `unknown`: asked for, and there is no mount table to tell whether it was there.
   */
  readonly seenIn: 'both' | 'image' | 'spec' | 'unknown';
  /** What the spec asked for; `index` is its position in the spec's list. */
  readonly spec?: {
    readonly index: number;
    readonly source?: string;
    readonly type?: string;
    readonly options: readonly string[];
  };
  /** Contents held in the checkpoint: path below /rootfs of the file view. */
  readonly contents?: string;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
}
