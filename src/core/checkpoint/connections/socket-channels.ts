import type { ChannelEnd, ChannelKind } from '../../../protocol/connections.ts';
import type { PeerRelation, SocketFacts } from '../../../protocol/sockets.ts';
import type { ChannelEnds, ChannelList, FoundChannel, FarEnd } from './channel-list.ts';

const KINDS: readonly (readonly [pattern: RegExp, kind: ChannelKind])[] = [
  [/^tcp6?$/, 'tcp'],
  [/^udp/, 'udp'],
  [/^unix$/, 'unix'],
  [/^netlink$/, 'netlink'],
  [/^packet$/, 'packet'],
];

/** Finds what goes through sockets: pairs, connections to the outside, listeners, and what goes to the kernel. */
export function findSockets(list: ChannelList, sockets: readonly SocketFacts[]): void {
  const byId = new Map(sockets.map((socket) => [socket.id, socket]));
  for (const socket of sockets) if (!socket.isOutside) findSocket(list, socket, byId);
}

function findSocket(list: ChannelList, socket: SocketFacts, sockets: ReadonlyMap<number, SocketFacts>): void {
  const other = otherEnd(socket, sockets);
  // Of the two ends of a pair one stands for both.
  if (other?.relation === 'connected' && other.socket.id < socket.id) return;
  const ends = list.ends();
  addEnds(ends, socket, does(socket));
  const add = (label: string, more: Partial<Pick<FoundChannel, 'unread' | 'outside' | 'waits'>> = {}): void =>
    list.add(`socket ${String(socket.id)}`, kindOf(socket), label, ends, {
      unread: unreadOf(socket),
      socket: socket.id,
      ...more,
    });
  if (other) {
    const { socket: peer, relation } = other;
    if (relation !== 'connected') {
      const outside = { kind: 'listener', listener: peer.id, label: socketLabel(peer) } as const;
      return add(pairLabel(socket, peer), { outside });
    }
    if (peer !== socket) addEnds(ends, peer, does(peer));
    return add(pairLabel(socket, peer), { unread: unreadOf(socket) + (peer === socket ? 0 : unreadOf(peer)) });
  }
  const outside = outsideOf(socket);
  const isNamed = socket.state === 'LISTEN' || isBound(socket) || isSentTo(socket);
  if (outside) add(socketLabel(socket), { outside });
  else if (isNamed) add(socketLabel(socket), { waits: true });
}

interface OtherEnd {
  readonly socket: SocketFacts;
  readonly relation: PeerRelation;
}

/** The end that a process of the checkpoint has. */
function otherEnd({ peers }: SocketFacts, sockets: ReadonlyMap<number, SocketFacts>): OtherEnd | undefined {
  for (const { relation, id } of peers) {
    if (relation === 'receives-from' || relation === 'keeps-waiting') continue;
    const socket = id === undefined ? undefined : sockets.get(id);
    if (socket && !socket.isOutside) return { socket, relation };
  }
  return undefined;
}

function isSentTo({ peers }: SocketFacts): boolean {
  return peers.some(({ relation }) => relation === 'receives-from');
}

function kindOf({ protocol }: SocketFacts): ChannelKind {
  return KINDS.find(([pattern]) => pattern.test(protocol))?.[1] ?? 'ip';
}

/** A socket that was shut down one way no longer speaks, or hears, that way. */
function does({ shutdown }: SocketFacts): ChannelEnd['does'] {
  return shutdown === 'read' ? 'writes' : shutdown === 'write' ? 'reads' : 'both';
}

function addEnds(ends: ChannelEnds, { holders }: SocketFacts, what: ChannelEnd['does']): void {
  for (const { fd, pids } of holders) for (const pid of pids) ends.add(pid, fd, what);
}

function unreadOf({ hasContents, receiveQueue = 0 }: SocketFacts): number {
  return hasContents ? receiveQueue : 0;
}

/** It has a name or a port, so that somebody may send to it. */
function isBound({ family, local, localAddress, type }: SocketFacts): boolean {
  if (family === 'unix') return local !== '' && type === 'DGRAM';
  return type === 'DGRAM' && localAddress !== undefined && localAddress.port !== 0;
}

function outsideOf({ family, remote, remoteAddress, listener, peers, local }: SocketFacts): FarEnd | undefined {
  if (family === 'netlink' || family === 'packet') return { kind: 'kernel', label: local };
  if (remoteAddress) {
    return listener === undefined
      ? { kind: 'remote', label: remote }
      : { kind: 'client', listener, label: remoteAddress.address };
  }
  const peer = peers.find(({ relation }) => relation === 'connected' || relation === 'sends-to');
  if (!peer) return undefined;
  return { kind: 'remote', label: peer.name === '' ? `socket:[${String(peer.inode)}]` : peer.name };
}

function pairLabel(one: SocketFacts, other: SocketFacts): string {
  if (one.family !== 'unix') return `${socketLabel(one)} – ${socketLabel(other)}`;
  const name = one.local === '' ? other.local : one.local;
  return name === '' ? `socketpair ${String(one.inode)} – ${String(other.inode)}` : name;
}

function socketLabel({ local, inode }: SocketFacts): string {
  return local === '' ? `socket:[${String(inode)}]` : local;
}
