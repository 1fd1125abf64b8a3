import { createHash } from 'node:crypto';
import { WINDOWS_DEVICE } from '../../bytes/device-names.ts';

/** Leaves room in the 255 bytes of most systems for what is added: `.acquisition.json`, `.partial.json`. */
const LONGEST = 230;

/**
 * A file name that is legal on every system. The kubelet's names hold colons, which Windows does not allow:
 * `…T21:56:14Z.tar` becomes `…T21-56-14Z.tar`.
 */
export function legalName(name: string): string {
  let legal = name
    .replace(/[<>:"/\\|?*\u0000-\u001f\u007f]/g, '-')
    .replace(/[. ]+$/, '')
    .replace(/^\s+/, '')
    .toWellFormed();
  if (legal === '' || /^\.+$/.test(legal)) legal = 'checkpoint.tar';
  if (WINDOWS_DEVICE.test(legal)) legal = `_${legal}`;
  return shortened(legal);
}

/** What is cut off is told apart by a hash of the whole. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST) return name;
  const ending = /\.[a-z0-9.]{1,12}$/i.exec(name)?.[0] ?? '';
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 8)}${ending}`;
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character + mark) > LONGEST) break;
    kept += character;
  }
  return kept + mark;
}
