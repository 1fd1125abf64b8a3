import type { UnixSocketFacts } from '../../../protocol/sockets.ts';
import type { UnixSkEntry } from '../../criu/schema/generated/messages.ts';
import { isListening } from './inet-sockets.ts';
import type { SocketCore } from './socket-core.ts';
import { AF, shutdownWord, stateWord, typeWord } from './socket-words.ts';

/** Bits of unix_sk_entry.uflags. Source: criu criu/sk-unix.c, USK_*. */
const MARKS: readonly (readonly [bit: number, word: string])[] = [
  [1, 'external'],
  [2, 'service'],
  [4, 'callback'],
  [8, 'inherited'],
];

/** What a UNIX socket is, without what other images say of it. */
export function describeUnix(socket: UnixSkEntry, machine: number | undefined): SocketCore {
  const shutdown = shutdownWord(socket.shutdown);
  return {
    id: socket.id,
    family: 'unix',
    protocol: 'unix',
    type: typeWord(socket.type, machine),
    state: stateWord(socket.state),
    numbers: { family: AF.unix, type: socket.type, protocol: 0, state: socket.state },
    inode: socket.ino,
    ...(socket.ns_id !== undefined && { namespace: socket.ns_id }),
    local: unixNameText(socket.name),
    remote: '',
    flags: socket.flags,
    ...(shutdown && { shutdown }),
    ...(isListening(socket) && !isOutside(socket) && { backlog: socket.backlog }),
  };
}

/** A socket of a process that is not part of the dump: CRIU keeps its name, for those that send to it. */
export function isOutside({ uflags }: UnixSkEntry): boolean {
  return (uflags & 1) !== 0;
}

export function describeUnixDetail(socket: UnixSkEntry): UnixSocketFacts {
  const { name } = socket;
  const known = MARKS.reduce((bits, [bit]) => bits | bit, 0);
  const rest = (socket.uflags & ~known) >>> 0;
  const marks = MARKS.filter(([bit]) => (socket.uflags & bit) !== 0).map(([, word]) => word);
  return {
    ...(name.length > 0 && { name: decodeName(nameBytes(name)) }),
    ...(!isUtf8(name) && { nameBytes: Buffer.from(name).toString('base64') }),
    abstract: isAbstract(name),
    ...(socket.name_dir !== undefined && { directory: socket.name_dir }),
    deleted: socket.deleted === true,
    ...(socket.file_perms && {
      mode: socket.file_perms.mode,
      uid: socket.file_perms.uid,
      gid: socket.file_perms.gid,
    }),
    ...(socket.mnt_id !== undefined && socket.mnt_id >= 0 && { mountId: socket.mnt_id }),
    marks: rest === 0 ? marks : [...marks, `0x${rest.toString(16)}`],
  };
}

/** `/run/app.sock`, `@abstract`; `''` without a name. What is not UTF-8 becomes U+FFFD. */
export function unixNameText(name: Uint8Array): string {
  return `${isAbstract(name) ? '@' : ''}${decodeName(nameBytes(name))}`;
}

/** Names of the abstract kind start with a NUL. */
function isAbstract(name: Uint8Array): boolean {
  return name[0] === 0;
}

/** Without the NUL that starts an abstract name, or that may end a path. */
function nameBytes(name: Uint8Array): Uint8Array {
  if (isAbstract(name)) return name.subarray(1);
  return name.at(-1) === 0 ? name.subarray(0, -1) : name;
}

function decodeName(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
