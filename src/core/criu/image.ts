import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { decodeMessage, decodeOutline, type DecodedMessage } from './decode-message.ts';
import { readExtra, type Extra } from './extras.ts';
import { turnBytesInNumbers, uint32At } from './byte-order.ts';
import { ImageReader } from './image-reader.ts';
import { IMG_COMMON, IMG_SERVICE, kindOfFile, kindOfMagic, KINDS, type ExtraRule, type Kind } from './kinds.ts';
import { bulk, type Extent } from './outline.ts';
import type { MessageName } from './schema.ts';

export interface ImageEntry {
  readonly type: MessageName;
  /** One of `Messages`, by `type`. */
  readonly message: object;
  /** Where its length word stands in the image, bytes. */
  readonly offset: number;
  readonly extra?: Extra;
}

/** What an image says of itself, and what is wrong with it. */
export interface ImageFacts {
  /** Entry path in the archive; the notes' `where`. */
  readonly name: string;
  /** Of a known kind. */
  readonly row?: Kind;
  /** Absent for raw, bare and empty images. */
  readonly magic?: number;
  readonly notes: readonly Note[];
  /** Its entries are encrypted, and therefore not there. */
  readonly encrypted?: boolean;
}

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly extent?: Extent;
  /** A cipher.img lies beside it: what is no message may be an encrypted one. */
  readonly besideCipher?: boolean;
}

export interface DecodedImage extends ImageFacts {
  readonly entries: readonly ImageEntry[];
}

type Visit = (entry: ImageEntry, row: Kind) => boolean | Promise<boolean>;

const undecoded = Object.freeze({});
/** Larger than any message that CRIU writes. */
const maxMessage = 64 * 1024 * 1024;
/** How many entries are kept in memory; {@link visitImage} has no such limit. */
const maxEntries = 500_000;
/** How many notes one image may cause. */
const maxNotes = 100;

const tooLarge =
  '{0} holds an entry of {1} bytes at offset {2}, larger than any that CRIU writes. What follows cannot be read.';
const isCipher = '{0} holds the keys of an encrypted checkpoint: its images cannot be read without the owner’s.';
const isEncrypted =
  '{0} is encrypted, as the cipher.img beside it says: its entries cannot be read, only its bytes are shown.';
const badExtra = 'What follows the entry at offset {1} of {0} is damaged. What comes after it cannot be read.';

/**
 * Decodes an image whole. Damage never throws: what could be read is there, and `notes` tell what could not.
 * An image of no bytes is an empty set, as for CRIU.
 * @param name entry path in the archive, whose last part may tell the kind.
 * @returns a promise only where the source has to be waited for
 * @throws CheckpointError what the source throws
 */
export function decodeImage(
  source: ByteSource,
  name: string,
  options: DecodeOptions = {},
): DecodedImage | Promise<DecodedImage> {
  const entries: ImageEntry[] = [];
  // One more than is kept, to know whether there are more.
  const keep: Visit = (entry) => entries.push(entry) <= maxEntries;
  return after(new ImageVisit(source, name, keep, options).run(), (facts) => {
    if (entries.length <= maxEntries) return { ...facts, entries };
    entries.pop();
    const text = sentence('{0} holds more than {1} entries; only these are shown here.', name, maxEntries);
    return {
      ...facts,
      notes: [...facts.notes, note('may-be-incomplete', name, entries.at(-1)?.offset, text)],
      entries,
    };
  });
}

/**
 * Reads an image entry by entry, holding one at a time.
 * @param visit gets each entry and the image's kind; `false` ends the visit.
 * @throws CheckpointError what the source throws
 */
export async function visitImage(
  source: ByteSource,
  name: string,
  visit: Visit,
  options: DecodeOptions = {},
): Promise<ImageFacts> {
  return new ImageVisit(source, name, visit, options).run();
}

/**
 * Reads one entry again, by where it stands.
 * @param row the kind of the image.
 * @returns no entry where there is none that can be read
 * @throws CheckpointError what the source throws
 */
export async function readEntryAt(
  source: ByteSource,
  name: string,
  row: Kind,
  { type, offset }: Pick<ImageEntry, 'type' | 'offset'>,
  signal?: AbortSignal,
): Promise<{ readonly entry?: ImageEntry; readonly notes: readonly Note[] }> {
  let found: ImageEntry | undefined;
  const keep: Visit = (entry) => {
    found = entry;
    return false;
  };
  const notes = await new ImageVisit(source, name, keep, { signal }).at(row, type, offset);
  return { ...(found && { entry: found }), notes };
}

