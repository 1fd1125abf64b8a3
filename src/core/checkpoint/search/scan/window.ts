import { fstatSync, readSync } from 'node:fs';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import type { Piece, ScanFile, ScanTask } from './task.ts';

/** Bytes between two pieces of a file that are read along with them, because that is quicker than two reads. */
const READ_ALONG = 16 * 1024;

/** The buffer holds a usual task and what lies around its parts; what is not used of it takes no memory. */
const USUAL_BYTES = 5 * 1024 * 1024;
/** Bytes by which it grows. */
const STEP = 1024 * 1024;

/** Bytes of a part that lie side by side in the window and follow each other in the part. */
export interface Stretch {
  readonly part: number;
  /** Where it begins in the part. */
  readonly at: number;
  /** Where it is in the window. */
  readonly begin: number;
  end: number;
}

interface Read {
  readonly file: number;
  readonly offset: number;
  readonly place: number;
  length: number;
}

/** What a task looks through, in a buffer that the next task uses again. */
export class ScanWindow {
  #buffer = Buffer.alloc(0);
  bytes = Buffer.alloc(0);
  stretches: readonly Stretch[] = [];
  /** What files did not hold, though they should. */
  missing: { readonly part: number; readonly at: number; readonly length: number }[] = [];

  /** @throws CheckpointError `unreadable`, `changed` */
  load(task: ScanTask): void {
    const layout = new Layout();
    task.parts.forEach(({ pieces }, part) => pieces.forEach((piece) => layout.add(part, piece)));
    // Tasks differ a little, and a new buffer costs more than looking through it.
    if (this.#buffer.length < layout.end) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(USUAL_BYTES, Math.ceil(layout.end / STEP) * STEP));
    }
    this.bytes = this.#buffer.subarray(0, layout.end);
    this.missing = [];
    const ends = layout.reads.map((read) => this.#read(read, task.files[read.file] as ScanFile));
    for (const { bytes, place } of layout.copies) this.bytes.set(bytes, place);
    for (const file of task.files) requireUnchanged(file);
    this.stretches = ends.every((end, index) => end === lastOf(layout.reads[index] as Read))
      ? layout.stretches
      : this.#shortened(layout, ends);
  }

  /** @returns where in the window the bytes end that were there */
  #read({ offset, place, length }: Read, file: ScanFile): number {
    let done = 0;
    while (done < length) {
      const count = readBytes(file, this.bytes, place + done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return place + done;
  }

  /** Without the bytes that no file gave. */
  #shortened({ stretches, reads }: Layout, ends: readonly number[]): readonly Stretch[] {
    const gaps = reads.flatMap((read, index) => {
      const end = ends[index] as number;
      return end < lastOf(read) ? [{ from: end, to: lastOf(read) }] : [];
    });
    return stretches.flatMap((stretch) => this.#without(stretch, gaps));
  }

  #without(stretch: Stretch, gaps: readonly { readonly from: number; readonly to: number }[]): readonly Stretch[] {
    const rest: Stretch[] = [];
    let begin = stretch.begin;
    const keep = (end: number): void => {
      if (begin < end) rest.push({ ...stretch, at: stretch.at + begin - stretch.begin, begin, end });
    };
    for (const gap of gaps) {
      const from = Math.max(begin, gap.from);
      const to = Math.min(stretch.end, gap.to);
      if (from >= to) continue;
      keep(from);
      this.missing.push({ part: stretch.part, at: stretch.at + from - stretch.begin, length: to - from });
      begin = to;
    }
    keep(stretch.end);
    return rest;
  }
}

/** Where in the window each piece comes to lie, so that few reads bring them there. */
class Layout {
  readonly stretches: Stretch[] = [];
  readonly reads: Read[] = [];
  readonly copies: { readonly bytes: Uint8Array; readonly place: number }[] = [];
  end = 0;

  add(part: number, piece: Piece): void {
    if (piece.length === 0) return;
    const last = this.stretches.at(-1);
    const goesOn = last?.part === part && last.at + last.end - last.begin === piece.at;
    const place = piece.bytes ? this.#copy(piece.bytes) : this.#place(piece, goesOn);
    this.end = place + piece.length;
    if (last && goesOn) last.end = this.end;
    else this.stretches.push({ part, at: piece.at, begin: place, end: this.end });
  }

  #copy(bytes: Uint8Array): number {
    this.copies.push({ bytes, place: this.end });
    return this.end;
  }

  #place({ file, offset, length }: Piece, goesOn: boolean): number {
    const last = this.reads.at(-1);
    const isLast = last && lastOf(last) === this.end && last.file === file;
    const gap = isLast ? offset - last.offset - last.length : -1;
    if (isLast && gap >= 0 && gap <= (goesOn ? 0 : READ_ALONG)) {
      last.length += gap + length;
      return this.end + gap;
    }
    this.reads.push({ file, offset, place: this.end, length });
    return this.end;
  }
}

function lastOf({ place, length }: Read): number {
  return place + length;
}

function readBytes(file: ScanFile, buffer: Buffer, place: number, length: number, offset: number): number {
  try {
    return readSync(file.descriptor, buffer, place, length, offset);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CheckpointError('unreadable', sentence('{0} cannot be read at byte {1}: {2}.', file.name, offset, why), {
      where: file.name,
      offset,
      cause: error,
    });
  }
}

/** What was read would be of two states. */
function requireUnchanged({ descriptor, name, state }: ScanFile): void {
  if (!state) return;
  const now = fstatSync(descriptor);
  if (now.size === state.size && now.mtimeMs === state.mtimeMs) return;
  const text = sentence('{0} was changed by another program while it was searched. Open it again.', name);
  throw new CheckpointError('changed', text, { where: name });
}
