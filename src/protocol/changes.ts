/**
 * How a path differs from the container image. `added-or-modified`: the archive holds the file but not whether the
 * container image had one of that name. `mounted`: content of a volume, /dev/shm or tmpfs, which no container image has.
 */
export type ChangeKind = 'added' | 'modified' | 'added-or-modified' | 'deleted' | 'mounted';

export type FileType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo' | 'sparse' | 'unknown';

export type ChangeMark =
  'setuid' | 'setgid' | 'sticky-world-writable' | 'capabilities' | 'device' | 'executable' | 'opaque';

/** From which part of the archive a changed path comes. */
export type ChangeSource = 'rootfs-diff' | 'volume' | 'dev-shm' | 'tmpfs';

export interface ChangeFacts {
  /** Absolute path in the container, `/`-separated. A mount may hide a path of the rootfs diff: `source` tells them apart. */
  readonly path: string;
  /** Base64 of the path where it is not UTF-8. */
  readonly pathBytes?: string;
  readonly kind: ChangeKind;
  readonly source: ChangeSource;
  /** Absent for a deleted path, of which nothing but the name is known. */
  readonly type?: FileType;
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly userName?: string;
  readonly groupName?: string;
  readonly size?: number;
  /** RFC 3339, UTC, with as many digits as the archive has. */
  readonly mtime?: string;
  readonly linkTarget?: string;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  /** Names and values; a value that is not text is base64 under `base64`. */
  readonly xattrs?: readonly { readonly name: string; readonly text?: string; readonly base64?: string }[];
  /** File capabilities in getcap's form: `cap_net_bind_service=p`. */
  readonly capabilities?: string;
  readonly marks: readonly ChangeMark[];
  /** The archive entry that holds it: `rootfs-diff.tar`, `deleted.files`, `volumes/data.tar`. */
  readonly entry: string;
}
