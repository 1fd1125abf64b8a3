import type { SocketFacts, TrackedConnection, TrackedDirection } from '../../../protocol/sockets.ts';
import type { Note } from '../../../protocol/note.ts';
import { flagsOf } from '../../criu/field-words.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { kindOfFile } from '../../criu/kinds.ts';
import { statusFlags } from '../../criu/netlink/conntrack-tables.ts';
import {
  readConntrack,
  type ConntrackCounters,
  type ConntrackEntry,
  type ConntrackTuple,
} from '../../criu/netlink/conntrack.ts';
import { plainAddress } from './endpoints.ts';
import { endpointText, ipProtocolWord } from './socket-words.ts';

/**
 * The connections that the kernel tracked in the network namespaces of the dump, each with the sockets that it belongs
 * to.
 * @param tell gets what is wrong with the images
 */
export async function readTrackedConnections(
  images: ImageDirectory,
  sockets: readonly SocketFacts[],
  tell: (notes: readonly Note[]) => void,
  signal?: AbortSignal,
): Promise<readonly TrackedConnection[]> {
  const owners = new OwnerIndex(sockets);
  const connections: TrackedConnection[] = [];
  for (const name of images.names()) {
    const kind = kindOfFile(name);
    if (kind?.row.kind !== 'NETNF_CT') continue;
    const source = await images.open(name, signal);
    if (!source) continue;
    try {
      const image = images.path(name);
      const { entries, notes } = await readConntrack(source, image, signal);
      tell(notes);
      for (const entry of entries) connections.push(describe(entry, image, Number(kind.id), owners));
    } finally {
      await source.close();
    }
  }
  return connections;
}

function describe(entry: ConntrackEntry, image: string, namespace: number, owners: OwnerIndex): TrackedConnection {
  const { original = {}, reply = {} } = entry;
  const protocol = original.protocol ?? reply.protocol;
  return {
    namespace,
    image,
    offset: entry.offset,
    protocol: protocol === undefined ? '?' : ipProtocolWord(protocol),
    ...(entry.state !== undefined && { state: entry.state }),
    original: direction(original, entry.originalCounters),
    reply: direction(reply, entry.replyCounters),
    translated: !isMirror(original, reply),
    ...(entry.timeout !== undefined && { timeout: entry.timeout }),
    status: entry.status === undefined ? [] : flagsOf(statusFlags, entry.status).split(' | ').filter(Boolean),
    sockets: protocol === undefined ? [] : owners.find(namespace, protocol, original, reply),
  };
}

function direction(tuple: ConntrackTuple, counters: ConntrackCounters | undefined): TrackedDirection {
  return {
    source: place(tuple.source, tuple.sourcePort),
    destination: place(tuple.destination, tuple.destinationPort),
    ...(counters && { packets: Number(counters.packets), bytes: Number(counters.bytes) }),
  };
}

function place(address = '?', port: number | undefined): string {
  return port === undefined ? address : endpointText(address, port);
}

function isMirror(one: ConntrackTuple, other: ConntrackTuple): boolean {
  return (
    one.source === other.destination &&
    one.destination === other.source &&
    one.sourcePort === other.destinationPort &&
    one.destinationPort === other.sourcePort
  );
}

interface End {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Which sockets a tracked connection belongs to, by the addresses that it has in either direction. */
class OwnerIndex {
  readonly #connected = new Map<string, number[]>();
  readonly #bound = new Map<string, number[]>();
  readonly #own = new Set<string>();

  constructor(sockets: readonly SocketFacts[]) {
    for (const { id, family, namespace, numbers, localAddress, remoteAddress } of sockets) {
      if (!localAddress) continue;
      const scope = `${String(namespace)}|${String(numbers.protocol)}`;
      const local = { ...localAddress, address: plainAddress(localAddress.address) };
      this.#own.add(`${String(namespace)}|${local.address}`);
      if (remoteAddress) {
        const remote = { ...remoteAddress, address: plainAddress(remoteAddress.address) };
        push(this.#connected, `${scope}|${key(local)}|${key(remote)}`, id);
      } else if (local.port !== 0) {
        push(this.#bound, `${scope}|${key(local)}`, id);
        // One for IPv6 may take IPv4 too; whether it does is another image's matter.
        if (family === 'inet6' && local.address === '::')
          push(this.#bound, `${scope}|0.0.0.0|${String(local.port)}`, id);
      }
    }
  }

  /** First those that are this connection; where none is, those that wait for such connections. */
  find(namespace: number, protocol: number, original: ConntrackTuple, reply: ConntrackTuple): readonly number[] {
    const scope = `${String(namespace)}|${String(protocol)}`;
    const pairs = [original, reply].map((tuple): readonly [End, End] => [
      { address: tuple.source, port: tuple.sourcePort },
      { address: tuple.destination, port: tuple.destinationPort },
    ]);
    const found = new Set<number>();
    for (const [source, destination] of pairs) {
      for (const id of this.#connected.get(`${scope}|${key(source)}|${key(destination)}`) ?? []) found.add(id);
      for (const id of this.#connected.get(`${scope}|${key(destination)}|${key(source)}`) ?? []) found.add(id);
    }
    if (found.size > 0) return [...found];
    // The side that was called, before and after its address was translated; and who sent without being connected.
    for (const end of pairs.flat()) for (const id of this.#waiting(namespace, scope, end)) found.add(id);
    return [...found];
  }

  #waiting(namespace: number, scope: string, end: End): readonly number[] {
    const exact = this.#bound.get(`${scope}|${key(end)}`);
    if (exact) return exact;
    const { address = '' } = end;
    const isOwn = address.startsWith('127.') || address === '::1' || this.#own.has(`${String(namespace)}|${address}`);
    if (!isOwn) return [];
    return this.#bound.get(`${scope}|${address.includes(':') ? '::' : '0.0.0.0'}|${String(end.port)}`) ?? [];
  }
}

function push(map: Map<string, number[]>, key: string, id: number): void {
  const ids = map.get(key);
  if (ids) ids.push(id);
  else map.set(key, [id]);
}

function key({
  address = '?',
  port,
}: {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}): string {
  return `${address}|${String(port)}`;
}
