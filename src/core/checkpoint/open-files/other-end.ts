import type { OtherEndFacts } from '../../../protocol/open-files.ts';
import type { FileEntry } from '../../criu/schema/generated/messages.ts';
import type { FileIndex, Holder } from './file-index.ts';
import { endOf, type Name } from './pipes.ts';

/** Of many processes so many are named. */
const NAMED = 3;

/** Files, and descriptors of each, that are looked at: more are no answer to who it is, and hostile images make millions. */
const LOOKED_AT = 64;

/** Finds for each end of a pipe, FIFO or UNIX socket who has the other one. What was found once is kept. */
export class OtherEnds {
  readonly #index: FileIndex;
  readonly #name: Name;
  readonly #known = new Map<string, OtherEndFacts | undefined>();

  constructor(index: FileIndex, name: Name) {
    this.#index = index;
    this.#name = name;
  }

  /** Undefined of files that have no other end, and where no process of the checkpoint holds it. */
  of(file: FileEntry): OtherEndFacts | undefined {
    const { pipe, fifo, usk } = file;
    if (!pipe && !fifo && !usk) return undefined;
    const end = usk ? 'both' : endOf(file, this.#index);
    const key = usk ? `socket ${usk.ino} ${usk.peer}` : `${end} ${pipe?.pipe_id ?? ''} ${fifo?.pipe_id ?? ''}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#find(file, end));
    return this.#known.get(key);
  }

  #find(file: FileEntry, end: ReturnType<typeof endOf>): OtherEndFacts | undefined {
    if (end === 'none') return undefined;
    const byPid = new Map<number, Holder>();
    for (const { id } of otherFiles(file, end, this.#index)) {
      for (const holder of this.#index.holders(id, LOOKED_AT)) {
        if (!byPid.has(holder.pid)) byPid.set(holder.pid, holder);
      }
    }
    if (byPid.size === 0) return undefined;
    const holders = [...byPid.values()].slice(0, NAMED).map(this.#name);
    const direction = end === 'both' ? 'both' : end === 'write' ? 'to' : 'from';
    return { direction, holders, more: byPid.size - holders.length };
  }
}

function otherFiles(file: FileEntry, end: 'read' | 'write' | 'both', index: FileIndex): readonly FileEntry[] {
  const { pipe, fifo, usk } = file;
  if (usk) {
    const other = usk.peer === 0 ? undefined : index.unixSocket(usk.peer);
    return other?.usk?.peer === usk.ino && other !== file ? [other] : [];
  }
  const all = index.pipes(pipe ? 'pipe' : 'fifo', pipe?.pipe_id ?? fifo?.pipe_id ?? 0).slice(0, LOOKED_AT);
  const others = all.filter((other) => {
    const otherEnd = endOf(other, index);
    return otherEnd !== 'none' && (end === 'both' || otherEnd !== end);
  });
  // A FIFO that was opened for both is its own other end.
  return others.length === 1 && others[0] === file ? [] : others;
}
