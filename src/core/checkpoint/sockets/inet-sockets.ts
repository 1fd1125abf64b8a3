import type { SocketAddress, TcpStreamFacts } from '../../../protocol/sockets.ts';
import { addressWord } from '../../criu/field-words.ts';
import type { InetSkEntry, TcpStreamEntry } from '../../criu/schema/generated/messages.ts';
import type { SocketCore } from './socket-core.ts';
import {
  AF,
  endpointText,
  familyWord,
  IPPROTO,
  ipProtocolWord,
  shutdownWord,
  SOCK_RAW,
  STATE,
  stateWord,
  typeWord,
} from './socket-words.ts';

/** What an Internet socket is, without what other images say of it. */
export function describeInet(socket: InetSkEntry, machine: number | undefined): SocketCore {
  const protocol = protocolOf(socket);
  const localAddress = localOf(socket);
  const remoteAddress = remoteOf(socket);
  const port = (endpoint: SocketAddress): number | string =>
    socket.type === SOCK_RAW ? ipProtocolWord(socket.proto) : endpoint.port === 0 ? '*' : endpoint.port;
  const text = (endpoint: SocketAddress): string => endpointText(endpoint.address, port(endpoint), endpoint.interface);
  const shutdown = shutdownWord(socket.shutdown);
  const listens = isListening(socket);
  return {
    id: socket.id,
    family: familyWord(socket.family),
    protocol,
    type: typeWord(socket.type, machine),
    state: stateWord(socket.state),
    numbers: { family: socket.family, type: socket.type, protocol: socket.proto, state: socket.state },
    inode: socket.ino,
    ...(socket.ns_id !== undefined && { namespace: socket.ns_id }),
    local: text(localAddress),
    remote: remoteAddress ? text(remoteAddress) : '',
    localAddress,
    ...(remoteAddress && { remoteAddress }),
    flags: socket.flags,
    ...(shutdown && { shutdown }),
    ...(listens && { backlog: socket.backlog }),
  };
}

export function isListening({ state }: { readonly state: number }): boolean {
  return state === STATE.listen;
}

/** Whether CRIU writes a tcp-stream image for it. Source: criu criu/sk-tcp.c, dump_one_tcp. */
export function hasStream(socket: InetSkEntry): boolean {
  return isTcp(socket) && socket.dst_port !== 0;
}

export function isTcp(socket: InetSkEntry): boolean {
  return socket.proto === IPPROTO.tcp && socket.type !== SOCK_RAW;
}

function protocolOf({ family, type, proto }: InetSkEntry): string {
  const word = type === SOCK_RAW ? 'raw' : ipProtocolWord(proto);
  // `icmp6` says it already.
  return family === AF.inet6 && !word.endsWith('6') ? `${word}6` : word;
}

function localOf(socket: InetSkEntry): SocketAddress {
  // SO_BINDTODEVICE says the same of an IPv6 address that means something on one link only.
  const device = socket.ifname ?? socket.opts.so_bound_dev;
  return {
    address: addressText(socket.family, socket.src_addr),
    port: socket.src_port,
    ...(device !== undefined && device !== '' && { interface: device }),
  };
}

/** Absent where the socket is not connected. */
function remoteOf(socket: InetSkEntry): SocketAddress | undefined {
  const isNowhere = socket.dst_port === 0 && socket.dst_addr.every((word) => word === 0);
  return isNowhere ? undefined : { address: addressText(socket.family, socket.dst_addr), port: socket.dst_port };
}

/** The first CRIU wrote four words for IPv4 too. `?` for what is no address. */
function addressText(family: number, words: readonly number[]): string {
  return addressWord(family === AF.inet6 ? words : words.slice(0, 1)) ?? '?';
}

/** Source: the kernel's include/uapi/linux/tcp.h, TCPI_OPT_*. */
const negotiated: readonly (readonly [bit: number, word: string])[] = [
  [1, 'timestamps'],
  [2, 'selective acknowledgement'],
  [4, 'window scaling'],
  [8, 'ECN'],
  [16, 'ECN seen'],
  [32, 'data in SYN'],
  [64, 'microsecond timestamps'],
  [128, 'fast open'],
];

export function describeStream(stream: TcpStreamEntry, image: string): TcpStreamFacts {
  const known = negotiated.reduce((bits, [bit]) => bits | bit, 0);
  const rest = (stream.opt_mask & ~known) >>> 0;
  const words = negotiated.filter(([bit]) => (stream.opt_mask & bit) !== 0).map(([, word]) => word);
  const scales = (stream.opt_mask & 4) !== 0;
  return {
    image,
    maximumSegment: stream.mss_clamp,
    negotiated: rest === 0 ? words : [...words, `0x${rest.toString(16)}`],
    ...(scales && { sendWindowScale: stream.snd_wscale }),
    ...(stream.rcv_wscale !== undefined && { receiveWindowScale: stream.rcv_wscale }),
    ...(stream.timestamp !== undefined && { timestamp: stream.timestamp }),
    ...(stream.snd_wnd !== undefined && { sendWindow: stream.snd_wnd }),
    ...(stream.max_window !== undefined && { largestSendWindow: stream.max_window }),
    ...(stream.rcv_wnd !== undefined && { receiveWindow: stream.rcv_wnd }),
    receiveSequence: stream.inq_seq,
    sendSequence: stream.outq_seq,
  };
}
