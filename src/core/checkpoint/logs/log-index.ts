import type { LogFormat, LogRecord } from '../../../protocol/logs.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { LineReader, type Line } from './line-reader.ts';
import { guessFormat, LINES_FOR_FORMAT } from './log-formats.ts';
import { RecordAssembler, RecordCounter } from './record-assembler.ts';

/** How many places in the file are remembered. Between two of them a window is read line by line. */
const MAX_ANCHORS = 16_384;
const FIRST_STRIDE = 64;

/** Text of one record in a window; the detail of a record has more. */
const WINDOW_TEXT = 4 * 1024;

/** Bytes behind a window that are read for the pieces of a record in it. */
const PATIENCE = 1024 * 1024;

/** Which records are gone through. */
export interface LogRange {
  readonly start?: number;
  /** Behind the last one that is wanted. */
  readonly end?: number;
  /** UTF-16 units of text of each. */
  readonly maxText?: number;
  readonly signal?: AbortSignal;
}

interface Anchor {
  readonly offset: number;
  /** Of the record that begins there. */
  readonly number: number;
}

/**
 * Where the records of a log stand, for windows of it at any place. It is made by one pass over the file and takes some
 * hundred kilobytes, however long the log is: the more records, the farther apart are the places that it remembers.
 */
export class LogIndex {
  readonly format: LogFormat;
  readonly records: number;
  readonly #source: ByteSource;
  readonly #anchors: readonly Anchor[];

  private constructor(source: ByteSource, format: LogFormat, records: number, anchors: readonly Anchor[]) {
    this.#source = source;
    this.format = format;
    this.records = records;
    this.#anchors = anchors;
  }

  /** Reads the whole file once. The source stays the caller's, and must stay open. */
  static async build(source: ByteSource, signal?: AbortSignal): Promise<LogIndex> {
    const format = await formatOf(source, signal);
    const reader = new LineReader(source, 0, signal);
    const counter = new RecordCounter(format);
    let anchors: Anchor[] = [];
    let stride = FIRST_STRIDE;
    for (let line: Line | undefined; (line = reader.take() ?? (await reader.next())) !== undefined;) {
      const number = counter.begun;
      if (counter.idle && number % stride === 0) {
        anchors.push({ offset: line.offset, number });
        if (anchors.length >= MAX_ANCHORS) {
          anchors = anchors.filter((_, index) => index % 2 === 0);
          stride *= 2;
        }
      }
      counter.push(line);
    }
    return new LogIndex(source, format, counter.begun, anchors);
  }

  /**
   * Records from `start` on, fewer at the end.
   * @param maxText UTF-16 units of text of each
   */
  async window(
    start: number,
    count: number,
    signal?: AbortSignal,
    maxText = WINDOW_TEXT,
  ): Promise<readonly LogRecord[]> {
    const records: LogRecord[] = [];
    const end = Math.min(this.records, start + count);
    if (start >= end) return records;
    const see = (record: LogRecord): boolean => {
      if (record.number < end) records.push(record);
      return records.length < end - start;
    };
    await this.visit(see, { start, end, maxText, ...(signal && { signal }) });
    return records.sort((one, other) => one.number - other.number);
  }

  /**
   * Goes through the records, each when it is whole: one that was split may come after others that began later.
   * @param see gets each; `false` ends it
   */
  async visit(see: (record: LogRecord) => boolean, range: LogRange = {}): Promise<void> {
    const { start = 0, end = Infinity, maxText = WINDOW_TEXT, signal } = range;
    const anchor = this.#anchorBefore(start);
    const reader = new LineReader(this.#source, anchor.offset, signal);
    const assembler = new RecordAssembler(this.format, anchor.number, maxText);
    /** Where the first record behind the range began: what waits for a piece does so for a while only. */
    let passed: number | undefined;
    for (let line: Line | undefined; (line = reader.take() ?? (await reader.next())) !== undefined;) {
      assembler.push(line);
      for (const record of assembler.drain()) if (record.number >= start && !see(record)) return;
      if (assembler.begun <= end) continue;
      passed ??= line.offset;
      if (line.offset - passed > PATIENCE) break;
    }
    for (const record of assembler.finish()) if (record.number >= start && !see(record)) return;
  }

  #anchorBefore(number: number): Anchor {
    let low = 0;
    let high = this.#anchors.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#anchors[middle]?.number ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return this.#anchors[low - 1] ?? { offset: 0, number: 0 };
  }
}

async function formatOf(source: ByteSource, signal?: AbortSignal): Promise<LogFormat> {
  const reader = new LineReader(source, 0, signal);
  const lines: Uint8Array[] = [];
  while (lines.length < LINES_FOR_FORMAT) {
    const line = await reader.next();
    if (!line) break;
    if (line.length > 0) lines.push(Uint8Array.from(line.head));
  }
  return guessFormat(lines);
}
