import type { LogFormat, LogRecord } from '../../../protocol/logs.ts';
import type { Line } from './line-reader.ts';
import { outlineLine, parseLine, type ParsedLine } from './log-formats.ts';

/** Pieces that one record may consist of; then it is taken for whole, so that a log without ends has places to begin at. */
const MAX_PIECES = 4096;

/** Tells where records begin, as {@link RecordAssembler} does, without their text. */
export class RecordCounter {
  readonly #format: LogFormat;
  /** By stream: pieces of the record that waits for its next one; 0 where none does. */
  readonly #open: [number, number, number] = [0, 0, 0];
  #waiting = 0;
  /** How many records have begun. */
  begun = 0;

  constructor(format: LogFormat) {
    this.#format = format;
  }

  /** No record waits for its next piece: here one can begin to read. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  push(line: Line): void {
    const { stream, partial, foreign } = outlineLine(line, this.#format);
    const before = foreign ? 0 : this.#open[stream];
    if (before === 0) this.begun++;
    if (foreign) return;
    const pieces = partial && before + 1 < MAX_PIECES ? before + 1 : 0;
    this.#open[stream] = pieces;
    this.#waiting += Math.sign(pieces) - Math.sign(before);
  }
}

interface Open {
  readonly number: number;
  readonly offset: number;
  readonly first: ParsedLine;
  text: string;
  cut: number;
  pieces: number;
}

/**
 * Puts records together: runtimes split long lines, and lines of the other stream may come between the pieces. A record
 * has the number and the time of its first piece.
 */
export class RecordAssembler {
  readonly #format: LogFormat;
  readonly #maxText: number;
  readonly #open = new Map<string, Open>();
  #whole: LogRecord[] = [];
  /** Number of the next record that begins. */
  begun: number;

  /** @param maxText UTF-16 units of a record's text; the rest is counted */
  constructor(format: LogFormat, firstNumber: number, maxText: number) {
    this.#format = format;
    this.begun = firstNumber;
    this.#maxText = maxText;
  }

  push(line: Line): void {
    const parsed = parseLine(line, this.#format);
    const stream = parsed.stream ?? '';
    const open = parsed.foreign === true ? undefined : this.#open.get(stream);
    const record = open ?? this.#begin(line, parsed);
    if (open) this.#add(open, parsed.text);
    record.pieces++;
    const unseen = line.length - line.head.length;
    record.cut += unseen;
    if (parsed.partial && parsed.foreign !== true && record.pieces < MAX_PIECES) this.#open.set(stream, record);
    else {
      if (open) this.#open.delete(stream);
      this.#whole.push(toRecord(record, !line.terminated));
    }
  }

  /** Records that have become whole. */
  drain(): readonly LogRecord[] {
    const whole = this.#whole;
    if (whole.length > 0) this.#whole = [];
    return whole;
  }

  /** At the end of the file: what waits for a piece will not get it. */
  finish(): readonly LogRecord[] {
    const unfinished = [...this.#open.values()].map((record) => toRecord(record, true));
    this.#open.clear();
    return [...this.drain(), ...unfinished];
  }

  #begin(line: Line, first: ParsedLine): Open {
    const record: Open = { number: this.begun++, offset: line.offset, first, text: '', cut: 0, pieces: 0 };
    this.#add(record, first.text);
    return record;
  }

  #add(record: Open, text: string): void {
    const room = Math.max(0, this.#maxText - record.text.length);
    if (text.length <= room) {
      record.text += text;
      return;
    }
    // Not between the halves of a surrogate pair.
    const half = room > 0 && (text.charCodeAt(room - 1) & 0xfc00) === 0xd800;
    const kept = text.slice(0, half ? room - 1 : room);
    record.text += kept;
    record.cut += Buffer.byteLength(text.slice(kept.length));
  }
}

function toRecord({ number, offset, first, text, cut }: Open, unfinished: boolean): LogRecord {
  const { text: _text, partial: _partial, ...facts } = first;
  return {
    number,
    offset,
    text,
    ...facts,
    ...(cut > 0 && { cut }),
    ...(unfinished && { unfinished }),
  };
}
