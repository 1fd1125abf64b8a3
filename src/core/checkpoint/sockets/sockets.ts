import type { NetworkNamespace } from '../../../protocol/networks.ts';
import type { Note } from '../../../protocol/note.ts';
import type { ImagePlace } from '../../../protocol/raw.ts';
import type {
  SocketDetail,
  SocketFacts,
  SocketHolder,
  SocketQueue,
  TrackedConnection,
} from '../../../protocol/sockets.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { Breather, orCancelled } from '../../bytes/cancel.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { FownEntry, SkOptsEntry } from '../../criu/schema/generated/messages.ts';
import { readDescriptorTables } from '../descriptors/descriptor-tables.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { machineOf } from '../machine.ts';
import { OpenFlags } from '../open-files/flag-words.ts';
import type { Notebook } from '../notebook.ts';
import type { Processes } from '../processes.ts';
import { imagePlaces } from './image-places.ts';
import { describeStream, hasStream, isListening, isTcp } from './inet-sockets.ts';
import { describeNetlinkDetail, describePacketDetail } from './kernel-sockets.ts';
import { readNetworkNamespaces } from './network-namespaces.ts';
import { linkSockets, type DescribedSocket, type Links } from './peers.ts';
import { describeSocket, isOutsideSocket, socketMessage, type SocketMessage } from './socket-core.ts';
import { commonOptions, inetOptions, packetOptions } from './socket-options.ts';
import {
  describePackets,
  describeReceived,
  describeSent,
  queuedBytes,
  SocketQueues,
  type StreamQueues,
} from './socket-queues.ts';
import { readTrackedConnections } from './tracked-connections.ts';
import { describeUnixDetail } from './unix-sockets.ts';

/** More than a container has; keeps a hostile table from filling the memory. */
const maxSockets = 100_000;

/** What was read of the images to answer one question. */
interface Reading {
  readonly sockets: ReadonlyMap<number, DescribedSocket>;
  readonly queues: SocketQueues;
}

/** The sockets of a checkpoint. */
export interface Sockets {
  /**
   * All of them, also those that no process has open: on their way in a queue, or outside and known because somebody
   * sends to them. First those with a descriptor, by process and number.
   */
  list(signal?: AbortSignal): Promise<readonly SocketFacts[]>;
  /** Everything known of one, or undefined where there is none with that id. */
  detail(id: number, signal?: AbortSignal): Promise<SocketDetail | undefined>;
  /** Everything known of some, one after the other: of many, all at once would be much. */
  details(ids: readonly number[], signal?: AbortSignal): AsyncIterable<SocketDetail>;
  /** The images that tell of one, each with the entry that does. */
  places(id: number, signal?: AbortSignal): Promise<readonly ImagePlace[]>;
  /** What the kernel's connection tracking knew, of connections with a socket and without. */
  connections(signal?: AbortSignal): Promise<readonly TrackedConnection[]>;
  /** The network namespaces of the dump, with their interfaces, addresses and routes. */
  networks(signal?: AbortSignal): Promise<readonly NetworkNamespace[]>;
  /** CRIU's own messages by socket, for who needs what the facts leave out. */
  messages(signal?: AbortSignal): Promise<ReadonlyMap<number, SocketMessage>>;
}

/** What the files of the dump say, joined with queues, descriptors and each other. */
export class DumpedSockets implements Sockets {
  readonly #images: ImageDirectory;
  readonly #processes: Processes;
  readonly #notebook: Notebook;
  #facts: readonly SocketFacts[] | undefined;
  #listing: Promise<readonly SocketFacts[]> | undefined;

  constructor(images: ImageDirectory, processes: Processes, notebook: Notebook) {
    this.#images = images;
    this.#processes = processes;
    this.#notebook = notebook;
  }

