import type { SocketFacts } from '../../../protocol/sockets.ts';
import type {
  FileEntry,
  InetSkEntry,
  NetlinkSkEntry,
  PacketSockEntry,
  UnixSkEntry,
} from '../../criu/schema/generated/messages.ts';
import { FD_TYPE, type FileType } from '../descriptors/split-files.ts';
import { describeInet } from './inet-sockets.ts';
import { describeNetlink, describePacket } from './kernel-sockets.ts';
import { describeUnix, isOutside } from './unix-sockets.ts';

/** What a socket's own message says, before queues, holders and peers are joined to it. */
export type SocketCore = Omit<
  SocketFacts,
  | 'image'
  | 'receiveQueue'
  | 'sendQueue'
  | 'hasContents'
  | 'isOutside'
  | 'holders'
  | 'passedThrough'
  | 'peers'
  | 'listener'
>;

export type SocketMessage =
  | { readonly kind: 'inet'; readonly message: InetSkEntry }
  | { readonly kind: 'unix'; readonly message: UnixSkEntry }
  | { readonly kind: 'netlink'; readonly message: NetlinkSkEntry }
  | { readonly kind: 'packet'; readonly message: PacketSockEntry };

const socketTypes: ReadonlySet<FileType> = new Set([
  FD_TYPE.inetsk,
  FD_TYPE.unixsk,
  FD_TYPE.netlinksk,
  FD_TYPE.packetsk,
]);

export function isSocketType(type: FileType): boolean {
  return socketTypes.has(type);
}

/** The message of a file that is a socket; undefined for other files, and for one whose message is missing. */
export function socketMessage(file: FileEntry): SocketMessage | undefined {
  const { type, isk, usk, nlsk, psk } = file;
  if (type === FD_TYPE.inetsk && isk) return { kind: 'inet', message: isk };
  if (type === FD_TYPE.unixsk && usk) return { kind: 'unix', message: usk };
  if (type === FD_TYPE.netlinksk && nlsk) return { kind: 'netlink', message: nlsk };
  if (type === FD_TYPE.packetsk && psk) return { kind: 'packet', message: psk };
  return undefined;
}

/** @param machine core_entry.mtype */
export function describeSocket(socket: SocketMessage, machine: number | undefined): SocketCore {
  switch (socket.kind) {
    case 'inet':
      return describeInet(socket.message, machine);
    case 'unix':
      return describeUnix(socket.message, machine);
    case 'netlink':
      return describeNetlink(socket.message);
    case 'packet':
      return describePacket(socket.message, machine);
  }
}

/** Whether it belongs to a process outside the dump. */
export function isOutsideSocket(socket: SocketMessage): boolean {
  return socket.kind === 'unix' && isOutside(socket.message);
}
