import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArchiveMetadata } from '../../protocol/metadata-api.ts';
import { Disposable, onDispose } from '../disposable.ts';
import type { Candidate } from './find-candidates.ts';

/** Raised when what is stored means something else: then everything is read again. */
const VERSION = 1;

/** Archives remembered; those that were not asked for longest go first. */
const MAX_ENTRIES = 5000;

/** Milliseconds from a change to the file. */
const SAVE_AFTER = 1000;

interface Entry {
  readonly size: number;
  readonly mtime: number;
  /** null: it is no checkpoint. */
  readonly metadata: ArchiveMetadata | null;
}

/**
 * What is known of archives by path, size and time of modification, over restarts. A file of its own that may be lost
 * at any time; of several windows the last that writes wins.
 */
export class MetadataCache extends Disposable {
  readonly #file: string;
  readonly #entries: Promise<Map<string, Entry>>;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    super();
    this.#file = file;
    this.#entries = load(file);
    this.own(onDispose(() => clearTimeout(this.#timer)));
  }

  /** @returns undefined where it is not known, or has changed since */
  async get({ path, size, mtime }: Candidate): Promise<ArchiveMetadata | null | undefined> {
    const entries = await this.#entries;
    const entry = entries.get(path);
    if (entry?.size !== size || entry.mtime !== mtime) return undefined;
    // The newest is the last.
    entries.delete(path);
    entries.set(path, entry);
    return entry.metadata;
  }

  async set({ path, size, mtime }: Candidate, metadata: ArchiveMetadata | null): Promise<void> {
    const entries = await this.#entries;
    entries.delete(path);
    entries.set(path, { size, mtime, metadata });
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_ENTRIES) break;
      entries.delete(oldest);
    }
    if (!this.isDisposed) this.#timer ??= setTimeout(() => void this.save(), SAVE_AFTER);
  }

  /** Writes what is known; a failure costs only time at the next start. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = JSON.stringify({ version: VERSION, entries: [...(await this.#entries)] });
    const temporary = `${this.#file}.${String(process.pid)}.new`;
    try {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch {
      // No room, or no right to write.
    }
  }
}

async function load(file: string): Promise<Map<string, Entry>> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as { version?: unknown; entries?: unknown } | null;
    if (stored?.version === VERSION && Array.isArray(stored.entries)) {
      return new Map((stored.entries as unknown[]).filter(isEntry));
    }
  } catch {
    // Not written yet, or not by this version.
  }
  return new Map();
}

/** Only written by this extension, but a half-written or hand-made file must not stop the view. */
function isEntry(value: unknown): value is [string, Entry] {
  if (!Array.isArray(value)) return false;
  const [path, entry] = value as [unknown, Partial<Entry> | null | undefined];
  return (
    typeof path === 'string' &&
    typeof entry?.size === 'number' &&
    typeof entry.mtime === 'number' &&
    (entry.metadata === null || typeof entry.metadata?.engine === 'string')
  );
}
