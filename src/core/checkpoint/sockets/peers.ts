import type { SocketPeer } from '../../../protocol/sockets.ts';
import type { InetSkEntry, NetlinkSkEntry, UnixSkEntry } from '../../criu/schema/generated/messages.ts';
import { EndpointIndex } from './endpoints.ts';
import { isListening, isTcp } from './inet-sockets.ts';
import type { SocketCore, SocketMessage } from './socket-core.ts';
import { isOutside } from './unix-sockets.ts';

/** A socket and its message, under the id of its file. */
export interface DescribedSocket {
  readonly core: SocketCore;
  readonly socket: SocketMessage;
}

export interface Links {
  readonly peers: readonly SocketPeer[];
  readonly listener?: number;
}

/** Finds for every socket the other ends that are in the checkpoint, and names those that are not. */
export function linkSockets(sockets: ReadonlyMap<number, DescribedSocket>): ReadonlyMap<number, Links> {
  const linker = new Linker(sockets);
  for (const [id, { core, socket }] of sockets) {
    if (socket.kind === 'unix') linker.linkUnix(id, socket.message, core);
    else if (socket.kind === 'inet') linker.linkInet(id, socket.message, core);
    else if (socket.kind === 'netlink') linker.linkNetlink(id, socket.message);
  }
  return linker.links;
}

interface GrowingLinks {
  readonly peers: SocketPeer[];
  listener?: number;
}

class Linker {
  readonly links = new Map<number, GrowingLinks>();
  readonly #sockets: ReadonlyMap<number, DescribedSocket>;
  readonly #endpoints = new EndpointIndex();
  readonly #unixByInode = new Map<number, { readonly id: number; readonly message: UnixSkEntry }>();
  /** A socket that was accepted has the name of the listener. */
  readonly #unixListeners = new Map<string, { readonly id: number; readonly type: number }>();
  readonly #netlinkByPort = new Map<string, number>();

  constructor(sockets: ReadonlyMap<number, DescribedSocket>) {
    this.#sockets = sockets;
    for (const [id, { core, socket }] of sockets) {
      if (socket.kind === 'unix') {
        const { message } = socket;
        if (message.ino !== 0 && !this.#unixByInode.has(message.ino))
          this.#unixByInode.set(message.ino, { id, message });
        const isListener = isListening(message) && !isOutside(message) && message.name.length > 0;
        if (isListener) this.#unixListeners.set(nameKey(message), { id, type: message.type });
      } else if (socket.kind === 'inet' && core.localAddress) {
        this.#endpoints.add(id, socket.message, core.localAddress, core.remoteAddress);
      } else if (socket.kind === 'netlink') {
        const key = portKey(socket.message, socket.message.portid);
        if (!this.#netlinkByPort.has(key)) this.#netlinkByPort.set(key, id);
      }
    }
  }

  linkUnix(id: number, message: UnixSkEntry, { type }: SocketCore): void {
    const isDatagram = type === 'DGRAM';
    const listener = isListening(message) ? undefined : this.#unixListeners.get(nameKey(message));
    if (listener?.type === message.type) this.#linksOf(id).listener = listener.id;
    if (message.peer === 0) return;
    const other = this.#unixByInode.get(message.peer);
    if (!other) {
      const relation = isDatagram ? 'sends-to' : 'connected';
      this.#add(id, { relation, inode: message.peer, name: '' });
    } else if (other.message.peer === message.ino) {
      this.#add(id, this.#peer('connected', other.id));
    } else if (!isDatagram && isListening(other.message) && !isOutside(other.message)) {
      this.#add(id, this.#peer('waits-for', other.id));
      this.#add(other.id, this.#peer('keeps-waiting', id));
    } else this.#linkOneWay(id, other.id);
  }

  linkInet(id: number, message: InetSkEntry, core: SocketCore): void {
    const { localAddress, remoteAddress } = core;
    if (!localAddress || !remoteAddress) return;
    const mirror = this.#endpoints.mirror(message, localAddress, remoteAddress);
    const receiver = mirror ?? this.#endpoints.receiver(message, remoteAddress);
    if (mirror !== undefined) this.#add(id, this.#peer('connected', mirror));
    else if (receiver !== undefined) this.#linkOneWay(id, receiver);
    const bound = isTcp(message) ? this.#endpoints.boundAt(message, localAddress) : undefined;
    const listener = bound === undefined ? undefined : this.#sockets.get(bound)?.socket;
    if (bound !== undefined && listener?.kind === 'inet' && isListening(listener.message))
      this.#linksOf(id).listener = bound;
  }

  linkNetlink(id: number, message: NetlinkSkEntry): void {
    // Port 0 is the kernel.
    const other = message.dst_portid === 0 ? undefined : this.#netlinkByPort.get(portKey(message, message.dst_portid));
    if (other === undefined) return;
    const back = this.#sockets.get(other)?.socket;
    const isMutual = back?.kind === 'netlink' && message.portid !== 0 && back.message.dst_portid === message.portid;
    if (isMutual) this.#add(id, this.#peer('connected', other));
    else this.#linkOneWay(id, other);
  }

  #linkOneWay(from: number, to: number): void {
    this.#add(from, this.#peer('sends-to', to));
    this.#add(to, this.#peer('receives-from', from));
  }

  #peer(relation: SocketPeer['relation'], id: number): SocketPeer {
    const core = this.#sockets.get(id)?.core;
    return { relation, id, ...(core?.inode !== undefined && { inode: core.inode }), name: core?.local ?? '' };
  }

  #add(id: number, peer: SocketPeer): void {
    this.#linksOf(id).peers.push(peer);
  }

  #linksOf(id: number): GrowingLinks {
    const known = this.links.get(id);
    if (known) return known;
    const links: GrowingLinks = { peers: [] };
    this.links.set(id, links);
    return links;
  }
}

/** Two sockets of one path may be on different mounts. */
function nameKey({ name, ns_id, mnt_id }: UnixSkEntry): string {
  return `${String(ns_id)}|${String(mnt_id)}|${Buffer.from(name).toString('latin1')}`;
}

function portKey({ ns_id, protocol }: NetlinkSkEntry, port: number): string {
  return `${String(ns_id)}|${String(protocol)}|${String(port)}`;
}
