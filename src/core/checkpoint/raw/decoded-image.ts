import { deserialize, serialize } from 'node:v8';
import type { Note } from '../../../protocol/note.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { Breather } from '../../bytes/cancel.ts';
import { readEntryAt, visitImage, type ImageEntry, type ImageFacts } from '../../criu/image.ts';
import type { JsonValue } from '../../criu/json-text.ts';
import { kindOfFile, type Kind } from '../../criu/kinds.ts';
import { BEGINNING, contentsOf, entryNode, valueNode, type FieldNode } from './field-nodes.ts';

/** The entries of an image, of whatever size: known by where they stand, decoded when they are asked for. */
export interface DecodedImage {
  readonly facts: ImageFacts;
  readonly count: number;
  /** What is wrong with the image, as far as it was met: of a large one its entries are looked at when they are read. */
  readonly notes: readonly Note[];
  /** @throws CheckpointError what the bytes' source throws */
  read(indices: readonly number[], signal?: AbortSignal): Promise<readonly FieldNode[]>;
}

export interface DecodedImageOptions {
  readonly besideCipher: boolean;
  readonly machine: MachineOf;
  readonly signal?: AbortSignal;
}

/** Opens the bytes of the image, each time they are needed. */
type Open = () => Promise<ByteSource>;

/**
 * CRIU's number of the architecture, whose numbers words are for. Asked whenever entries are read: the image that tells
 * it may come out of the archive later than this one.
 */
type MachineOf = (signal?: AbortSignal) => Promise<number | undefined>;

/** Eight bytes each are kept. */
const maxEntries = 4_000_000;
/** What the entries of an image without messages may take of memory, and what each takes beside its bytes. */
const maxValueBytes = 32 * 1024 * 1024;
const valueCost = 200;
/** Images up to this size are decoded once, so that all that is wrong with them is known from the start. */
const smallImage = 8 * 1024 * 1024;

/**
 * Looks over an image for its entries.
 * @param name entry path in the archive.
 * @throws CheckpointError what the bytes' source throws
 */
export async function openDecodedImage(open: Open, name: string, options: DecodedImageOptions): Promise<DecodedImage> {
  const row = kindOfFile(name.slice(name.lastIndexOf('/') + 1))?.row;
  const source = await open();
  try {
    return await (row?.content
      ? readValues(source, name, row, row.content, options.signal)
      : frameEntries(source, open, name, options));
  } finally {
    await source.close();
  }
}

async function frameEntries(
  source: ByteSource,
  open: Open,
  name: string,
  { besideCipher, machine, signal }: DecodedImageOptions,
): Promise<DecodedImage> {
  const frames = new Frames();
  const breather = new Breather();
  const visit = ({ offset }: ImageEntry): boolean | Promise<boolean> => {
    if (!frames.add(offset)) return false;
    return breather.isDue ? breather.breathe(signal).then(() => true) : true;
  };
  const extent = (source.size ?? 0) <= smallImage ? 'whole' : 'frames';
  const facts = await visitImage(source, name, visit, { extent, besideCipher, signal });
  return new FramedImage(open, facts, frames, machine);
}

/** Where the entries of an image stand. */
class Frames {
  #offsets = new Float64Array(64);
  length = 0;
  isFull = false;

  /** False where no more are kept. */
  add(offset: number): boolean {
    if (this.length === maxEntries) {
      this.isFull = true;
      return false;
    }
    if (this.length === this.#offsets.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    this.#offsets[this.length++] = offset;
    return true;
  }

  at(index: number): number {
    return this.#offsets[index] as number;
  }
}

class FramedImage implements DecodedImage {
  readonly facts: ImageFacts;
  readonly #open: Open;
  readonly #frames: Frames;
  readonly #machine: MachineOf;
  /** By what they say: entries are read again and again. */
  readonly #notes = new Map<string, Note>();

  constructor(open: Open, facts: ImageFacts, frames: Frames, machine: MachineOf) {
    this.facts = facts;
    this.#open = open;
    this.#frames = frames;
    this.#machine = machine;
    this.#add(facts.notes);
    if (!frames.isFull) return;
    const text = sentence('{0} holds more than {1} entries; only these are shown here.', facts.name, maxEntries);
    this.#add([{ kind: 'may-be-incomplete', where: facts.name, text }]);
  }

  get count(): number {
    return this.#frames.length;
  }

  get notes(): readonly Note[] {
    return [...this.#notes.values()];
  }

  async read(indices: readonly number[], signal?: AbortSignal): Promise<readonly FieldNode[]> {
    const machine = await this.#machine(signal);
    const source = await this.#open();
    try {
      const nodes: FieldNode[] = [];
      for (const index of indices) nodes.push(await this.#entry(source, index, machine, signal));
      return nodes;
    } finally {
      await source.close();
    }
  }

  async #entry(
    source: ByteSource,
    index: number,
    machine: number | undefined,
    signal?: AbortSignal,
  ): Promise<FieldNode> {
    const row = this.facts.row as Kind;
    const type = index === 0 ? (row.head ?? row.message) : row.message;
    const offset = this.#frames.at(index);
    const { entry, notes } = type
      ? await readEntryAt(source, this.facts.name, row, { type, offset }, signal)
      : { entry: undefined, notes: [] };
    this.#add(notes);
    if (!entry) return valueNode({}, String(index), `[${index}]`);
    const beginnings = new Map<number, Uint8Array>();
    for (const { offset: start, length } of contentsOf(entry).slice(0, maxBeginnings)) {
      beginnings.set(start, new Uint8Array(await source.read(start, Math.min(length, BEGINNING), signal)));
    }
    return entryNode(entry, index, beginnings, machine);
  }

  #add(notes: readonly Note[]): void {
    for (const note of notes) this.#notes.set(JSON.stringify(note), note);
  }
}

/** A message queue may hold very many messages. */
const maxBeginnings = 1000;

async function readValues(
  source: ByteSource,
  name: string,
  row: Kind,
  form: NonNullable<Kind['content']>,
  signal?: AbortSignal,
): Promise<DecodedImage> {
  const { visitRaw } = await import('../../criu/raw/raw-image.ts');
  const values = new Values();
  const breather = new Breather();
  const visit = (value: JsonValue): boolean | Promise<boolean> => {
    if (!values.add(value)) return false;
    return breather.isDue ? breather.breathe(signal).then(() => true) : true;
  };
  const found = await visitRaw(form, { source, name, visit, pretty: true, signal });
  const text = sentence('{0} holds more than {1} entries; only these are shown here.', name, values.length);
  const notes: readonly Note[] = values.isFull ? [...found, { kind: 'may-be-incomplete', where: name, text }] : found;
  return {
    facts: { name, row, notes },
    count: values.length,
    notes,
    read: (indices) =>
      Promise.resolve(indices.map((index) => valueNode(values.at(index), String(index), `[${index}]`))),
  };
}

/** The entries of an image without messages, in a form that takes a fifth of the memory of objects. */
class Values {
  readonly #bytes: Buffer[] = [];
  #size = 0;
  isFull = false;

  get length(): number {
    return this.#bytes.length;
  }

  /** False where no more are kept. */
  add(value: JsonValue): boolean {
    const bytes = serialize(value);
    this.#size += bytes.length + valueCost;
    this.isFull = this.#size > maxValueBytes;
    if (!this.isFull) this.#bytes.push(bytes);
    return !this.isFull;
  }

  at(index: number): JsonValue {
    return deserialize(this.#bytes[index] as Buffer) as JsonValue;
  }
}
