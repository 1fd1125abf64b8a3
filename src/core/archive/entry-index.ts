import { Buffer } from 'node:buffer';
import type { Note } from '../../protocol/note.ts';
import { orCancelled, throwIfCancelled } from '../bytes/cancel.ts';
import type { Entry } from './file-set.ts';

/**
 * What the entries of one set may take of memory, bytes: that is some 500,000 ordinary ones. Hostile archives hold more.
 * The costs are what V8 takes for an entry, and for an array of bytes beside its content.
 */
const MEMORY_LIMIT = 120 * 1024 * 1024;
const ENTRY_COST = 230;
const BYTES_COST = 350;
const MAX_NOTES = 500;

/** Entries by path, found one after the other, and those who wait for them. */
export class EntryIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #notes: Note[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #onShadowed: ((earlier: Entry) => void) | undefined;
  #complete = false;
  #hasGrown = false;
  #cost = 0;

  /** @param onShadowed called with an entry that is no longer shown, because a later one has its name */
  constructor(onShadowed?: (earlier: Entry) => void) {
    this.#onShadowed = onShadowed;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  get notes(): readonly Note[] {
    return this.#notes;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** @returns the entry as it is kept, maybe under another path; undefined when no more can be kept */
  add(entry: Entry): Entry | undefined {
    this.#cost += costOf(entry);
    if (this.#cost > MEMORY_LIMIT) return undefined;
    const kept = this.#entries.has(entry.path) ? this.#replacing(entry) : entry;
    this.#entries.set(kept.path, kept);
    this.#hasGrown = true;
    if (this.#waiting.size > 0) this.#wake(kept.path);
    return kept;
  }

  /** Of several of one name the last counts, and stands where it stands in the archive. */
  #replacing(entry: Entry): Entry {
    const path = this.#freePath(entry);
    if (path !== entry.path) return { ...entry, path };
    const earlier = this.#entries.get(path);
    this.#entries.delete(path);
    // Folders are named again and again by some writers.
    if (earlier && !(earlier.type === 'directory' && entry.type === 'directory')) this.#onShadowed?.(earlier);
    return entry;
  }

  /** Puts something else into the place of an entry. */
  replace(entry: Entry): void {
    this.#entries.set(entry.path, entry);
    this.#hasGrown = true;
  }

  note(note: Note): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(note);
  }

  /** Tells the listeners, if there is something new. */
  flush(): void {
    if (!this.#hasGrown) return;
    this.#hasGrown = false;
    for (const listener of this.#listeners) listener();
  }

  /** No more entries will come. */
  finish(): void {
    this.#complete = true;
    this.#hasGrown = true;
    for (const path of this.#waiting.keys()) this.#wake(path);
    this.flush();
  }

  /** The entry as soon as it is there; undefined if none of that name came. */
  async find(path: string, signal?: AbortSignal): Promise<Entry | undefined> {
    throwIfCancelled(signal);
    if (!this.#entries.has(path) && !this.#complete) await orCancelled(this.#arrival(path), signal);
    return this.#entries.get(path);
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #arrival(path: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(path) ?? new Set();
      waiting.add(resolve);
      this.#waiting.set(path, waiting);
    });
  }

  #wake(path: string): void {
    const waiting = this.#waiting.get(path);
    this.#waiting.delete(path);
    waiting?.forEach((resolve) => resolve());
  }

  /** Two names that are not UTF-8 may look the same without being it. */
  #freePath(entry: Entry): string {
    let path = entry.path;
    for (let number = 2; ; number++) {
      const known = this.#entries.get(path);
      if (!known || sameBytes(known.pathBytes, entry.pathBytes)) return path;
      path = `${entry.path} (${String(number)})`;
    }
  }
}

function costOf({ path, linkTarget, pathBytes, xattrs }: Entry): number {
  // A text with other than Latin letters takes two bytes a letter.
  let cost = ENTRY_COST + (pathBytes ? 2 * path.length : path.length) + (linkTarget?.length ?? 0);
  if (pathBytes) cost += BYTES_COST + pathBytes.length;
  if (xattrs) for (const [name, value] of xattrs) cost += 2 * BYTES_COST + name.length + value.length;
  return cost;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (!a || !b) return a === b;
  return Buffer.compare(a, b) === 0;
}
