import type { MatchSource, SearchMatch } from '../../../../protocol/search.ts';
import type { ImageEntry } from '../../../criu/image.ts';
import type { ImageDirectory } from '../../../criu/image-directory.ts';
import type { Span } from '../../../criu/image-reader.ts';
import type {
  GhostChunkEntry,
  IpcMsgEntry,
  PipeDataEntry,
  SkPacketEntry,
  TtyDataEntry,
} from '../../../criu/schema/generated/messages.ts';
import type { FileTable } from '../../descriptors/file-table.ts';
import { known } from '../../known-images.ts';
import { ContentSpace, type ContentSpan } from './content-space.ts';
import type { Opened, Places } from './places.ts';
import type { PlacedMatch } from './space.ts';

type QueueSource = Extract<MatchSource, 'pipe' | 'fifo' | 'tty' | 'socket' | 'message-queue'>;

/** Contents of files that were deleted while they were open, one space each. */
export async function* ghostSpaces(
  images: ImageDirectory,
  places: Places,
  files: FileTable,
  signal?: AbortSignal,
): AsyncGenerator<ContentSpace> {
  const remaps = await known(images, 'REMAP_FPATH', 'remap-fpath.img', signal);
  for (const name of images.names()) {
    const id = /^ghost-file-([0-9a-f]+)\.img$/.exec(name)?.[1];
    if (id === undefined) continue;
    const remap = remaps.find(({ remap_id }) => remap_id === parseInt(id, 16));
    const path = remap && files.path(remap.orig_id);
    const entries = (await images.image(name, signal))?.entries ?? [];
    const spans = inOrder(entries.flatMap((entry) => ghostSpan(entry)));
    yield ofImage(images, places, name, spans, 'ghost', path ?? name);
  }
}

/** Bytes that were on their way, one space for each queue. */
export async function* queueSpaces(
  images: ImageDirectory,
  places: Places,
  files: FileTable,
  signal?: AbortSignal,
): AsyncGenerator<ContentSpace> {
  for (const name of images.names()) {
    if (!/^(?:pipes-data|fifo-data|sk-queues|tty-data|tcp-stream-[0-9a-f]+|ipcns-msg-\d+)\.img$/.test(name)) continue;
    const image = await images.image(name, signal);
    const queues = new Map<string, Queue>();
    for (const entry of image?.entries ?? []) {
      for (const queued of queuedIn(entry, name, image?.row?.kind, files)) {
        const queue = queues.get(queued.label);
        if (queue) queue.spans.push(queued.span);
        else queues.set(queued.label, { ...queued, spans: [queued.span] });
      }
      if (image?.row?.kind === 'TTY_DATA') yield ofTerminal(images, name, entry.message as TtyDataEntry);
    }
    for (const queue of queues.values()) yield ofQueue(images, places, name, queue);
  }
}

function ghostSpan({ message, extra }: ImageEntry): readonly ContentSpan[] {
  if (extra?.type !== 'bytes' || extra.span.length === 0) return [];
  const at = 'off' in message ? (message as GhostChunkEntry).off : 0n;
  return [{ at, length: extra.span.length, offset: extra.span.offset }];
}

interface Queued {
  readonly source: QueueSource;
  readonly label: string;
  /** What was sent at once is read at once: nothing goes on from one to the next. */
  readonly separate: boolean;
  readonly span: Span;
}

type Queue = Omit<Queued, 'span'> & { readonly spans: Span[] };

/** Source: include/linux/net.h, SOCK_STREAM. */
const stream = 1;

function* queuedIn(
  { message, extra }: ImageEntry,
  image: string,
  kind: string | undefined,
  files: FileTable,
): Generator<Queued> {
  if (extra?.type === 'bytes' && (kind === 'PIPES_DATA' || kind === 'FIFO_DATA')) {
    const source = kind === 'FIFO_DATA' ? 'fifo' : 'pipe';
    const label = `${source}:[${String((message as PipeDataEntry).pipe_id)}]`;
    yield { source, label, separate: false, span: extra.span };
  } else if (extra?.type === 'bytes' && kind === 'SK_QUEUES') {
    const id = (message as SkPacketEntry).id_for;
    const separate = files.entry(id)?.usk?.type !== stream;
    yield { source: 'socket', label: `socket:[${String(id)}]`, separate, span: extra.span };
  } else if (extra?.type === 'queues') {
    yield { source: 'socket', label: `${image} received`, separate: false, span: extra.received };
    yield { source: 'socket', label: `${image} sent`, separate: false, span: extra.sent };
  } else if (extra?.type === 'messages') {
    const label = `message queue ${String((message as IpcMsgEntry).desc.id)}`;
    for (const { content } of extra.messages) {
      yield { source: 'message-queue', label, separate: true, span: content };
    }
  }
}

function ofQueue(images: ImageDirectory, places: Places, name: string, queue: Queue): ContentSpace {
  const spans: ContentSpan[] = [];
  // Where packets are separate a place that holds nothing lies between two of them.
  const gap = queue.separate ? 1n : 0n;
  let end = 0n;
  for (const { offset, length } of queue.spans) {
    spans.push({ at: end, length, offset });
    end += BigInt(length) + gap;
  }
  const gapsBefore = (place: bigint): bigint => gap * BigInt(spans.findLastIndex(({ at }) => at <= place));
  return ofImage(images, places, name, spans, queue.source, queue.label, (place) => place - gapsBefore(place));
}

function ofImage(
  images: ImageDirectory,
  places: Places,
  name: string,
  spans: readonly ContentSpan[],
  source: MatchSource,
  region: string,
  offsetOf = (place: bigint) => place,
): ContentSpace {
  const where = images.path(name);
  const describe = (match: PlacedMatch): Promise<readonly SearchMatch[]> =>
    Promise.resolve([contentMatch(source, region, { ...match, start: offsetOf(match.start) })]);
  return new ContentSpace(where, () => places.open(where), spans, describe);
}

/** The bytes of a terminal are a field of the message. */
function ofTerminal(images: ImageDirectory, name: string, { tty_id, data }: TtyDataEntry): ContentSpace {
  const where = images.path(name);
  const describe = (match: PlacedMatch): Promise<readonly SearchMatch[]> =>
    Promise.resolve([contentMatch('tty', `tty:[${String(tty_id)}]`, match)]);
  const source = {
    name: where,
    size: data.length,
    read: (offset: number, length: number) => Promise.resolve(data.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  };
  const opened: Opened = { source };
  return new ContentSpace(where, () => Promise.resolve(opened), [{ at: 0n, length: data.length, offset: 0 }], describe);
}

/** A match in what is not memory. */
export function contentMatch(
  source: MatchSource,
  region: string,
  { start, ...match }: PlacedMatch,
  path?: string,
): SearchMatch {
  return {
    source,
    pid: null,
    address: null,
    offset: Number(start),
    region,
    process: null,
    ...match,
    ...(path !== undefined && { path }),
  };
}

function inOrder(spans: readonly ContentSpan[]): readonly ContentSpan[] {
  return spans.toSorted((a, b) => (a.at < b.at ? -1 : 1));
}
