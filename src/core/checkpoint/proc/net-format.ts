import type { SocketFacts } from '../../../protocol/sockets.ts';
import { MACHINE } from '../../criu/architectures.ts';
import { turnedWord } from '../../criu/byte-order.ts';
import type {
  InetSkEntry,
  NetlinkSkEntry,
  PacketSockEntry,
  UnixSkEntry,
} from '../../criu/schema/generated/messages.ts';
import { isListening } from '../sockets/inet-sockets.ts';
import { AF, STATE } from '../sockets/socket-words.ts';

/** A socket with what its line in /proc/PID/net needs. */
export interface NetSocket<Message> {
  readonly facts: SocketFacts;
  readonly message: Message;
  /** File system user id of a process that has it open, which the kernel gives to a new socket. */
  readonly uid: number;
}

/**
 * The files of /proc/PID/net in the kernel's columns. What no checkpoint holds stands as zeros: timers, reference
 * counts, kernel addresses, congestion windows, drops, and what a datagram socket had received.
 * Source: the kernel's net/ipv4/tcp_ipv4.c, udp.c, raw.c, ping.c, net/ipv6/datagram.c, net/unix/af_unix.c,
 * net/netlink/af_netlink.c, net/packet/af_packet.c.
 */
const INET_HEAD = 'local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const INET6_HEAD = `local_address${' '.repeat(25)}remote_address${' '.repeat(24)}st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode`;
const DATAGRAM_TAIL = ' ref pointer drops';

/** Characters that lines of some files are filled up to. */
const TCP_WIDTH = 149;
const DATAGRAM_WIDTH = 127;

type Inet = NetSocket<InetSkEntry>;

/** How the machine writes down what is its own number. */
export interface MachineWords {
  /** An address of the kernel, which no checkpoint holds. */
  readonly pointer: string;
  readonly isBigEndian: boolean;
}

/** @param machine core_entry.mtype */
export function machineWords(machine: number | undefined): MachineWords {
  return { pointer: '0'.repeat(machine === MACHINE.arm ? 8 : 16), isBigEndian: machine === MACHINE.s390 };
}

/** Listening ones come first, as the kernel has two tables. */
export function formatTcp(sockets: readonly Inet[], words: MachineWords): string {
  const lines = listenersFirst(sockets).map((socket, index) => `${inetLine(socket, index, 4, words)} 0 0 0 0 0`);
  return filled([`  sl  ${INET_HEAD}`, ...lines], TCP_WIDTH);
}

export function formatTcp6(sockets: readonly Inet[], words: MachineWords): string {
  const lines = listenersFirst(sockets).map((socket, index) => `${inetLine(socket, index, 4, words)} 0 0 0 0 0`);
  return filled([`  sl  ${INET6_HEAD}`, ...lines]);
}

/** /proc/PID/net/udp and udplite. */
export function formatUdp(sockets: readonly Inet[], words: MachineWords): string {
  return filled([`   sl  ${INET_HEAD}${DATAGRAM_TAIL}`, ...datagramLines(sockets, 5, words)], DATAGRAM_WIDTH);
}

export function formatIcmp(sockets: readonly Inet[], words: MachineWords): string {
  return filled([`  sl  ${INET_HEAD}${DATAGRAM_TAIL}`, ...datagramLines(sockets, 5, words)], DATAGRAM_WIDTH);
}

export function formatRaw(sockets: readonly Inet[], words: MachineWords): string {
  return filled([`  sl  ${INET_HEAD}${DATAGRAM_TAIL}`, ...datagramLines(sockets, 4, words)]);
}

/** udp6, udplite6, raw6 and icmp6, which the kernel writes with one function. */
export function formatDatagram6(sockets: readonly Inet[], words: MachineWords): string {
  return filled([`  sl  ${INET6_HEAD}${DATAGRAM_TAIL}`, ...datagramLines(sockets, 5, words)]);
}

function datagramLines(sockets: readonly Inet[], numberWidth: number, words: MachineWords): readonly string[] {
  return sockets.map((socket, index) => `${inetLine(socket, index, numberWidth, words)} 0`);
}

/** TCP_CLOSE_WAIT, TCP_LAST_ACK and TCP_CLOSING of the kernel's include/net/tcp_states.h. */
const ENDED_BY_PEER: ReadonlySet<number> = new Set([8, 9, 11]);

