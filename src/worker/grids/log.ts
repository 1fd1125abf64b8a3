import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { LogIndex } from '../../core/checkpoint/logs/log-index.ts';
import { isCancelled } from '../../core/errors.ts';
import { parseFilter, searchableText, type Filter } from '../../protocol/filter.ts';
import type { CellValue, CopyFormat, GridQuery, GridRow, GridWindow } from '../../protocol/grid.ts';
import type { LogFormat, LogRecord } from '../../protocol/logs.ts';
import { sentence } from '../../protocol/sentence.ts';
import { configurationTable } from './configuration.ts';
import { copyRows } from './copy.ts';
import { gridOf, type Grid } from './grid.ts';
import { logKind } from './log-columns.ts';
import { Table, TOP, type TableKind } from './table.ts';
import { plainColumn, shorten } from './table-view.ts';

/** Logs up to here are tables like all others; of longer ones only the lines that are asked for are read. */
const MAX_IN_MEMORY = 10_000;
/** No column is wide enough for more. UTF-16 units. */
const ROW_TEXT = 2000;
/** A page shows a few dozen rows and fetches a few hundred ahead. */
const MAX_WINDOW = 1000;
/** Numbers of matching lines that are kept, four bytes each. */
const MAX_MATCHES = 4_000_000;
const MAX_COPIED = 100_000;
/** Filters whose matches are kept: as many as a person goes back and forth between. */
const KEPT_FILTERS = 3;

/** The grid of a log, or of a file of JSON, by the name of its entry. */
export async function logGrid({ logs }: Checkpoint, name: string, signal: AbortSignal): Promise<Grid> {
  if (!(await logs.files()).some((log) => log.name === name)) {
    const isKnown = (await logs.configurationFiles()).some((file) => file.name === name);
    const tree = isKnown ? await logs.configuration(name, signal) : { nodes: [] };
    return gridOf(configurationTable(tree), true, tree.problem);
  }
  const index = await logs.index(name, signal);
  if (index.records > MAX_IN_MEMORY) return new LongLogGrid(index);
  const records = await index.window(0, index.records, signal, ROW_TEXT);
  return gridOf(new Table(logKind(index.format), records, records.map(idOf), () => TOP), true);
}

function idOf({ number }: LogRecord): string {
  return String(number);
}

/** Numbers of the lines that match, ascending. */
interface Matches {
  readonly numbers: Uint32Array;
  /** There are more, which are not kept. */
  readonly more: boolean;
}

/**
 * A log of any length, in its own order or backwards. Nothing of it is kept but the numbers of the lines that match a
 * filter.
 */
class LongLogGrid implements Grid {
  readonly #index: LogIndex;
  readonly #kind: TableKind<LogRecord>;
  readonly #filters = new Map<string, Promise<Matches | undefined>>();

  constructor(index: LogIndex) {
    this.#index = index;
    this.#kind = logKind(index.format);
  }

