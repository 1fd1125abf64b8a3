import type { Note, NoteKind } from '../../../protocol/note.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { uint16At, uint32At } from '../byte-order.ts';
import { ImageReader } from '../image-reader.ts';
import type { JsonObject, JsonValue } from '../json-text.ts';
import { readAttributes, type AttributeTable, type Reading } from './attributes.ts';
import { wordOf, type ReadValue, type Shown } from './values.ts';

/** What stands before the attributes of a kind of message, and which attributes it may have. */
export interface MessageForm {
  readonly name: string;
  /** Name and size in bytes of the structure behind the message's head. */
  readonly head: readonly [name: string, size: number, read: ReadValue];
  readonly attributes: AttributeTable;
}

/** How an image of netlink messages is put together. */
export interface NetlinkFormat {
  /** The word that `ip … save` writes first. */
  readonly magic?: number;
  /** By the type of the message. */
  readonly messages: Readonly<Record<number, MessageForm>>;
}

export interface NetlinkMessage {
  /** Where its head stands in the image, bytes. */
  readonly offset: number;
  readonly type: number;
  /**
   * What it says: `{"nlmsghdr": {…}, …}` with the structure of its type by its name, and `attributes`. A message of an
   * unknown type has its bytes (base64) under `payload`.
   */
  readonly content: JsonObject;
}

const headSize = 16;
/** Larger than what the kernel answers with, of which the attributes' lengths are 16 bits wide. */
const maxMessage = 1024 * 1024;
const maxNotes = 100;

const messageFlags: Shown = {
  flags: [
    ['NLM_F_REQUEST', 0x01],
    ['NLM_F_MULTI', 0x02],
    ['NLM_F_ACK', 0x04],
    ['NLM_F_ECHO', 0x08],
    ['NLM_F_DUMP_INTR', 0x10],
    ['NLM_F_DUMP_FILTERED', 0x20],
  ],
};

const noMagic = '{0} does not start with {1}, as what "ip" saves does: what it holds cannot be told.';
const badLength =
  '{0} holds a netlink message of {1} bytes at offset {2}, which none has. What stands before it is shown.';
const cutShort = '{0} ends within the netlink message at offset {1}. What stands before it is shown.';
const badMessage =
  'The netlink message at offset {1} of {0} is damaged at offset {2}: {3}. What could be read of it is shown.';

/**
 * Reads an image of netlink messages one by one, holding one at a time. Damage never throws.
 * @param name entry path in the archive, for the notes.
 * @param visit `false` ends the visit.
 * @param pretty words for numbers, as in `decode --pretty`.
 * @returns what is wrong with the image; one without a byte is an empty table
 * @throws CheckpointError what the source throws
 */
export async function visitNetlink(
  source: ByteSource,
  name: string,
  format: NetlinkFormat,
  visit: (message: NetlinkMessage) => boolean | Promise<boolean>,
  pretty = false,
  signal?: AbortSignal,
): Promise<readonly Note[]> {
  const notes: Note[] = [];
  const tell = (kind: NoteKind, offset: number, template: string, ...args: (string | number)[]): void => {
    if (notes.length < maxNotes) notes.push({ kind, where: name, offset, text: sentence(template, name, ...args) });
  };
  const reader = new ImageReader(source, signal);
  if (format.magic !== undefined && reader.rest > 0) {
    const isThere = await reader.fill(4);
    if (isThere) reader.isBigEndian = uint32At(reader.ahead(), 0, true) === format.magic;
    if (!isThere || reader.uint32() !== format.magic) {
      tell(isThere ? 'damaged' : 'truncated', 0, noMagic, `0x${format.magic.toString(16)}`);
      return notes;
    }
  }
  while (reader.rest > 0) {
    const offset = reader.position;
    if (!(await reader.fill(headSize))) {
      tell('truncated', offset, cutShort, offset);
      break;
    }
    reader.isBigEndian ||= offset === 0 && isTurned(reader);
    const length = uint32At(reader.ahead(), 0, reader.isBigEndian);
    if (length < headSize || length > maxMessage) {
      tell('damaged', offset, badLength, length, offset);
      break;
    }
    if (!(await reader.fill(length))) {
      tell('truncated', offset, cutShort, offset);
      break;
    }
    const reading: Reading = { pretty, depth: 0, isBigEndian: reader.isBigEndian };
    const message = readMessage(reader.take(length), offset, format, reading);
    if (reading.damage) {
      const at = offset + reading.damage.position;
      tell('damaged', at, badMessage, offset, at, reading.damage.what);
    }
    if (!(await visit(message))) break;
  }
  return notes;
}

/** The first length of an image makes sense only in the other byte order. */
function isTurned(reader: ImageReader): boolean {
  const [little, big] = [false, true].map((isBigEndian) => {
    const length = uint32At(reader.ahead(), 0, isBigEndian);
    return length >= headSize && length <= Math.min(maxMessage, reader.rest);
  });
  return little === false && big === true;
}

function readMessage(taken: Uint8Array, offset: number, format: NetlinkFormat, reading: Reading): NetlinkMessage {
  const bytes = Buffer.from(taken.buffer, taken.byteOffset, taken.byteLength);
  const { isBigEndian } = reading;
  const type = uint16At(bytes, 4, isBigEndian);
  const form = format.messages[type];
  const content: Record<string, JsonValue> = {
    nlmsghdr: {
      type: reading.pretty ? (form?.name ?? type) : type,
      flags: wordOf(uint16At(bytes, 6, isBigEndian), reading.pretty ? messageFlags : {}),
      seq: uint32At(bytes, 8, isBigEndian),
      pid: uint32At(bytes, 12, isBigEndian),
    },
  };
  if (!form) return { offset, type, content: { ...content, payload: bytes.toString('base64', headSize) } };
  const [headName, size, read] = form.head;
  const start = headSize + size;
  const head = start <= bytes.length ? read(bytes, headSize, start, reading) : undefined;
  if (head === undefined) {
    reading.damage = { what: 'it ends within its first part', position: headSize };
    return { offset, type, content: { ...content, payload: bytes.toString('base64', headSize) } };
  }
  content[headName] = head;
  content['attributes'] = readAttributes(bytes, start, bytes.length, form.attributes, reading);
  return { offset, type, content };
}
