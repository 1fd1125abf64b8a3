import type { Note } from '../../protocol/note.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../errors.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Extra } from './extras.ts';
import { hexWord } from './field-words.ts';
import { visitImage, type ImageEntry, type ImageFacts } from './image.ts';
import type { Span } from './image-reader.ts';
import { kindOfFile, type Kind } from './kinds.ts';
import { jsonPieces, jsonText, lineStart, type JsonValue } from './json-text.ts';
import { base64Lines, messageToJson, type JsonForm } from './message-json.ts';

export interface JsonOptions extends Partial<JsonForm> {
  /** Spaces a level; 0, the default, gives one line. */
  readonly indent?: number;
  /** Levels around the image's object. */
  readonly depth?: number;
  /** A cipher.img lies beside it. */
  readonly besideCipher?: boolean;
  readonly signal?: AbortSignal;
}

/** Characters of base64 in a line, as crit writes them, and the bytes that they stand for. */
const lineBytes = 57;
/** Bytes of content that are turned into text at once: a whole number of lines. */
const pieceBytes = lineBytes * 16_384;
/** Characters of an entry that are gathered before they are written. */
const GATHERED = 64 * 1024;
/** The longest text that is made in memory. */
const maxText = 256 * 1024 * 1024;

/**
 * Writes an image as crit's `decode` does, `{"magic": KIND, "entries": […]}`, piece by piece: neither a large image nor
 * a large content is ever whole in memory. 64-bit integers are exact literals, bytes are base64 in crit's lines of 76
 * characters. Beyond crit: fields that the schema does not know stand under `unknown_fields`, the bytes of text that
 * is not UTF-8 under its name and `_bytes`, and an image of an unknown kind is given whole under `raw`, like one that is encrypted. The entries of
 * images that hold no messages are what is in them, by raw/raw-image.ts.
 * @param name entry path in the archive.
 * @param write gets the pieces of text in order.
 * @returns what is wrong with the image
 * @throws CheckpointError what the source throws
 */
export async function writeImageJson(
  source: ByteSource,
  name: string,
  write: (text: string) => void | Promise<void>,
  options: JsonOptions = {},
): Promise<ImageFacts> {
  const writer = new ImageWriter(source, write, options);
  const facts = await visitAny(source, name, writer, options);
  await writer.end(facts);
  return facts;
}

async function visitAny(
  source: ByteSource,
  name: string,
  writer: ImageWriter,
  { pretty = false, besideCipher = false, signal }: JsonOptions,
): Promise<ImageFacts> {
  const row = kindOfFile(name.slice(name.lastIndexOf('/') + 1))?.row;
  if (!row?.content)
    return visitImage(source, name, (entry, kind) => writer.entry(entry, kind), { signal, besideCipher });
  const visit = (value: JsonValue): Promise<boolean> => writer.value(value, row);
  // Their tables are large, and opening a checkpoint needs none of them.
  const { visitRaw } = await import('./raw/raw-image.ts');
  return { name, row, notes: await visitRaw(row.content, { source, name, visit, pretty, signal }) };
}

/**
 * The same as one text.
 * @param onNotes is told what is wrong with the image.
 * @throws CheckpointError `too-large` where it would be longer than 256 MiB, and what the source throws
 */
export async function imageToJson(
  source: ByteSource,
  name: string,
  options: JsonOptions = {},
  onNotes?: (notes: readonly Note[]) => void,
): Promise<string> {
  const pieces: string[] = [];
  let length = 0;
  const { notes } = await writeImageJson(
    source,
    name,
    (text) => {
      length += text.length;
      if (length > maxText) {
        const where = name;
        throw new CheckpointError('too-large', sentence('{0} is too large to be shown as one text.', name), { where });
      }
      pieces.push(text);
    },
    options,
  );
  onNotes?.(notes);
  return pieces.join('');
}

class ImageWriter {
  readonly #source: ByteSource;
  readonly #write: (text: string) => void | Promise<void>;
  readonly #form: JsonForm;
  readonly #indent: number;
  readonly #depth: number;
  readonly #signal: AbortSignal | undefined;
  #entries = 0;