/** What stands behind the first part of a piece of work: at once, where that had not to be waited for. */
function after<A, B>(first: A | Promise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> {
  return first instanceof Promise ? first.then(next) : next(first);
}

/** Magic words that an image may begin with. */
const FIRST_WORDS: ReadonlySet<number | undefined> = new Set([
  ...[IMG_COMMON, IMG_SERVICE],
  ...(KINDS as readonly Kind[]).map(({ magic }) => magic),
]);

/**
 * Passes over the head: the magic of the kind; undefined where the image ends before it. From here on the reader knows
 * in which byte order the image was written.
 * @returns a promise only where the source has to be waited for
 */
export function readHead(reader: ImageReader): number | undefined | Promise<number | undefined> {
  return after(reader.fill(4), (hasFirst) => {
    if (!hasFirst) return undefined;
    reader.isBigEndian = FIRST_WORDS.has(uint32At(reader.ahead(), 0, true));
    const first = reader.uint32();
    if (first !== IMG_COMMON && first !== IMG_SERVICE) return first;
    return after(reader.fill(4), (hasSecond) => (hasSecond ? reader.uint32() : undefined));
  });
}

/** @param named the kind that the file's name stands for, which begins with a magic of its own */
function unknownHead(name: string, magic: number, named: Kind | undefined): [NoteKind, Sentence] {
  if (named?.magic !== undefined) {
    return [
      'damaged',
      sentence(
        '{0} has the name of a {1} image and starts with {2}, as none does: it is shown as bytes only.',
        name,
        named.kind,
        hex32(magic),
      ),
    ];
  }
  return [
    'unknown',
    sentence('{0} starts with {1}, which no known kind of image does: it is shown as bytes only.', name, hex32(magic)),
  ];
}

/** One way through an image. Waits, and makes promises, only where the source or the visitor has to be waited for. */
class ImageVisit {
  readonly #reader: ImageReader;
  readonly #name: string;
  readonly #visit: Visit;
  readonly #extent: Extent;
  readonly #notes: Note[] = [];
  /** True as long as the first entry may show that all of them are encrypted. */
  #mayBeEncrypted: boolean;
  #isEncrypted = false;

  constructor(source: ByteSource, name: string, visit: Visit, options: DecodeOptions) {
    this.#reader = new ImageReader(source, options.signal);
    this.#name = name;
    this.#visit = visit;
    this.#extent = options.extent ?? 'whole';
    this.#mayBeEncrypted = options.besideCipher === true;
  }

  run(): ImageFacts | Promise<ImageFacts> {
    const name = this.#name;
    const notes = this.#notes;
    const named = kindOfFile(name.slice(name.lastIndexOf('/') + 1))?.row;
    if (named?.framing === 'raw') return { name, row: named, notes };
    const { rest } = this.#reader;
    if (named?.kind === 'CIPHER' && rest > 0) this.#tell('encrypted', undefined, sentence(isCipher, name));
    if (rest === 0) return { name, ...(named && { row: named }), notes };
    if (named?.framing === 'bare') {
      return after(this.#readEntry(named, named.message as MessageName, rest, 0), () => ({ name, row: named, notes }));
    }
    return after(readHead(this.#reader), (magic) => this.#afterHead(named, magic));
  }

  async at(row: Kind, type: MessageName, offset: number): Promise<readonly Note[]> {
    if (row.framing !== 'bare') await readHead(this.#reader);
    this.#reader.position = offset;
    await (row.framing === 'bare' ? this.#readEntry(row, type, this.#reader.rest, offset) : this.#readNext(row, type));
    return this.#notes;
  }

  #afterHead(named: Kind | undefined, magic: number | undefined): ImageFacts | Promise<ImageFacts> {
    const name = this.#name;
    const notes = this.#notes;
    if (magic === undefined) {
      this.#tell('truncated', 0, sentence('{0} ends within its first bytes: it is no image any more.', name));
      return { name, ...(named && { row: named }), notes };
    }
    const row = kindOfMagic(magic, name.slice(name.lastIndexOf('/') + 1));
    if (row === undefined) {
      const [kind, text] = unknownHead(name, magic, named);
      this.#tell(kind, 0, text);
      return { name, magic, notes };
    }
    if (named?.magic !== undefined && named.magic !== magic) {
      this.#tell(
        'damaged',
        0,
        sentence('{0} has the name of a {1} image and holds one of kind {2}.', name, named.kind, row.kind),
      );
    }
    const facts = { name, row, magic, notes };
    if (row.message) {
      return after(this.#readEntries(row, row.message), () =>
        this.#isEncrypted ? { ...facts, encrypted: true } : facts,
      );
    }
    this.#tell('unknown', 0, sentence('{0} is of the kind {1}, whose content is not known here.', name, row.kind));
    return facts;
  }

  #readEntries(row: Kind, message: MessageName): boolean | Promise<boolean> {
    for (let index = 0; ; index++) {
      const more = this.#readNext(row, index === 0 ? (row.head ?? message) : message);
      if (more instanceof Promise) return this.#readRest(row, message, more);
      if (!more) return false;
    }
  }

  async #readRest(row: Kind, message: MessageName, first: Promise<boolean>): Promise<boolean> {
    for (let more = await first; more;) {
      const next = this.#readNext(row, message);
      more = typeof next === 'boolean' ? next : await next;
    }
    return false;
  }

  /** @returns whether there was an entry, and the image can be read on */
  #readNext(row: Kind, type: MessageName): boolean | Promise<boolean> {
    const reader = this.#reader;
    const offset = reader.position;
    return after(reader.fill(4), (isThere) => {
      if (isThere) return this.#readEntry(row, type, reader.uint32(), offset);
      if (reader.rest > 0) this.#tellEnd(offset);
      return false;
    });
  }

  /**
   * Reads a message of `size` bytes that stands here, and what follows it.
   * @param offset where the entry starts, for messages.
   * @returns whether the image can be read on
   */
  #readEntry(row: Kind, type: MessageName, size: number, offset: number): boolean | Promise<boolean> {
    const reader = this.#reader;
    if (size > reader.rest) {
      this.#tellEnd(offset, size);
      return false;
    }
    if (size > maxMessage) {
      this.#tell('damaged', offset, sentence(tooLarge, this.#name, size, offset));
      return false;
    }
    if (this.#extent === 'frames' && !row.extra && !this.#mayBeEncrypted) {
      reader.skip(size);
      return this.#visit({ type, message: undecoded, offset }, row);
    }
    return after(reader.fill(size), (isThere) => {
      if (isThere) return this.#decodeEntry(row, type, size, offset);
      this.#tellEnd(offset, size);
      return false;
    });
  }

  #decodeEntry(row: Kind, type: MessageName, size: number, offset: number): boolean | Promise<boolean> {
    const reader = this.#reader;
    const start = reader.position;
    const without = this.#extent === 'outline' ? bulk[type] : undefined;
    const bytes = reader.take(size);
    const decoded = without ? decodeOutline(type, bytes, without) : decodeMessage(type, bytes);
    if (this.#mayBeEncrypted && (decoded.damage ?? decoded.missing[0]) !== undefined) {
      this.#isEncrypted = true;
      this.#tell('encrypted', undefined, sentence(isEncrypted, this.#name));
      return false;
    }
    this.#mayBeEncrypted = false;
    if (reader.isBigEndian) turnBytesInNumbers(decoded.message, type);
    this.#tellProblems(decoded, start, offset);
    const entry = { type, message: decoded.message, offset };
    if (row.extra) return this.#readExtra(row, row.extra, entry, decoded.damage !== undefined);
    return this.#visit(entry, row);
  }

  /** A message that is damaged does not tell how much follows it. */
  async #readExtra(row: Kind, rule: ExtraRule, entry: ImageEntry, damaged: boolean): Promise<boolean> {
    if (damaged) {
      await this.#visit(entry, row);
      return false;
    }
    const { extra, problem } = await readExtra(rule, entry.message, this.#reader, entry.type === row.head);
    if (problem === 'truncated') this.#tellEnd(entry.offset);
    else if (problem === 'damaged') this.#tell('damaged', entry.offset, sentence(badExtra, this.#name, entry.offset));
    const goOn = await this.#visit({ ...entry, ...(extra && { extra }) }, row);
    return goOn && problem === undefined;
  }

  #tell(kind: NoteKind, offset: number | undefined, text: Sentence): void {
    if (this.#notes.length < maxNotes) this.#notes.push(note(kind, this.#name, offset, text));
  }

  #tellEnd(offset: number, size?: number): void {
    const text =
      size === undefined
        ? sentence('{0} ends within the entry at offset {1}. What stands before it is shown.', this.#name, offset)
        : sentence(
            '{0} ends within the entry at offset {1}: {2} of its {3} bytes are there. What stands before it is shown.',
            this.#name,
            offset,
            this.#reader.rest,
            size,
          );
    this.#tell('truncated', offset, text);
  }

  #tellProblems({ damage, missing }: DecodedMessage, start: number, offset: number): void {
    if (damage) {
      const at = start + damage.position;
      this.#tell(
        'damaged',
        at,
        sentence(
          'The entry at offset {1} of {0} is damaged at offset {2}: {3}. What could be read of it is shown.',
          this.#name,
          offset,
          at,
          damage.what,
        ),
      );
    } else if (missing.length > 0) {
      this.#tell(
        'damaged',
        offset,
        sentence('The entry at offset {1} of {0} lacks {2}.', this.#name, offset, missing.join(', ')),
      );
    }
  }
}

function note(kind: NoteKind, where: string, offset: number | undefined, text: Sentence): Note {
  return { kind, where, ...(offset !== undefined && { offset }), text };
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
