import type { PassedFile, SocketPacket, SocketQueue } from '../../../protocol/sockets.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { ImageEntry } from '../../criu/image.ts';
import type { Span } from '../../criu/image-reader.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { SkPacketEntry, TcpStreamEntry } from '../../criu/schema/generated/messages.ts';

/** What one send(2) put into the queue of a UNIX socket. */
export interface QueuedPacket {
  /** As the image says; `span` is shorter where it is damaged. */
  readonly bytes: number;
  readonly span: Span;
  /** Ids of files that are on their way with it. */
  readonly rights: readonly number[];
}

/** The two queues of a TCP connection. */
export interface StreamQueues {
  readonly stream: TcpStreamEntry;
  /** Name of the image in its folder. */
  readonly image: string;
  readonly received: Span;
  readonly sent: Span;
}

const NOTHING: Span = { offset: 0, length: 0 };
/** What a detail lists of a longer queue. */
const maxListedPackets = 1000;

/** What stood in the queues of sockets, by the sockets' file ids: sk-queues.img and the tcp-stream images. */
export class SocketQueues {
  static readonly packetImage = fileOf('SK_QUEUES');

  readonly #images: ImageDirectory;
  readonly #packets: ReadonlyMap<number, readonly QueuedPacket[]>;

  private constructor(images: ImageDirectory, packets: ReadonlyMap<number, readonly QueuedPacket[]>) {
    this.#images = images;
    this.#packets = packets;
  }

  static async load(images: ImageDirectory, signal?: AbortSignal): Promise<SocketQueues> {
    const packets = new Map<number, QueuedPacket[]>();
    for (const { message, extra } of await entriesOf(images, SocketQueues.packetImage, 'SK_QUEUES', signal)) {
      const { id_for, length, scm } = message as SkPacketEntry;
      const packet: QueuedPacket = {
        bytes: length,
        span: extra?.type === 'bytes' ? extra.span : NOTHING,
        rights: scm.flatMap(({ rights }) => rights),
      };
      const queue = packets.get(id_for);
      if (queue) queue.push(packet);
      else packets.set(id_for, [packet]);
    }
    return new SocketQueues(images, packets);
  }

  /** Ids of the files that have packets. */
  owners(): Iterable<number> {
    return this.#packets.keys();
  }

  /** In the order in which they would be received. */
  packets(fileId: number): readonly QueuedPacket[] {
    return this.#packets.get(fileId) ?? [];
  }

  /** Of the connection with this inode; undefined where the checkpoint does not hold its queues. */
  async stream(inode: number, signal?: AbortSignal): Promise<StreamQueues | undefined> {
    const image = fileOf('TCP_STREAM', inode);
    if (!this.#images.has(image)) return undefined;
    const [entry] = await entriesOf(this.#images, image, 'TCP_STREAM', signal);
    if (!entry) return undefined;
    const queues = entry.extra?.type === 'queues' ? entry.extra : { received: NOTHING, sent: NOTHING };
    return { stream: entry.message as TcpStreamEntry, image, received: queues.received, sent: queues.sent };
  }
}

/** None while the image has not come out of the decompressor. */
async function entriesOf(
  images: ImageDirectory,
  name: string,
  kind: string,
  signal?: AbortSignal,
): Promise<readonly ImageEntry[]> {
  if (!images.complete && !images.has(name)) return [];
  const image = await images.image(name, signal);
  return image?.row?.kind === kind ? image.entries : [];
}

/** Bytes of all packets together, as the image says. */
export function queuedBytes(packets: readonly QueuedPacket[]): number {
  return packets.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** @param contents path of its bytes in the file view */
export function describePackets(
  packets: readonly QueuedPacket[],
  passed: (fileId: number) => PassedFile,
  contents: string,
): SocketQueue {
  const bytes = queuedBytes(packets);
  const there = packets.reduce((sum, { span }) => sum + span.length, 0);
  return {
    bytes,
    ...(there < bytes && { missing: bytes - there }),
    packets: packets
      .slice(0, maxListedPackets)
      .map((packet): SocketPacket => ({ bytes: packet.bytes, files: packet.rights.map(passed) })),
    packetCount: packets.length,
    ...(there > 0 && { contents }),
  };
}

/** @param contents path of the bytes in the file view */
export function describeReceived({ stream, received }: StreamQueues, contents: string): SocketQueue {
  return describeSpan(stream.inq_len, received, contents);
}

/** The end of the queue is what the kernel had not sent for the first time yet. */
export function describeSent({ stream, sent }: StreamQueues, contents: string): SocketQueue {
  const unsent = Math.min(stream.unsq_len ?? 0, stream.outq_len);
  return { ...describeSpan(stream.outq_len, sent, contents), ...(stream.unsq_len !== undefined && { unsent }) };
}

function describeSpan(bytes: number, span: Span, contents: string): SocketQueue {
  return {
    bytes,
    ...(span.length < bytes && { missing: bytes - span.length }),
    ...(span.length > 0 && { contents }),
  };
}