  /** Who asks at the same time shares the work; what is known of the whole archive is kept. */
  list(signal?: AbortSignal): Promise<readonly SocketFacts[]> {
    if (this.#facts) return Promise.resolve(this.#facts);
    this.#listing ??= this.#readAll().finally(() => (this.#listing = undefined));
    return orCancelled(this.#listing, signal);
  }

  async detail(id: number, signal?: AbortSignal): Promise<SocketDetail | undefined> {
    for await (const detail of this.details([id], signal)) return detail;
    return undefined;
  }

  async *details(ids: readonly number[], signal?: AbortSignal): AsyncGenerator<SocketDetail> {
    const facts = new Map((await this.list(signal)).map((socket) => [socket.id, socket]));
    const reading = await this.#read(signal);
    const tracked = bySocket(await this.connections(signal));
    const openFlags = new OpenFlags(await machineOf(this.#images, this.#processes, signal));
    for (const id of ids) {
      const socket = facts.get(id);
      const described = reading.sockets.get(id);
      if (!socket || !described) continue;
      yield {
        ...(await this.#describeDetail(socket, described, reading, signal)),
        flagNames: openFlags.names(socket.flags),
        tracked: tracked.get(id) ?? [],
      };
    }
  }

  async places(id: number, signal?: AbortSignal): Promise<readonly ImagePlace[]> {
    const facts = (await this.list(signal)).find((socket) => socket.id === id);
    const message = (await this.messages(signal)).get(id);
    return facts && message ? imagePlaces(this.#images, facts, message, signal) : [];
  }

  async connections(signal?: AbortSignal): Promise<readonly TrackedConnection[]> {
    const tell = (notes: readonly Note[]): void => this.#notebook.add(...notes);
    return readTrackedConnections(this.#images, await this.list(signal), tell, signal);
  }

  networks(signal?: AbortSignal): Promise<readonly NetworkNamespace[]> {
    return readNetworkNamespaces(this.#images, (notes) => this.#notebook.add(...notes), signal);
  }

  async messages(signal?: AbortSignal): Promise<ReadonlyMap<number, SocketMessage>> {
    const { sockets } = await this.#read(signal);
    return new Map([...sockets].map(([id, { socket }]) => [id, socket]));
  }

  async #read(signal?: AbortSignal): Promise<Reading> {
    const files = await FileTable.load(this.#images, signal);
    const machine = await machineOf(this.#images, this.#processes, signal);
    const sockets = new Map<number, DescribedSocket>();
    for (const file of files.entries) {
      const socket = socketMessage(file);
      if (!socket) continue;
      if (sockets.size === maxSockets) {
        this.#noteTooMany();
        break;
      }
      sockets.set(file.id, { socket, core: { ...describeSocket(socket, machine), id: file.id } });
    }
    return { sockets, queues: await SocketQueues.load(this.#images, signal) };
  }

  async #readAll(): Promise<readonly SocketFacts[]> {
    const { complete } = this.#images;
    const { sockets, queues } = await this.#read();
    const holders = await this.#holders(sockets);
    const passed = passedSockets(sockets, queues);
    const links = linkSockets(sockets);
    const breather = new Breather();
    const facts: SocketFacts[] = [];
    for (const [id, { core, socket }] of sockets) {
      if (breather.isDue) await breather.breathe();
      const link = links.get(id);
      const sizes = await this.#sizes(id, socket, queues, link);
      facts.push({
        ...core,
        image: this.#images.path(this.#imageOf(socket)),
        remote: core.remote === '' ? remoteName(link) : core.remote,
        ...sizes,
        isOutside: isOutsideSocket(socket),
        holders: holders.get(id) ?? [],
        passedThrough: passed.get(id) ?? [],
        peers: link?.peers ?? [],
        ...(link?.listener !== undefined && { listener: link.listener }),
      });
    }
    this.#noteStrayPackets(sockets, queues);
    facts.sort(byHolder);
    if (complete) this.#facts = facts;
    return facts;
  }

  async #holders(sockets: ReadonlyMap<number, unknown>): Promise<ReadonlyMap<number, readonly SocketHolder[]>> {
    const files = await FileTable.load(this.#images);
    const holders = new Map<number, SocketHolder[]>();
    for (const { pids, descriptors } of await readDescriptorTables(this.#images, this.#processes, files)) {
      for (const { fd, fileId, file } of descriptors) {
        if (!sockets.has(fileId) || !file || !socketMessage(file)) continue;
        const known = holders.get(fileId);
        if (known) known.push({ fd, pids });
        else holders.set(fileId, [{ fd, pids }]);
      }
    }
    return holders;
  }

  async #sizes(
    id: number,
    socket: SocketMessage,
    queues: SocketQueues,
    links: Links | undefined,
  ): Promise<Pick<SocketFacts, 'receiveQueue' | 'sendQueue' | 'hasContents'>> {
    switch (socket.kind) {
      case 'unix': {
        const { message } = socket;
        if (isOutsideSocket(socket)) return { hasContents: false };
        const packets = queues.packets(id);
        const waiting = links?.peers.filter(({ relation }) => relation === 'keeps-waiting').length ?? 0;
        return {
          receiveQueue: isListening(message) ? waiting : queuedBytes(packets),
          sendQueue: message.backlog,
          hasContents: packets.some(({ span }) => span.length > 0),
        };
      }
      case 'inet': {
        const { message } = socket;
        // What a datagram socket had received CRIU drops: criu criu/sk-inet.c, can_dump_inet_sk.
        if (!isTcp(message)) return { sendQueue: message.backlog, hasContents: false };
        if (isListening(message)) return { receiveQueue: 0, sendQueue: message.backlog, hasContents: false };
        // Of one without a connection the backlog is another number: criu criu/sk-inet.c, gen_uncon_sk.
        if (!hasStream(message)) return { receiveQueue: 0, sendQueue: 0, hasContents: false };
        const stream = await queues.stream(message.ino);
        if (!stream) return { sendQueue: message.backlog, hasContents: false };
        return {
          receiveQueue: stream.stream.inq_len,
          sendQueue: stream.stream.outq_len,
          hasContents: stream.received.length + stream.sent.length > 0,
        };
      }
      case 'netlink':
        // CRIU does not dump one that has something to be read.
        return { receiveQueue: 0, hasContents: false };
      case 'packet':
        return { hasContents: false };
    }
  }

  async #describeDetail(
    facts: SocketFacts,
    { socket }: DescribedSocket,
    { sockets, queues }: Reading,
    signal?: AbortSignal,
  ): Promise<Omit<SocketDetail, 'tracked' | 'flagNames'>> {
    const { opts, fown }: { readonly opts: SkOptsEntry; readonly fown: FownEntry } = socket.message;
    const options = commonOptions(opts, fown);
    switch (socket.kind) {
      case 'inet': {
        const { message } = socket;
        const stream = hasStream(message) ? await queues.stream(message.ino, signal) : undefined;
        return {
          ...facts,
          ...(stream && this.#describeStream(facts, stream)),
          options: [...options, ...inetOptions(message, stream?.stream)],
        };
      }
      case 'unix': {
        const { message } = socket;
        const passed = (fileId: number) => ({ fileId, isSocket: sockets.has(fileId) });
        const received = describePackets(queues.packets(facts.id), passed, contentsPath(facts, 'received'));
        const hasQueue = !isListening(message) && !facts.isOutside;
        return {
          ...facts,
          ...(hasQueue && { received }),
          // Of one outside CRIU knows no options: what stands there are zeros.
          options: facts.isOutside ? [] : options,
          unix: describeUnixDetail(message),
        };
      }
      case 'netlink':
        return { ...facts, options, netlink: describeNetlinkDetail(socket.message) };
      case 'packet':
        return {
          ...facts,
          options: [...options, ...packetOptions(socket.message)],
          packet: describePacketDetail(socket.message),
        };
    }
  }

  #describeStream(facts: SocketFacts, queues: StreamQueues): Pick<SocketDetail, 'received' | 'sent' | 'tcp'> {
    const received: SocketQueue = describeReceived(queues, contentsPath(facts, 'received'));
    const sent: SocketQueue = describeSent(queues, contentsPath(facts, 'sent'));
    return { received, sent, tcp: describeStream(queues.stream, this.#images.path(queues.image)) };
  }

  /** Before CRIU 3.4 each kind of file had an image of its own. */
  #imageOf({ kind }: SocketMessage): string {
    const together = fileOf('FILES');
    if (this.#images.has(together)) return together;
    return fileOf(({ inet: 'INETSK', unix: 'UNIXSK', netlink: 'NETLINK_SK', packet: 'PACKETSK' } as const)[kind]);
  }

  #noteTooMany(): void {
    const where = this.#images.path(fileOf('FILES'));
    const text = sentence('{0} holds more than {1} sockets; only these are shown.', where, maxSockets);
    this.#notebook.add({ kind: 'may-be-incomplete', where, text });
  }

  #noteStrayPackets(sockets: ReadonlyMap<number, DescribedSocket>, queues: SocketQueues): void {
    if (!this.#images.complete) return;
    const strays = [...queues.owners()].filter((id) => sockets.get(id)?.socket.kind !== 'unix');
    if (strays.length === 0) return;
    const where = this.#images.path(SocketQueues.packetImage);
    const bytes = strays.reduce((sum, id) => sum + queuedBytes(queues.packets(id)), 0);
    const text = sentence(
      '{0} holds {1} bytes that stood in queues of sockets which no image describes. They are only in the image itself.',
      where,
      bytes,
    );
    this.#notebook.add({ kind: 'damaged', where, text });
  }
}

/** Where the bytes of a queue lie in the file view. */
export function contentsPath({ id, inode }: Pick<SocketFacts, 'id' | 'inode'>, queue: 'received' | 'sent'): string {
  return `/contents/sockets/${String(inode ?? id)}/${queue}`;
}

/** By the socket that is passed: those in whose queues it is. */
function passedSockets(
  sockets: ReadonlyMap<number, DescribedSocket>,
  queues: SocketQueues,
): ReadonlyMap<number, readonly number[]> {
  const passed = new Map<number, number[]>();
  for (const owner of queues.owners()) {
    if (!sockets.has(owner)) continue;
    const rights = new Set(queues.packets(owner).flatMap((packet) => packet.rights));
    for (const id of rights) {
      if (!sockets.has(id)) continue;
      const through = passed.get(id);
      if (through) through.push(owner);
      else passed.set(id, [owner]);
    }
  }
  return passed;
}

function bySocket(connections: readonly TrackedConnection[]): ReadonlyMap<number, readonly TrackedConnection[]> {
  const tracked = new Map<number, TrackedConnection[]>();
  for (const connection of connections) {
    for (const id of connection.sockets) {
      const known = tracked.get(id);
      if (known) known.push(connection);
      else tracked.set(id, [connection]);
    }
  }
  return tracked;
}

/** The name of the one other end, where it has one. */
function remoteName(links: Links | undefined): string {
  return links?.peers.find(({ relation }) => relation !== 'receives-from' && relation !== 'keeps-waiting')?.name ?? '';
}

/** Those that no process has open come last, in the order of the image. */
function byHolder(one: SocketFacts, other: SocketFacts): number {
  const [first, second] = [one.holders[0], other.holders[0]];
  if (!first || !second) return Number(!first) - Number(!second);
  return (first.pids[0] ?? 0) - (second.pids[0] ?? 0) || first.fd - second.fd;
}
