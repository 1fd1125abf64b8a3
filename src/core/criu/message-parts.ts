import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { throwIfCancelled } from '../bytes/cancel.ts';
import { ImageReader } from './image-reader.ts';
import { readHead } from './image.ts';
import { kindOf, type KindName } from './kinds.ts';
import { WireDamage, WireReader } from './wire.ts';

/** One part of a list in a message, still encoded. The bytes are a view that the next part may overwrite. */
export interface MessagePart {
  readonly bytes: Uint8Array;
  /** Where the bytes start in the image. */
  readonly offset: number;
}

interface ListOfParts {
  readonly kind: KindName;
  /** Number of the list's field in the message. */
  readonly field: number;
  /** Longer ones are passed over: no kernel makes them. */
  readonly maxPart: number;
  /** After so many the rest is left unread. */
  readonly maxParts: number;
}

/** A tag and a length, each a varint. */
const MAX_PREFIX = 20;

/**
 * Reads a list in an image that is one message, part by part: seccomp.img holds every filter of every thread in one
 * message of megabytes, of which a question needs one or none.
 * @param name entry path in the archive, for the notes
 * @returns what is wrong with the image
 * @throws CheckpointError what the source throws
 */
export async function visitParts(
  source: ByteSource,
  name: string,
  list: ListOfParts,
  visit: (part: MessagePart) => void,
  signal?: AbortSignal,
): Promise<readonly Note[]> {
  const visitor = new PartsVisitor(new ImageReader(source, signal), name, list, visit, signal);
  await visitor.run();
  return visitor.notes;
}

class PartsVisitor {
  readonly notes: Note[] = [];
  readonly #reader: ImageReader;
  readonly #name: string;
  readonly #list: ListOfParts;
  readonly #visit: (part: MessagePart) => void;
  readonly #signal: AbortSignal | undefined;
  #parts = 0;

  constructor(
    reader: ImageReader,
    name: string,
    list: ListOfParts,
    visit: (part: MessagePart) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#reader = reader;
    this.#name = name;
    this.#list = list;
    this.#visit = visit;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const reader = this.#reader;
    // For CRIU an image without a byte, or one that ends behind its head, is an empty set.
    if (reader.rest === 0) return;
    const magic = await readHead(reader);
    if (magic !== kindOf(this.#list.kind).magic) {
      const text = sentence('{0} is no {1} image. What it would tell cannot be shown.', this.#name, this.#list.kind);
      this.#tell('damaged', 0, text);
      return;
    }
    if (reader.rest === 0) return;
    const start = reader.position;
    if (!(await reader.fill(4))) {
      this.#tellEnd(start);
      return;
    }
    const size = reader.uint32();
    const end = reader.position + size;
    try {
      while (reader.position < end) {
        throwIfCancelled(this.#signal);
        if (!(await this.#readField(end))) return;
      }
    } catch (error) {
      if (!(error instanceof WireDamage)) throw error;
      const text = sentence(
        '{0} is damaged at offset {1}: {2}. What stands before it is shown.',
        this.#name,
        reader.position,
        error.message,
      );
      this.#tell('damaged', reader.position, text);
    }
  }

  /** @returns whether to read on */
  async #readField(end: number): Promise<boolean> {
    const reader = this.#reader;
    const start = reader.position;
    if (reader.rest === 0) return this.#ends(start);
    await reader.fill(Math.min(MAX_PREFIX, reader.rest, end - start));
    const wire = new WireReader(reader.ahead());
    const available = Math.min(wire.bytes.length, end - start);
    const tag = wire.uint32(available);
    if ((tag & 7) !== 2) {
      wire.skip(tag & 7, available);
      reader.position = start + wire.position;
      return true;
    }
    const length = wire.uint32(available);
    const offset = start + wire.position;
    if (wire.high !== 0 || length > end - offset)
      throw new WireDamage('a length reaches beyond its end', wire.position);
    reader.position = offset;
    if (tag >>> 3 !== this.#list.field) reader.position += length;
    else return this.#readPart(offset, length);
    return true;
  }

  async #readPart(offset: number, length: number): Promise<boolean> {
    const reader = this.#reader;
    const { maxPart, maxParts } = this.#list;
    if (this.#parts >= maxParts) {
      const text = sentence('{0} holds more than {1} parts; only these are shown.', this.#name, maxParts);
      this.#tell('may-be-incomplete', offset, text);
      return false;
    }
    this.#parts++;
    if (length > maxPart) {
      const text = sentence(
        '{0} holds a part of {1} bytes at offset {2}, larger than any that a kernel makes. It is not shown.',
        this.#name,
        length,
        offset,
      );
      this.#tell('damaged', offset, text);
      this.#visit({ bytes: new Uint8Array(), offset });
      reader.position = offset + length;
      return true;
    }
    if (!(await reader.fill(length))) return this.#ends(offset);
    this.#visit({ bytes: reader.take(length), offset });
    return true;
  }

  #ends(offset: number): false {
    this.#tellEnd(offset);
    return false;
  }

  #tellEnd(offset: number): void {
    const text = sentence(
      '{0} ends within the entry at offset {1}. What stands before it is shown.',
      this.#name,
      offset,
    );
    this.#tell('truncated', offset, text);
  }

  #tell(kind: NoteKind, offset: number, text: Sentence): void {
    this.notes.push({ kind, where: this.#name, offset, text });
  }
}
