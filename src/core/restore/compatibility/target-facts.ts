import type { Engine } from '../../../protocol/overview.ts';

export type TargetKind = 'podman' | 'crio' | 'kubernetes';

/** What is known of where a checkpoint would be restored. What is absent is not known. */
export interface TargetFacts {
  readonly kind: TargetKind;
  /** Who would restore it. */
  readonly engine?: Extract<Engine, 'podman' | 'cri-o' | 'containerd'>;
  readonly engineVersion?: string;
  /** `runc` or `crun`. */
  readonly runtime?: string;
  readonly criuVersion?: string;
  /** In Go's words. */
  readonly architecture?: string;
  /** What its processor has, as /proc/cpuinfo says. */
  readonly cpuFlags?: readonly string[];
  /** Security modules that it has: `selinux`, `apparmor`. */
  readonly lsms?: readonly string[];
  /** Bytes that a container could still take. */
  readonly memory?: number;
  /** Bytes that all pods of a node may have together: how much of that is free is not known. */
  readonly memoryOfPods?: number;
  readonly isRoot?: boolean;
  /** Whether the container image is there; undefined where nobody looked. */
  readonly hasImage?: boolean;
  /** Whether that image says what is run of it; undefined where nobody looked. */
  readonly imageHasCommand?: boolean;
  /** Volumes that are there already, of those that the checkpoint brings. */
  readonly takenVolumes?: readonly string[];
  /** CRI-O's `container_level_enabled`. */
  readonly containerLevel?: 'none' | 'checkpoint_only' | 'checkpoint_restore';
  /** containerd's `enable_experimental_restore_via_create`. */
  readonly restoreViaCreate?: boolean;
}

/** What a person chose about a restore. */
export interface RestoreChoices {
  /** What becomes of established connections. */
  readonly tcp?: 'close' | 'established';
}
