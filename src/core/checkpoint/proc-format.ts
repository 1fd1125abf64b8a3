import type { MountFacts } from '../../protocol/mounts.ts';

/** /proc/PID/mounts, in the order in which the kernel would: parents before what is mounted on them. */
export function formatMounts(
  mounts: readonly MountFacts[],
  namespace: number | undefined,
  root: string | undefined,
): string {
  const own = mounts.filter(
    (mount) => mount.seenIn !== 'spec' && (namespace === undefined || mount.namespace === namespace),
  );
  return seenFrom(root, own)
    .map((mount) => {
      const options = [
        ...mount.options,
        ...(mount.superOptions ?? '')
          .split(',')
          .filter((option) => option !== '' && option !== 'rw' && option !== 'ro'),
      ];
      // Of a host's file system that is bound in, CRIU records the device and not the type.
      const fields = [mount.device ?? 'none', mount.destination, mount.fileSystem ?? 'unknown', options.join(',')];
      return `${fields.map(escapeMount).join(' ')} 0 0\n`;
    })
    .join('');
}

/**
 * Mounts as a process sees them whose root is not the namespace's own: those below it, by their path from there.
 * Source: fs/proc_namespace.c, where what seq_path_root cannot reach is left out.
 */
export function seenFrom(root: string | undefined, mounts: readonly MountFacts[]): readonly MountFacts[] {
  if (root === undefined || root === '/') return mounts;
  return mounts.flatMap((mount) => {
    if (mount.destination === root) return [{ ...mount, destination: '/' }];
    if (!mount.destination.startsWith(`${root}/`)) return [];
    return [{ ...mount, destination: mount.destination.slice(root.length) }];
  });
}

/** As the kernel's mangle(): blank, tab, newline, backslash and # in octal. */
function escapeMount(value: string): string {
  return value.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
