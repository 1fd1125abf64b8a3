import { statSync } from 'node:fs';
import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { compilePattern } from '../../core/checkpoint/search/pattern/compile.ts';
import { matchRecord } from '../../core/checkpoint/search/match-record.ts';
import { warmThreads } from '../../core/checkpoint/search/scan/thread-pool.ts';
import { escapeField } from '../escape.ts';
import { formatSize } from '../../protocol/format.ts';
import type { Note } from '../../protocol/note.ts';
import { readable } from '../../protocol/readable.ts';
import {
  MAX_CONTEXT,
  SEARCH_PLACES,
  type SearchMatch,
  type SearchPlace,
  type SearchQuery,
  type SearchStep,
  type TypedPattern,
} from '../../protocol/search.ts';
import { hex } from '../../protocol/wire.ts';
import { usage, type Arguments } from '../arguments.ts';
import { JsonArray } from '../json-array.ts';
import { collectInSmallSteps } from '../small-steps.ts';
import { isDamage, type ExitCode, type Session } from '../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [locator = '', text = ''] = args.operands;
  const query: SearchQuery = { pattern: readPattern(args, text), context: readContext(args), ...readScope(args) };
  const lines = args.text('format') === 'json' ? jsonLines(session, matchRecord) : tableLines(session);
  return searchAll(locator, query, session, lines);
}

/** Bytes of an archive. */
const LARGE = 64 * 1024 * 1024;

/** Where matches are written to as they come. */
export interface MatchLines {
  add(match: SearchMatch): Promise<void>;
  end(): Promise<void>;
}

/**
 * Runs a search and writes what it finds as it is found.
 * @returns 3 also where something could not be searched
 */
export async function searchAll(
  locator: string,
  query: SearchQuery,
  session: Session,
  lines: MatchLines,
): Promise<ExitCode> {
  // What cannot be looked for is wrong usage, whatever the checkpoint.
  compilePattern(query.pattern);
  collectInSmallSteps();
  if (isLarge(locator)) warmThreads();
  const notes: Note[] = [];
  const code = await session.each([locator], async (checkpoint) => {
    // Told at the end: worked out while threads search.
    const wrong = checkpoint.notes(session.signal);
    wrong.catch(() => undefined);
    for await (const step of stepsOf(checkpoint, query, session)) {
      await session.output.gather(async () => {
        for (const match of step.matches) await lines.add(match);
      });
      session.list(step.notes);
      notes.push(...step.notes);
      if (step.more) session.output.error('There are more matches than --limit allows.');
      if (session.output.closed.signal.aborted) return;
    }
    await lines.end();
  });
  return code === 0 && notes.some(isDamage) ? 3 : code;
}

/** So much that threads search it: they start while it is opened. */
function isLarge(locator: string): boolean {
  try {
    return statSync(locator).size > LARGE;
  } catch {
    // Whoever opens it says what is wrong with it.
    return false;
  }
}

async function* stepsOf(checkpoint: Checkpoint, query: SearchQuery, session: Session): AsyncGenerator<SearchStep> {
  for await (const step of checkpoint.search.run(query, { signal: session.signal })) {
    yield step;
    session.output.progress(`Searched ${formatSize(step.done)} of ${formatSize(step.total)}`);
  }
}

function readPattern(args: Arguments, text: string): TypedPattern {
  const [first, second] = ['hex', 'regex', 'utf16'].filter((kind) => args.flag(kind));
  if (first !== undefined && second !== undefined) throw usage('--{0} and --{1} exclude each other.', first, second);
  const ignoreCase = args.flag('ignore-case');
  if (first === 'hex' && ignoreCase) throw usage('Bytes have no case: --hex and --ignore-case exclude each other.');
  if (first === 'hex') return { kind: 'hex', text };
  if (first === 'regex') return { kind: 'regex', text, ignoreCase };
  return { kind: 'text', text, ignoreCase, ...(first === 'utf16' && { encodings: ['utf-16le', 'utf-16be'] }) };
}