  constructor(source: ByteSource, write: (text: string) => void | Promise<void>, options: JsonOptions) {
    this.#source = source;
    this.#write = write;
    this.#form = { pretty: options.pretty ?? false, machine: options.machine };
    this.#indent = options.indent ?? 0;
    this.#depth = options.depth ?? 0;
    this.#signal = options.signal;
  }

  async entry(entry: ImageEntry, row: Kind): Promise<boolean> {
    if (this.#entries === 0) await this.#begin(row.crit ?? row.kind);
    const line = this.#line(3);
    const members = Object.entries(messageToJson(entry.message, entry.type, this.#form));
    // Gathered as long as it is short, as most entries are.
    let text = `${this.#entries === 0 ? '' : ','}${this.#line(2)}{${line}`;
    for (const [index, [key, value]] of members.entries()) {
      text += `${index === 0 ? '' : `,${line}`}${JSON.stringify(key)}${this.#colon}`;
      for (const piece of jsonPieces(value, this.#indent, this.#depth + 3)) {
        text += piece;
        if (text.length < GATHERED) continue;
        await this.#write(text);
        text = '';
      }
    }
    if (entry.extra) {
      await this.#write(`${text}${members.length === 0 ? '' : `,${line}`}"extra"${this.#colon}`);
      await this.#extra(entry.extra);
      text = '';
    }
    await this.#write(`${text}${this.#line(2)}}`);
    this.#entries++;
    return true;
  }

  /** An entry of an image without messages. */
  async value(value: JsonValue, row: Kind): Promise<boolean> {
    if (this.#entries === 0) await this.#begin(row.kind);
    const text = jsonText(value, this.#indent, this.#depth + 2);
    await this.#write(`${this.#entries === 0 ? '' : ','}${this.#line(2)}${text}`);
    this.#entries++;
    return true;
  }

  async end(facts: ImageFacts): Promise<void> {
    const { row, magic, encrypted = false } = facts;
    if (this.#entries === 0) await this.#begin(row ? (row.crit ?? row.kind) : hexWord(magic ?? 0));
    await this.#write(this.#entries === 0 ? ']' : `${this.#line(1)}]`);
    if (encrypted || (row?.message === undefined && magic !== undefined)) {
      await this.#write(`,${this.#line(1)}"raw"${this.#colon}`);
      await this.#content({ offset: 0, length: this.#source.size ?? 0 });
    }
    await this.#write(`${this.#line(0)}}`);
  }

  async #begin(kind: string): Promise<void> {
    const line = this.#line(1);
    await this.#write(`{${line}"magic"${this.#colon}${JSON.stringify(kind)},${line}"entries"${this.#colon}[`);
  }

  async #extra(extra: Extra): Promise<void> {
    const line = this.#line(4);
    switch (extra.type) {
      case 'bytes':
        return this.#content(extra.span);
      case 'queues':
        await this.#write(`{${line}"inq"${this.#colon}`);
        await this.#content(extra.received);
        await this.#write(`,${line}"outq"${this.#colon}`);
        await this.#content(extra.sent);
        return this.#write(`${this.#line(3)}}`);
      case 'semaphores':
        return this.#write(jsonText(extra.values, this.#indent, this.#depth + 3));
      case 'messages':
        await this.#write('[');
        for (const [index, { message, content }] of extra.messages.entries()) {
          await this.#write(`${index === 0 ? '' : ','}${line}`);
          await this.#write(jsonText(messageToJson(message, 'ipc_msg', this.#form), this.#indent, this.#depth + 4));
          await this.#write(`,${line}`);
          await this.#content(content);
        }
        return this.#write(extra.messages.length === 0 ? ']' : `${this.#line(3)}]`);
    }
  }

  /** Bytes of the image as one string of base64. */
  async #content({ offset, length }: Span): Promise<void> {
    await this.#write('"');
    for (let done = 0; done < length;) {
      const bytes = await this.#source.read(offset + done, Math.min(pieceBytes, length - done), this.#signal);
      if (bytes.length === 0) break;
      await this.#write(JSON.stringify(base64Lines(bytes)).slice(1, -1));
      done += bytes.length;
    }
    await this.#write('"');
  }

  get #colon(): string {
    return this.#indent > 0 ? ': ' : ':';
  }

  #line(depth: number): string {
    return lineStart(this.#indent, this.#depth + depth);
  }
}