/** Up to and with the kernel's address of the socket. */
function inetLine({ facts, message, uid }: Inet, index: number, numberWidth: number, words: MachineWords): string {
  const listens = isListening(message);
  // The kernel counts the other side's end of the connection as a byte that was not read.
  const ending = ENDED_BY_PEER.has(message.state) ? 1 : 0;
  // Of a listener the kernel gives here the connections that wait.
  const [sent, received] = listens ? [0, facts.receiveQueue] : [facts.sendQueue, facts.receiveQueue];
  return [
    `${String(index).padStart(numberWidth)}:`,
    endpoint(message.family, message.src_addr, message.src_port, words),
    endpoint(message.family, message.dst_addr, message.dst_port, words),
    hex(message.state, 2),
    `${hex(sent ?? 0, 8)}:${hex((received ?? 0) + ending, 8)}`,
    '00:00000000 00000000',
    String(uid).padStart(5),
    String(0).padStart(8),
    String(message.ino),
    '0',
    words.pointer,
  ].join(' ');
}

/** Each word of an address as the machine's own number, which on a little-endian one turns it round. */
function endpoint(family: number, address: readonly number[], port: number, { isBigEndian }: MachineWords): string {
  const count = family === AF.inet6 ? 4 : 1;
  const parts = Array.from({ length: count }, (_, index) => wordText(address[index] ?? 0, isBigEndian));
  return `${parts.join('')}:${hex(port, 4)}`;
}

/**
 * Four bytes of an address as the machine's own number.
 * @param word as a little-endian machine reads them, whatever machine the dump is of
 */
export function wordText(word: number, isBigEndian: boolean): string {
  return hex(isBigEndian ? turnedWord(word) : word, 8);
}

function listenersFirst(sockets: readonly Inet[]): readonly Inet[] {
  return [
    ...sockets.filter(({ message }) => isListening(message)),
    ...sockets.filter(({ message }) => !isListening(message)),
  ];
}

/** __SO_ACCEPTCON of the kernel's include/linux/net.h. */
const ACCEPTS = 0x10000;
/** SS_UNCONNECTED and SS_CONNECTED of the kernel's include/uapi/linux/net.h. */
const UNCONNECTED = 1;
const CONNECTED = 3;

/** In bytes: names of sockets need not be text. */
export function formatUnix(sockets: readonly NetSocket<UnixSkEntry>[], words: MachineWords): Uint8Array {
  const pieces: Uint8Array[] = [Buffer.from('Num       RefCount Protocol Flags    Type St Inode Path\n')];
  for (const { message } of sockets) {
    const flags = isListening(message) ? ACCEPTS : 0;
    const state = message.state === STATE.established ? CONNECTED : UNCONNECTED;
    const inode = String(message.ino).padStart(5);
    const line = `${words.pointer}: ${hex(0, 8)} ${hex(0, 8)} ${hex(flags, 8)} ${hex(message.type, 4)} ${hex(state, 2)} ${inode}`;
    pieces.push(Buffer.from(line), unixName(message.name), Buffer.from('\n'));
  }
  return Buffer.concat(pieces);
}

/** A path without the NUL at its end; in an abstract name each NUL is an `@`. */
function unixName(name: Uint8Array): Uint8Array {
  if (name.length === 0) return new Uint8Array();
  const end = name[0] !== 0 && name.at(-1) === 0 ? name.length - 1 : name.length;
  const shown = name.slice(0, end).map((byte) => (byte === 0 ? 0x40 : byte));
  return Buffer.concat([Buffer.from(' '), shown]);
}

export function formatNetlink(sockets: readonly NetSocket<NetlinkSkEntry>[], words: MachineWords): string {
  const lines = sockets.map(({ message }) =>
    [
      words.pointer,
      String(message.protocol).padEnd(3),
      String(message.portid).padEnd(10),
      (message.groups[0] ?? 0).toString(16).padStart(8, '0'),
      ...['0', '0'].map((column) => column.padEnd(8)),
      '0'.padEnd(5),
      ...['0', '0', String(message.ino)].map((column) => column.padEnd(8)),
    ].join(' '),
  );
  return filled([
    `sk${' '.repeat(15)}Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode`,
    ...lines,
  ]);
}

/** CRIU keeps no inode of these. */
export function formatPacket(sockets: readonly NetSocket<PacketSockEntry>[], words: MachineWords): string {
  const lines = sockets.map(({ facts, message, uid }) =>
    [
      words.pointer,
      '0'.padEnd(6),
      String(message.type).padEnd(4),
      `${facts.numbers.protocol.toString(16).padStart(4, '0')}  `,
      String(message.ifindex).padEnd(5),
      '1',
      '0'.padEnd(6),
      String(uid).padEnd(6),
      '0'.padEnd(6),
    ].join(' '),
  );
  return filled([`sk${' '.repeat(15)}RefCnt Type Proto  Iface R Rmem   User   Inode`, ...lines]);
}

/** Lines filled up with blanks, as the kernel does in some files. */
export function filled(lines: readonly string[], width = 0): string {
  return lines.map((line) => `${line.padEnd(width)}\n`).join('');
}

export function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
