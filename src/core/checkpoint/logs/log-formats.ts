import type { LogFormat, LogLevel, LogRecord } from '../../../protocol/logs.ts';
import { asText } from '../json.ts';
import type { Line } from './line-reader.ts';

/** What a line says, apart from where it stands. */
export interface ParsedLine extends Pick<LogRecord, 'time' | 'stream' | 'elapsed' | 'level' | 'source' | 'foreign'> {
  readonly text: string;
  /** The next line of the same stream goes on with it. */
  readonly partial: boolean;
}

const utf8 = new TextDecoder();
const CRIU = /^\((\d{2,})\.(\d{6})\) (?:(Error|Warn) +\(([^()]{1,200})\): )?(.*)$/s;
const PRINTED_LEVELS: ReadonlyMap<string | undefined, LogLevel> = new Map([
  ['Error', 'error'],
  ['Warn', 'warning'],
]);

/** How many lines are looked at to tell what format a log has. */
export const LINES_FOR_FORMAT = 16;

/** The format that most of the first lines have. */
export function guessFormat(lines: readonly Uint8Array[]): LogFormat {
  const formats: readonly Exclude<LogFormat, 'plain'>[] = ['cri', 'json-file', 'criu'];
  const counted = formats.map((format) => {
    const fitting = lines.filter((line) => parsers[format](line).foreign !== true);
    return { format, count: fitting.length };
  });
  const best = counted.reduce((one, other) => (other.count > one.count ? other : one));
  return best.count * 2 > lines.length ? best.format : 'plain';
}

/** What must be known of a line to tell where records begin. */
export interface LineOutline {
  /** 0: of none. */
  readonly stream: 0 | 1 | 2;
  readonly partial: boolean;
  /** Not of the format: it goes on with nothing. */
  readonly foreign: boolean;
}

const WHOLE: LineOutline = { stream: 0, partial: false, foreign: false };
const FOREIGN: LineOutline = { ...WHOLE, foreign: true };

/** As {@link parseLine}, without making text of it: a log of gigabytes is gone through this way. */
export function outlineLine(line: Line, format: LogFormat): LineOutline {
  switch (format) {
    case 'cri':
      return findCriParts(line.head) ?? FOREIGN;
    case 'json-file': {
      const { stream, partial, foreign = false } = parseJsonLine(line.head);
      return { stream: stream === undefined ? 0 : stream === 'stdout' ? 1 : 2, partial, foreign };
    }
    default:
      return WHOLE;
  }
}

/** Reads a line; one that is not of the format comes back as it stands, and says so. */
export function parseLine(line: Pick<Line, 'head'>, format: LogFormat): ParsedLine {
  return parsers[format](line.head);
}

/** Bytes that are no UTF-8 become U+FFFD; a carriage return at the end belongs to the newline. */
export function decode(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

interface CriParts extends LineOutline {
  /** Where the time ends, and where the text begins. */
  readonly time: number;
  readonly text: number;
}

const SPACE = 0x20;
const COLON = 0x3a;
const MAX_TIME = 40;
const STREAMS = [Buffer.from(' stdout '), Buffer.from(' stderr ')] as const;
const STREAM_BYTES = 8;
/** Where the two differ first. */
const TELLING_BYTE = 4;

/**
 * Time, stream, tags and text of Kubernetes' CRI logging format, which conmon's k8s-file is too:
 * `2026-11-23T22:24:59.851555271Z stdout F text`.
 */
function findCriParts(bytes: Uint8Array): CriParts | undefined {
  const time = bytes.indexOf(SPACE);
  if (time < 10 || time > MAX_TIME) return undefined;
  const name = bytes[time + TELLING_BYTE] === STREAMS[0][TELLING_BYTE] ? STREAMS[0] : STREAMS[1];
  for (let index = 1; index < STREAM_BYTES; index++) if (bytes[time + index] !== name[index]) return undefined;
  const tag = bytes[time + STREAM_BYTES];
  if (tag !== 0x46 && tag !== 0x50) return undefined;
  let text = time + STREAM_BYTES + 1;
  // More tags may follow, behind colons.
  if (bytes[text] === COLON) while (text < bytes.length && bytes[text] !== SPACE) text++;
  if (text < bytes.length && bytes[text] !== SPACE) return undefined;
  const stream = name === STREAMS[0] ? 1 : 2;
  return { stream, partial: tag === 0x50, foreign: false, time, text: Math.min(text + 1, bytes.length) };
}

const parsers: Readonly<Record<LogFormat, (head: Uint8Array) => ParsedLine>> = {
  cri: (head) => {
    const parts = findCriParts(head);
    if (!parts) return { text: decode(head), partial: false, foreign: true };
    return {
      text: decode(head.subarray(parts.text)),
      time: decode(head.subarray(0, parts.time)),
      stream: parts.stream === 1 ? 'stdout' : 'stderr',
      partial: parts.partial,
    };
  },

  'json-file': parseJsonLine,

  criu: (head) => {
    const line = decode(head);
    const [, seconds, micros, level, source, text = ''] = CRIU.exec(line) ?? [];
    if (seconds === undefined) return { text: line, partial: false, foreign: true };
    return {
      text,
      elapsed: Number(seconds) * 1_000_000 + Number(micros),
      level: PRINTED_LEVELS.get(level) ?? 'info',
      ...(source !== undefined && { source }),
      partial: false,
    };
  },

  plain: (head) => ({ text: decode(head), partial: false }),
};

/** Docker's: `{"log":"text\\n","stream":"stdout","time":"…"}`; a text without a newline at its end goes on. */
function parseJsonLine(head: Uint8Array): ParsedLine {
  const line = decode(head);
  const entry = line.startsWith('{') ? parseObject(line) : undefined;
  const text = entry?.['log'];
  if (typeof text !== 'string') return { text: line, partial: false, foreign: true };
  const time = asText(entry?.['time']);
  const stream = entry?.['stream'];
  return {
    text: text.endsWith('\n') ? text.slice(0, -1) : text,
    ...(time !== undefined && { time }),
    ...((stream === 'stdout' || stream === 'stderr') && { stream }),
    partial: !text.endsWith('\n'),
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