/** What `--pid`, `--source`, `--path`, `--address`, `--length` and `--limit` ask for. */
export function readScope(args: Arguments): Omit<SearchQuery, 'pattern' | 'context'> {
  const pid = args.pid('pid');
  const path = args.text('path');
  const range = readRange(args);
  if (range && pid === undefined) throw usage('--address needs --pid.');
  if (path !== undefined && (pid !== undefined || args.texts('source'))) {
    throw usage('--path names the one file that is searched: --pid and --source exclude it.');
  }
  const places = args.texts('source')?.flatMap((word) => (word === 'all' ? SEARCH_PLACES : [readPlace(word)]));
  return {
    limit: readCount(args, 'limit', Infinity),
    ...(pid !== undefined && { pids: [pid] }),
    ...(places && { places }),
    ...(range && { range }),
    ...(path !== undefined && { path }),
  };
}

function readPlace(word: string): SearchPlace {
  const place = SEARCH_PLACES.find((known) => known === word);
  if (place) return place;
  throw usage('{0} is no source: choose of {1}.', word, ['all', ...SEARCH_PLACES].join(', '));
}

function readRange(args: Arguments): SearchQuery['range'] {
  const address = args.text('address');
  const length = args.text('length');
  if (address === undefined && length === undefined) return undefined;
  if (address === undefined || length === undefined) throw usage('--address and --length need each other.');
  const start = readNumber(address);
  const end = start + readNumber(length);
  if (end <= start || end > 1n << 64n) throw usage('There are no {0} bytes from {1} on.', length, address);
  return { start, end };
}

function readNumber(text: string): bigint {
  if (/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return BigInt(text);
  throw usage('{0} is no number: give it in digits, or with 0x.', text);
}

function readContext(args: Arguments): number {
  const context = readCount(args, 'context', 32);
  if (context > MAX_CONTEXT) throw usage('--context is at most {0}.', MAX_CONTEXT);
  return context;
}

/** @throws CheckpointError `usage` for what is no whole number */
export function readCount(args: Arguments, name: string, otherwise: number): number {
  const text = args.text(name);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw usage('--{0} is a whole number, and {1} is none.', name, text);
  return Number(text);
}

/** One JSON array, written match by match; an empty one where nothing was found. */
export function jsonLines(
  { output }: Session,
  toJson: (match: SearchMatch) => Parameters<JsonArray['add']>[0],
): MatchLines {
  const array = new JsonArray(output);
  let isEmpty = true;
  return {
    add: (match) => {
      isEmpty = false;
      return array.add(toJson(match));
    },
    end: () => (isEmpty ? output.write('[]\n') : array.end()),
  };
}

const HEADER = ['Address', 'PID', 'Process', 'Source', 'Region', 'Context'];
const WIDTHS = [20, 8, 18, 14, 30];

/** Lines of a table, written one by one: columns are as wide as what mostly stands in them. */
function tableLines({ output }: Session): MatchLines {
  let isEmpty = true;
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, index) => `${cell} `.padEnd(WIDTHS[index] ?? 0))
      .join('')
      .trimEnd()}\n`;
  return {
    add: async (match) => {
      if (isEmpty) {
        await output.write(line(HEADER.map((title) => title.toUpperCase())));
        await output.write(line(HEADER.map((title) => '-'.repeat(title.length))));
      }
      isEmpty = false;
      await output.write(line(row(match, output.isTerminal)));
    },
    end: () => (isEmpty ? output.write('No matches.\n') : Promise.resolve()),
  };
}

/** Turns what matches around in a terminal. */
const INVERSE = '\x1b[7m';
const NORMAL = '\x1b[0m';

function row(match: SearchMatch, isTerminal: boolean): readonly string[] {
  const { pid, process, address, offset, region, source, holders = [], encoding } = match;
  const { context, contextOffset: from } = match;
  const to = Math.min(context.length, from + match.length);
  const found = readable(context.subarray(from, to), encoding);
  const who = holders.map((holder) => `${String(holder.pid)}/${String(holder.fd)}`).join(',');
  return [
    address === null ? `+${hex(BigInt(offset ?? 0))}` : hex(address),
    pid === null ? '-' : String(pid),
    process === null ? '-' : escapeField(process),
    source,
    escapeField(region === '' ? '-' : region) + (who === '' ? '' : ` (fd ${who})`),
    readable(context.subarray(0, from)) +
      (isTerminal ? `${INVERSE}${found}${NORMAL}` : found) +
      readable(context.subarray(to)),
  ];
}
