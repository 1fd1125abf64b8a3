import type { NodeFacts } from './nodes.ts';

/** A version's first three numbers; undefined for what has none: `2.1.9+unknown`, `v1.36.2`, `1.37.0-dev`. */
export function parseVersion(text: string): readonly [number, number, number] | undefined {
  const [, major, minor, patch = '0'] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** Whether a version is this one or newer; false where it has no numbers. */
export function isAtLeast(text: string, ...wanted: readonly number[]): boolean {
  const version = parseVersion(text);
  if (!version) return false;
  for (const [index, number] of wanted.entries()) {
    const own = version[index] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}

type Runtime = Pick<NodeFacts, 'runtime' | 'runtimeVersion'>;

/**
 * Whether a runtime can make checkpoints: CRI-O since 1.25, containerd since 2.0 (before, its CRI plugin answers
 * Unimplemented). Undefined for other runtimes.
 */
export function canCheckpoint({ runtime, runtimeVersion }: Runtime): boolean | undefined {
  if (parseVersion(runtimeVersion) === undefined) return undefined;
  if (runtime === 'cri-o') return isAtLeast(runtimeVersion, 1, 25);
  return runtime === 'containerd' ? isAtLeast(runtimeVersion, 2, 0) : undefined;
}

/** How a runtime restores a container from a checkpoint image when a pod asks for it. */
export type RestoreSupport = 'yes' | 'off-by-default' | 'no' | 'unknown';

/**
 * CRI-O since 1.25. containerd since 2.1; since 2.2.7 and 2.3.4 only with `enable_experimental_restore_via_create`; 2.4
 * has it removed (its RELEASES.md).
 */
export function canRestore({ runtime, runtimeVersion }: Runtime): RestoreSupport {
  if (parseVersion(runtimeVersion) === undefined) return 'unknown';
  if (runtime === 'cri-o') return isAtLeast(runtimeVersion, 1, 25) ? 'yes' : 'no';
  if (runtime !== 'containerd') return 'unknown';
  if (!isAtLeast(runtimeVersion, 2, 1) || isAtLeast(runtimeVersion, 2, 4)) return 'no';
  if (isAtLeast(runtimeVersion, 2, 3)) return isAtLeast(runtimeVersion, 2, 3, 4) ? 'off-by-default' : 'yes';
  return isAtLeast(runtimeVersion, 2, 2, 7) ? 'off-by-default' : 'yes';
}

/** Whether a containerd's configuration knows `enable_criu`: since 2.2.7 and 2.3.4 (release notes of both). */
export function hasCriuSwitch(version: string): boolean {
  return isAtLeast(version, 2, 3) ? isAtLeast(version, 2, 3, 4) : isAtLeast(version, 2, 2, 7);
}
