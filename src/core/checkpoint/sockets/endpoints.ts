import type { SocketAddress } from '../../../protocol/sockets.ts';
import type { InetSkEntry } from '../../criu/schema/generated/messages.ts';
import { isListening, isTcp } from './inet-sockets.ts';

/** Addresses that stand for every address of the machine. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * An address as the other side may write it: an IPv6 socket that talks IPv4 has a mapped address, and its IPv4 partner
 * the plain one.
 */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** Joins what an Internet socket says of itself with what others say of it. Ids are of the sockets' files. */
export class EndpointIndex {
  readonly #connected = new Map<string, number>();
  readonly #bound = new Map<string, number>();
  /** Addresses that are this machine's own, by namespace. */
  readonly #own = new Set<string>();

  add(id: number, socket: InetSkEntry, local: SocketAddress, remote: SocketAddress | undefined): void {
    const scope = scopeOf(socket);
    const address = plainAddress(local.address);
    if (!WILDCARDS.has(address)) this.#own.add(`${String(socket.ns_id)}|${address}`);
    if (remote) {
      put(this.#connected, `${scope}|${endpoint(local)}|${endpoint(remote)}`, id);
      return;
    }
    // Of TCP only a listener takes what is sent to it.
    if (local.port === 0 || (isTcp(socket) && !isListening(socket))) return;
    put(this.#bound, `${scope}|${address}|${String(local.port)}`, id);
    // Without IPV6_V6ONLY it takes IPv4 too.
    if (address === '::' && socket.v6only === false) put(this.#bound, `${scope}|0.0.0.0|${String(local.port)}`, id);
  }

  /** The socket that has this one's addresses the other way round. */
  mirror(socket: InetSkEntry, local: SocketAddress, remote: SocketAddress): number | undefined {
    return this.#connected.get(`${scopeOf(socket)}|${endpoint(remote)}|${endpoint(local)}`);
  }

  /** The socket that takes what is sent to an address, where the address is the machine's own. */
  receiver(socket: InetSkEntry, to: SocketAddress): number | undefined {
    const scope = scopeOf(socket);
    const address = plainAddress(to.address);
    const exact = this.#bound.get(`${scope}|${address}|${String(to.port)}`);
    if (exact !== undefined) return exact;
    const isOwn = isLoopback(address) || this.#own.has(`${String(socket.ns_id)}|${address}`);
    if (!isOwn) return undefined;
    const wildcard = address.includes(':') ? '::' : '0.0.0.0';
    return this.#bound.get(`${scope}|${wildcard}|${String(to.port)}`);
  }

  /** The socket without a connection that is bound to where a connected one is: of TCP the one that it came through. */
  boundAt(socket: InetSkEntry, local: SocketAddress): number | undefined {
    const scope = scopeOf(socket);
    const address = plainAddress(local.address);
    const port = String(local.port);
    const wildcard = address.includes(':') ? '::' : '0.0.0.0';
    return this.#bound.get(`${scope}|${address}|${port}`) ?? this.#bound.get(`${scope}|${wildcard}|${port}`);
  }
}

/** Of several the first: the kernel hands to one of them, and the checkpoint does not tell to which. */
function put(map: Map<string, number>, key: string, id: number): void {
  if (!map.has(key)) map.set(key, id);
}

function scopeOf({ ns_id, proto, type }: InetSkEntry): string {
  return `${String(ns_id)}|${String(proto)}|${String(type)}`;
}

function endpoint({ address, port }: SocketAddress): string {
  return `${plainAddress(address)}|${String(port)}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
