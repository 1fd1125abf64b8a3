import { isUtf8 } from 'node:buffer';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { JsonValue } from '../json-text.ts';

/** One line without its end. */
export interface TextLine {
  /** What is not UTF-8 is U+FFFD here. */
  readonly text: string;
  /** The bytes of a text that is not UTF-8. */
  readonly bytes?: Uint8Array;
}

const step = 256 * 1024;
/** A longer line is given in pieces. */
const maxLine = 1024 * 1024;

/** The text of a line as JSON has it. */
export function lineValue({ text, bytes }: TextLine): JsonValue {
  const trimmed = text.trim();
  return bytes ? { text: trimmed, text_bytes: Buffer.from(bytes).toString('base64') } : trimmed;
}

/** The lines of a text, read piece by piece. @throws CheckpointError what the source throws */
export async function* linesOf(source: ByteSource, signal?: AbortSignal): AsyncGenerator<TextLine> {
  let rest: Buffer = Buffer.alloc(0);
  for (let offset = 0; ;) {
    const piece = await source.read(offset, step, signal);
    offset += piece.length;
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      yield lineOf(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (piece.length < step || rest.length > maxLine) {
      if (rest.length > 0) yield lineOf(rest);
      rest = Buffer.alloc(0);
    }
    if (piece.length < step) return;
  }
}

function lineOf(bytes: Buffer): TextLine {
  const text = bytes.toString().replace(/\r$/, '');
  return isUtf8(bytes) ? { text } : { text, bytes: new Uint8Array(bytes) };
}
