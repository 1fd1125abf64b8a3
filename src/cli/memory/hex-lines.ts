import { escapeField } from '../escape.ts';
import type { MemoryRange, MemoryWindow } from '../../protocol/memory.ts';

const ROW = 16;
/** What a dump of a byte shows where there is none. */
const NO_BYTE = '··';
const NO_CHARACTER = '·';

/** Rows of 16 bytes as `hexdump -C` prints them, but that what is missing is shown as missing. */
export class HexLines {
  readonly #collapse: boolean;
  #last = '';
  #repeated = false;
  #range: Pick<MemoryRange, 'source' | 'where'> | undefined;

  /** @param collapse rows that are the same as the one before become one `*`, whatever their bytes look like in letters */
  constructor(collapse: boolean) {
    this.#collapse = collapse;
  }

  /** @param withOrigin a line says where the bytes are whenever that changes */
  *rows({ address, bytes, ranges }: MemoryWindow, withOrigin: boolean): Generator<string> {
    let next = 0;
    const present = new Uint8Array(bytes.length);
    for (const range of ranges) {
      const from = Number(range.start - address);
      if (range.present) present.fill(1, from, from + range.length);
    }
    for (let offset = 0; offset < bytes.length; offset += ROW) {
      const end = Math.min(bytes.length, offset + ROW);
      for (let range = ranges[next]; range && Number(range.start - address) < end; range = ranges[++next]) {
        if (withOrigin && this.#isOther(range)) {
          this.#last = '';
          this.#repeated = false;
          yield originLine(range);
        }
      }
      yield* this.#row(address + BigInt(offset), bytes.subarray(offset, end), present.subarray(offset, end));
    }
  }

  *#row(address: bigint, bytes: Uint8Array, present: Uint8Array): Generator<string> {
    const cells = Array.from(bytes, (byte, index) =>
      present[index] ? byte.toString(16).padStart(2, '0') : NO_BYTE,
    ).join(' ');
    if (this.#collapse && cells === this.#last) {
      if (!this.#repeated) yield '*\n';
      this.#repeated = true;
      return;
    }
    this.#last = cells;
    this.#repeated = false;
    const letters = Array.from(bytes, (byte, index) => (present[index] ? letter(byte) : NO_CHARACTER)).join('');
    yield `${address.toString(16).padStart(16, '0')}  ${cells.padEnd(ROW * 3 - 1)}  |${letters}|\n`;
  }

  /** Windows follow each other: a range that goes on in the next one is not told again. */
  #isOther({ source, where }: MemoryRange): boolean {
    const last = this.#range;
    this.#range = { source, ...(where !== undefined && { where }) };
    return last?.source !== source || last.where !== where;
  }
}

function originLine({ start, source, present, where, offset }: MemoryRange): string {
  const place =
    where === undefined ? '' : `, ${escapeField(where)}${offset === undefined ? '' : ` at 0x${offset.toString(16)}`}`;
  return `# 0x${start.toString(16)}: ${source}${present ? '' : ', not in this checkpoint'}${place}\n`;
}

function letter(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}
