import { formatSize } from './format.ts';
import type { LockFacts, OpenFileFacts, OtherEndFacts } from './open-files.ts';
import { sentence, type Sentence } from './sentence.ts';

/** What of an open file deserves the eye, a few words each. */
export function remarksOf({
  deleted,
  locks = [],
  unread = 0,
  missing,
  socket,
  about,
  otherEnd,
}: OpenFileFacts): readonly Sentence[] {
  const words = socket && [
    socket.protocol,
    socket.local,
    socket.remote === '' ? '' : `-> ${socket.remote}`,
    socket.state,
  ];
  return [
    ...(missing ? [sentence('in no image')] : []),
    ...(deleted
      ? [deleted.how === 'process' ? sentence('of process {0}, which is gone', deleted.pid ?? 0) : sentence('deleted')]
      : []),
    ...locks.map((lock) => sentence('locked ({0})', lockText(lock))),
    ...(unread > 0 ? [sentence('{0} unread', formatSize(unread))] : []),
    ...(about ? [about] : []),
    ...(words ? [sentence('{0}', words.filter((word) => word !== '').join(' '))] : []),
    ...(otherEnd ? [sentence('{0}', otherEndText(otherEnd))] : []),
  ];
}

const ARROWS: Readonly<Record<OtherEndFacts['direction'], string>> = { to: '→', from: '←', both: '↔' };

/** `→ cat 8, tee 9 +3`: who gets what is written into it; with `←` who writes what is read from it. */
function otherEndText({ direction, holders, more }: OtherEndFacts): string {
  const names = holders.map(({ pid, command }) => (command === undefined ? String(pid) : `${command} ${pid}`));
  return `${ARROWS[direction]} ${names.join(', ')}${more > 0 ? ` +${more}` : ''}`;
}

/** `POSIX write 8-23`, `FLOCK write` for a lock of the whole file. */
export function lockText({ kind, kindNumber, access, accessNumber, breaking, start, end }: LockFacts): string {
  const range = start === 0n && end === undefined ? '' : `${start}-${end ?? 'EOF'}`;
  return [
    kindNumber === undefined ? kind : `type ${kindNumber}`,
    accessNumber === undefined ? access : `access ${accessNumber}`,
    range,
    breaking ? 'breaking' : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** Flags as a list shows them: O_LARGEFILE, which every 64-bit program has, says nothing; close-on-exec is told. */
export function openFlagNames({ flagNames = [], closeOnExec }: OpenFileFacts): readonly string[] {
  const names = flagNames.filter((name) => name !== 'O_LARGEFILE');
  return closeOnExec && !names.includes('O_CLOEXEC') ? [...names, 'O_CLOEXEC'] : names;
}

/** How it was opened, as lsof shows it: `r`, `w`, `u` for both, `-` for neither, empty where it is not known. */
export function accessLetter({ flags }: OpenFileFacts): string {
  if (flags === undefined) return '';
  return (flags & 0o10000000) !== 0 ? '-' : ('rwu'[flags & 3] ?? '-');
}
