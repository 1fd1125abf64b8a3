import type { MatchSource, SearchMatch } from '../../../../protocol/search.ts';
import type { DecodedImage, ImageEntry } from '../../../criu/image.ts';
import type { ImageDirectory } from '../../../criu/image-directory.ts';
import type { Span } from '../../../criu/image-reader.ts';
import type {
  BpfmapDataEntry,
  GhostChunkEntry,
  IpcMsgEntry,
  PipeDataEntry,
  SkPacketEntry,
  TtyDataEntry,
} from '../../../criu/schema/generated/messages.ts';
import { memorySource } from '../../../bytes/sources.ts';
import type { ContentOwners, Owner } from './content-owners.ts';
import { ContentSpace, type ContentSpan } from './content-space.ts';
import type { Places } from './places.ts';
import type { PlacedMatch } from './space.ts';

/** Something that the checkpoint keeps because no file system does. */
interface Kept {
  readonly source: MatchSource;
  /** What was sent at once is read at once: nothing goes on from one span to the next. */
  readonly separate?: boolean;
  readonly spans: Span[];
  readonly owner: () => Promise<Owner>;
}

const NO_OWNER = (label: string) => (): Promise<Owner> => Promise.resolve({ label, holders: [] });

/** Contents of files that were deleted while they were open, one space each. */
export async function* ghostSpaces(
  images: ImageDirectory,
  places: Places,
  owners: ContentOwners,
  signal?: AbortSignal,
): AsyncGenerator<ContentSpace> {
  for (const name of images.names()) {
    const id = /^ghost-file-([0-9a-f]+)\.img$/.exec(name)?.[1];
    if (id === undefined) continue;
    const entries = (await images.image(name, signal))?.entries ?? [];
    const spans = entries.flatMap((entry) => ghostSpan(entry));
    const describe = describer('ghost', () => owners.ghost(name, parseInt(id, 16)), identity);
    yield ofImage(images, places, name, inOrder(spans), describe);
  }
}

/** Bytes that were on their way, one space for each queue. */
export async function* queueSpaces(
  images: ImageDirectory,
  places: Places,
  owners: ContentOwners,
  signal?: AbortSignal,
): AsyncGenerator<ContentSpace> {
  for (const name of images.names()) {
    if (!KEPT_IMAGES.test(name)) continue;
    const image = await images.image(name, signal);
    if (image?.row?.kind === 'TTY_DATA') yield* terminals(images, name, image, owners);
    else for (const kept of image ? keptIn(image, name, owners).values() : []) yield ofKept(images, places, name, kept);
  }
}

const KEPT_IMAGES = /^(?:pipes-data|fifo-data|sk-queues|tty-data|bpfmap-data|tcp-stream-[0-9a-f]+|ipcns-msg-\d+)\.img$/;

function ghostSpan({ message, extra }: ImageEntry): readonly ContentSpan[] {
  if (extra?.type !== 'bytes' || extra.span.length === 0) return [];
  const at = 'off' in message ? (message as GhostChunkEntry).off : 0n;
  return [{ at, length: extra.span.length, offset: extra.span.offset }];
}

/** The queues of an image by what they are queues of. */
function keptIn({ entries, row }: DecodedImage, name: string, owners: ContentOwners): ReadonlyMap<unknown, Kept> {
  const found = new Map<unknown, Kept>();
  const add = (key: unknown, span: Span, make: () => Omit<Kept, 'spans'>): void => {
    const kept = found.get(key);
    if (kept) kept.spans.push(span);
    else found.set(key, { ...make(), spans: [span] });
  };
  for (const { message, extra } of entries) {
    if (extra?.type === 'queues') {
      const inode = parseInt(/-([0-9a-f]+)\.img$/.exec(name)?.[1] ?? '', 16);
      add('received', extra.received, () => ({ source: 'socket', owner: () => owners.connection(inode, 'unread') }));
      add('sent', extra.sent, () => ({ source: 'socket', owner: () => owners.connection(inode, 'unsent') }));
    } else if (extra?.type === 'messages') {
      const { id } = (message as IpcMsgEntry).desc;
      const owner = NO_OWNER(`message queue ${String(id)}`);
      for (const { content } of extra.messages) {
        add(id, content, () => ({ source: 'message-queue', separate: true, owner }));
      }
    } else if (extra?.type === 'bytes') {
      const { span } = extra;
      switch (row?.kind) {
        case 'PIPES_DATA':
        case 'FIFO_DATA': {
          const kind = row.kind === 'FIFO_DATA' ? 'fifo' : 'pipe';
          const id = (message as PipeDataEntry).pipe_id;
          add(id, span, () => ({ source: kind, owner: () => owners.pipe(kind, id) }));
          break;
        }
        case 'SK_QUEUES': {
          const id = (message as SkPacketEntry).id_for;
          const separate = owners.keepsPackets(id);
          add(id, span, () => ({ source: 'socket', separate, owner: () => owners.unixSocket(id) }));
          break;
        }
        case 'BPFMAP_DATA': {
          const { map_id: id, keys_bytes: keys } = message as BpfmapDataEntry;
          const border = Math.min(keys, span.length);
          add(`${String(id)} keys`, { offset: span.offset, length: border }, () => ({
            source: 'bpf-map',
            owner: () => owners.bpfMap(id, 'keys'),
          }));
          add(`${String(id)} values`, { offset: span.offset + border, length: span.length - border }, () => ({
            source: 'bpf-map',
            owner: () => owners.bpfMap(id, 'values'),
          }));
          break;
        }
        default:
      }
    }
  }
  return found;
}

function ofKept(images: ImageDirectory, places: Places, name: string, kept: Kept): ContentSpace {
  const spans: ContentSpan[] = [];
  // Where packets are separate a place that holds nothing lies between two of them.
  const gap = kept.separate ? 1n : 0n;
  let end = 0n;
  for (const { offset, length } of kept.spans) {
    spans.push({ at: end, length, offset });
    end += BigInt(length) + gap;
  }
  const offsetOf = (place: bigint): bigint => place - gap * BigInt(spans.findLastIndex(({ at }) => at <= place));
  return ofImage(images, places, name, spans, describer(kept.source, kept.owner, offsetOf));
}

/** The bytes of a terminal are a field of the message, and not a place in the image. */
function* terminals(
  images: ImageDirectory,
  name: string,
  { entries }: DecodedImage,
  owners: ContentOwners,
): Generator<ContentSpace> {
  const where = images.path(name);
  for (const { message } of entries) {
    const { tty_id, data } = message as TtyDataEntry;
    const opened = Promise.resolve({ source: memorySource(data, where) });
    const spans = [{ at: 0n, length: data.length, offset: 0 }];
    yield new ContentSpace(
      where,
      () => opened,
      spans,
      describer('tty', () => owners.terminal(tty_id), identity),
    );
  }
}

type Describe = ContentSpace['describe'];

function describer(source: MatchSource, owner: () => Promise<Owner>, offsetOf: (place: bigint) => bigint): Describe {
  let known: Promise<Owner> | undefined;
  return async (match) => {
    const { label = '', path, holders } = await (known ??= owner());
    const found = contentMatch(source, label, { ...match, start: offsetOf(match.start) }, path);
    return [holders.length > 0 ? { ...found, holders } : found];
  };
}

function identity(place: bigint): bigint {
  return place;
}

function ofImage(
  images: ImageDirectory,
  places: Places,
  name: string,
  spans: readonly ContentSpan[],
  describe: Describe,
): ContentSpace {
  const where = images.path(name);
  return new ContentSpace(where, () => places.open(where), spans, describe);
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