  async window(query: GridQuery, signal: AbortSignal): Promise<GridWindow> {
    const matches = await this.#matches(query.filter, signal);
    const length = matches?.numbers.length ?? this.#index.records;
    const backwards = isBackwards(query, this.#index.format);
    const start = Math.min(whole(query.start), length);
    const end = Math.min(length, start + Math.min(whole(query.count), MAX_WINDOW));
    const records = await this.#records(matches, start, end, backwards, signal);
    const revealed = query.reveal === undefined ? undefined : this.#placeOf(Number(query.reveal), matches, backwards);
    return {
      columns: this.#kind.columns.map(plainColumn),
      total: this.#index.records,
      matched: length,
      visible: length,
      start,
      rows: records.map((record, index) => this.#row(record, start + index, length)),
      ...(revealed !== undefined && { revealed }),
      ...(query.find && { found: -1 }),
      remark: matches?.more
        ? sentence(
            'This log is long: it is shown in the order of time. Only the first {0} lines that match are shown.',
            MAX_MATCHES,
          )
        : sentence('This log is long: it is shown in the order of time only.'),
      complete: true,
    };
  }

  async copy(
    query: GridQuery,
    format: CopyFormat,
    ids: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    if (ids) {
      const records: LogRecord[] = [];
      for (const id of ids.slice(0, MAX_COPIED)) records.push(...(await this.#index.window(Number(id), 1, signal)));
      return copyRows(this.#kind, records, format);
    }
    const matches = await this.#matches(query.filter, signal);
    const length = Math.min(MAX_COPIED, matches?.numbers.length ?? this.#index.records);
    const backwards = isBackwards(query, this.#index.format);
    return copyRows(this.#kind, await this.#records(matches, 0, length, backwards, signal), format);
  }

  /** Records by their places in the view. */
  async #records(
    matches: Matches | undefined,
    start: number,
    end: number,
    backwards: boolean,
    signal: AbortSignal,
  ): Promise<readonly LogRecord[]> {
    if (end <= start) return [];
    const length = matches?.numbers.length ?? this.#index.records;
    const first = backwards ? length - end : start;
    const count = end - start;
    const records = matches
      ? await this.#picked(matches.numbers.subarray(first, first + count), signal)
      : await this.#index.window(first, count, signal, ROW_TEXT);
    return backwards ? records.toReversed() : records;
  }

  /** Matches that stand close together are read together. */
  async #picked(numbers: Uint32Array, signal: AbortSignal): Promise<readonly LogRecord[]> {
    const records: LogRecord[] = [];
    for (let at = 0; at < numbers.length;) {
      const from = numbers[at] ?? 0;
      let next = at + 1;
      while (next < numbers.length && (numbers[next] ?? 0) - from < MAX_WINDOW) next++;
      const wanted = new Set(numbers.subarray(at, next));
      const span = (numbers[next - 1] ?? from) - from + 1;
      const read = await this.#index.window(from, span, signal, ROW_TEXT);
      records.push(...read.filter(({ number }) => wanted.has(number)));
      at = next;
    }
    return records;
  }

  #row(record: LogRecord, place: number, siblings: number): GridRow {
    return {
      id: idOf(record),
      depth: 0,
      expandable: false,
      expanded: false,
      position: place + 1,
      siblings,
      cells: this.#kind.columns.map((column) => shorten(column.cell?.(record) ?? { value: column.value(record) })),
    };
  }

  #placeOf(number: number, matches: Matches | undefined, backwards: boolean): number {
    const length = matches?.numbers.length ?? this.#index.records;
    const place = matches ? matches.numbers.indexOf(number) : number < length ? number : -1;
    return place < 0 || !backwards ? place : length - 1 - place;
  }

  /** Undefined where the filter hides nothing. */
  async #matches(text: string, signal: AbortSignal): Promise<Matches | undefined> {
    try {
      return await this.#sharedMatches(text, signal);
    } catch (error) {
      // Whoever asked first gave up; whoever waited with it still wants to know.
      if (isCancelled(error) && !signal.aborted) return this.#matches(text, signal);
      throw error;
    }
  }

  #sharedMatches(text: string, signal: AbortSignal): Promise<Matches | undefined> {
    const known = this.#filters.get(text);
    if (known) return known;
    const filter = parseFilter(text, [...this.#kind.columns, ...this.#kind.hidden]);
    const matches = filter.empty ? Promise.resolve(undefined) : this.#match(filter, signal);
    this.#filters.set(text, matches);
    matches.catch(() => {
      if (this.#filters.get(text) === matches) this.#filters.delete(text);
    });
    for (const oldest of [...this.#filters.keys()].slice(0, -KEPT_FILTERS)) this.#filters.delete(oldest);
    return matches;
  }

  async #match(filter: Filter, signal: AbortSignal): Promise<Matches> {
    const fields = [...this.#kind.columns, ...this.#kind.hidden];
    let numbers = new Uint32Array(1024);
    let count = 0;
    let more = false;
    const see = (record: LogRecord): boolean => {
      const value = (index: number): CellValue => fields[index]?.value(record) ?? null;
      if (!filter.matches({ value, text: () => searchableText(fields, value) })) return true;
      if (count === MAX_MATCHES) {
        more = true;
        return false;
      }
      if (count === numbers.length) {
        const larger = new Uint32Array(numbers.length * 2);
        larger.set(numbers);
        numbers = larger;
      }
      numbers[count++] = record.number;
      return true;
    };
    await this.#index.visit(see, { signal });
    return { numbers: numbers.subarray(0, count).slice().sort(), more };
  }
}

/** Only the order of time is there to be turned round. */
function isBackwards({ sort }: GridQuery, format: LogFormat): boolean {
  return sort?.descending === true && sort.column === (format === 'criu' ? 'elapsed' : 'time');
}

function whole(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
