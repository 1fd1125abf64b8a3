import type { MountFacts } from '../../protocol/mounts.ts';

/** /proc/PID/mounts, in the order in which the kernel would: parents before what is mounted on them. */
export function formatMounts(mounts: readonly MountFacts[], namespace: number | undefined): string {
  return mounts
    .filter((mount) => mount.seenIn !== 'spec' && (namespace === undefined || mount.namespace === namespace))
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

/** As the kernel's mangle(): blank, tab, newline, backslash and # in octal. */
function escapeMount(value: string): string {
  return value.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
