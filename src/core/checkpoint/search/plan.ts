import type { CompiledPattern } from './pattern/compile.ts';
import type { Part, Piece, ScanFile, ScanTask } from './scan/task.ts';
import type { SearchSpace, SpacePiece } from './spaces/space.ts';

/** How large a task may be. */
export interface TaskSize {
  readonly bytes: number;
  /** Small pieces cost more than their bytes. */
  readonly pieces: number;
}

/** Smaller ones cost more messages, larger ones do not stay in the caches between reading and looking. */
export const USUAL_TASK: TaskSize = { bytes: 4 * 1024 * 1024, pieces: 4096 };
/** The first task has so many bytes, each that follows twice as many, up to a whole one: so something is found soon. */
const FIRST_TASK = 512 * 1024;
/** Bytes behind a match that it may look at. */
const AHEAD = 64;
/** Distances within a part are exact numbers. */
const PART_SPAN = 2n ** 52n;

/** A task, and what its parts belong to. */
export interface PlannedTask {
  readonly task: ScanTask;
  readonly parts: readonly { readonly space: SearchSpace; readonly base: bigint }[];
  /** Bytes of which it brings the matches. */
  readonly bytes: number;
  /** Bytes that are not in a file as they are, and therefore come along. */
  readonly carried: number;
}

/** Cuts spaces into tasks, one after the other as they are wanted. */
export async function* planTasks(
  spaces: AsyncIterable<Iterable<SearchSpace>>,
  { longest, behind }: CompiledPattern,
  context: number,
  size: TaskSize = USUAL_TASK,
  signal?: AbortSignal,
): AsyncGenerator<PlannedTask> {
  const before = BigInt(Math.max(behind, context));
  const after = BigInt(longest - 1 + (behind > 0 ? AHEAD : 0) + context);
  const reach = BigInt(longest - 1 + context);
  let bytes = Math.min(FIRST_TASK, size.bytes);
  let builder = new TaskBuilder({ ...size, bytes });
  const following = (): TaskBuilder => {
    bytes = Math.min(2 * bytes, size.bytes);
    return new TaskBuilder({ ...size, bytes });
  };
  for await (const group of spaces) {
    for (const space of group) {
      let from: bigint | undefined;
      do {
        const found = space.pieces(from, builder.room, signal);
        const { pieces, next } = found instanceof Promise ? await found : found;
        for (const near of exactGroups(pieces)) {
          const [first] = near;
          const end = endOf(near);
          const isCut = first !== undefined && from === first.start;
          const head = isCut ? await space.range(first.start - before, first.start, signal) : [];
          const tail = next !== undefined && next === end ? await space.range(end, end + after, signal) : [];
          if (first) builder.add(space, [...touching(head, first.start), ...near, ...tail], first.start, end);
        }
        from = next;
        if (builder.isFull) {
          yield builder.take();
          builder = following();
        }
      } while (from !== undefined);
      if (!space.borders) continue;
      for (const border of await space.borders(signal)) {
        const pieces = (await space.around?.(border, reach, signal)) ?? [];
        builder.add(space, pieces, border - reach, border, border);
        if (!builder.isFull) continue;
        yield builder.take();
        builder = following();
      }
    }
  }
  if (!builder.isEmpty) yield builder.take();
}

/** Those at the end that go on up to a place. */
function touching(pieces: readonly SpacePiece[], place: bigint): readonly SpacePiece[] {
  return endOf(pieces) === place ? pieces : [];
}

function endOf(pieces: readonly SpacePiece[]): bigint | undefined {
  const last = pieces.at(-1);
  return last && last.start + BigInt(last.length);
}

/** Groups within which distances are exact. */
function exactGroups(pieces: readonly SpacePiece[]): readonly (readonly SpacePiece[])[] {
  const groups: SpacePiece[][] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    if (group && first && piece.start - first.start < PART_SPAN) group.push(piece);
    else groups.push([piece]);
  }
  return groups;
}

class TaskBuilder {
  readonly #files: ScanFile[] = [];
  readonly #indexes = new Map<number, number>();
  readonly #parts: Part[] = [];
  readonly #origins: { readonly space: SearchSpace; readonly base: bigint }[] = [];
  readonly #size: TaskSize;
  #pieces = 0;
  #bytes = 0;
  #carried = 0;

  constructor(size: TaskSize) {
    this.#size = size;
  }

  /** Bytes that it still takes. */
  get room(): number {
    return Math.max(1, this.#size.bytes - this.#bytes);
  }

  get isFull(): boolean {
    return this.#bytes >= this.#size.bytes || this.#pieces >= this.#size.pieces;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  add(space: SearchSpace, pieces: readonly SpacePiece[], from: bigint, to: bigint | undefined, across?: bigint): void {
    const [first] = pieces;
    if (!first || to === undefined) return;
    // Even, so that places are even where addresses are.
    const base = first.start - (first.start % 2n);
    const within = (place: bigint): number => Number(place - base);
    const start = from < first.start ? first.start : from;
    this.#parts.push({
      pieces: pieces.map((piece) => this.#piece(piece, within(piece.start))),
      from: within(start),
      to: within(to),
      ...(across !== undefined && { across: within(across) }),
    });
    this.#origins.push({ space, base });
    this.#pieces += pieces.length;
    for (const { length, bytes } of pieces) {
      this.#bytes += length;
      this.#carried += bytes?.length ?? 0;
    }
  }

  take(): PlannedTask {
    const task = { files: this.#files, parts: this.#parts };
    return { task, parts: this.#origins, bytes: this.#bytes, carried: this.#carried };
  }

  #piece({ length, file, offset = 0, bytes }: SpacePiece, at: number): Piece {
    if (!file) return { at, length, file: -1, offset, ...(bytes && { bytes }) };
    let index = this.#indexes.get(file.descriptor);
    if (index === undefined) {
      index = this.#files.push(file) - 1;
      this.#indexes.set(file.descriptor, index);
    }
    return { at, length, file: index, offset };
  }
}
