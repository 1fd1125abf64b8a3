import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FileEntry, FileStat, SaveResult } from '../../protocol/checkpoint-api.ts';
import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError, isCancelled, type Reason } from '../errors.ts';
import { codeOf, isFolder, keepAttributes, look, nearest, times, UNFIT, writeAll } from './extract-disk.ts';
import { Item } from './extract-item.ts';
import { isName, safeName, shortened, staysInside } from './extract-names.ts';
import type { FileView } from './file-view.ts';
import { compileGlobs, type GlobState } from './globs.ts';

export interface ExtractOptions {
  /** Replace files and links that are there already. A folder is never replaced, and nothing by a folder. */
  readonly force?: boolean;
  /** Patterns over paths of the view, see globs.ts; without them everything. */
  readonly globs?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: { readonly files: number; readonly bytes: number }) => void;
}

/** Bytes read and written at once: what an extraction holds in memory, whatever the size of its files. */
const CHUNK = 1024 * 1024;

/** Longer paths are refused by every file system that this runs on. */
const MAX_PATH = 4096;

/** How long the event loop may wait, so that a cancellation is heard. Milliseconds. */
const TURN = 20;

/** Notes kept; a hostile archive could make millions. */
const MAX_NOTES = 1000;

const NO_FOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;

/**
 * Writes a file, or a folder with all below it, to this machine's disk.
 *
 * If `target` is a folder that exists, `path` goes into it under its own name (the view's root has none: then its
 * content does); otherwise `path` is written as `target`. Nothing is ever written outside `target`: names are made
 * safe, folders on the way must be real ones, links are made last and only where they lead inside. What cannot be
 * written or is damaged is left out and told in `skipped`; a file that ends early is kept and told there too. Devices,
 * pipes and sockets are not made. Permission bits are kept except setuid, setgid and sticky, times of modification are.
 *
 * @param path absolute path in the view
 * @throws CheckpointError `exists` (then nothing was written), `not-found`, `no-space`, `unwritable`, `cancelled`
 */
export async function extractTo(
  view: FileView,
  path: string,
  target: string,
  options: ExtractOptions = {},
): Promise<SaveResult> {
  const run = new Extraction(view, options);
  const items = await run.plan(path, resolve(target));
  run.refuseConflicts(items);
  return run.write(items);
}

class Extraction {
  readonly #view: FileView;
  readonly #options: ExtractOptions;
  readonly #skipped: Note[] = [];
  /** Inodes made by this run, to tell an older file from an own one of the same name. */
  readonly #made = new Set<bigint>();
  /** Folders that are really there, and really folders. */
  readonly #folders = new Set<string>();
  #files = 0;
  #bytes = 0;
  #lastTurn = Date.now();

  constructor(view: FileView, options: ExtractOptions) {
    this.#view = view;
    this.#options = options;
  }

  /** What is to be written, folders before their content. Touches nothing. */
  async plan(path: string, target: string): Promise<Item[]> {
    const { signal } = this.#options;
    const stat = await this.#view.stat(path, signal);
    const names = path.split('/').filter((name) => name !== '');
    let state = compileGlobs(this.#options.globs).start;
    for (const name of names) state = state.enter(name);

    const items: Item[] = [];
    await this.#collect(this.#top(path, names.at(-1), target, stat), state, items, []);
    return items;
  }

  #top(viewPath: string, name: string | undefined, target: string, stat: FileStat): Item {
    if (name !== undefined && isFolder(target)) {
      const folder = realpathSync(target);
      this.#folders.add(folder);
      return Item.top(viewPath, join(folder, safeName(name)), 0, stat);
    }
    return Item.top(viewPath, join(nearest(dirname(target)), basename(target)), -1, stat);
  }

  /** `waiting`: folders above that nothing has asked for yet. */
  async #collect(item: Item, state: GlobState, items: Item[], waiting: Item[]): Promise<void> {
    await this.#turn();
    if (state.dead) return;
    if (item.stat.kind !== 'directory') {
      if (state.matched) items.push(...waiting.splice(0), item);
      return;
    }
    waiting.push(item);
    if (state.matched) items.push(...waiting.splice(0));
    for (const child of await this.#list(item)) {
      const { name } = child;
      const next = Item.within(item, child);
      // What is here only because all above it was asked for.
      if (child.onDemand && state.matched) continue;
      if (!isName(name)) this.#leaveOut(next.viewPath, '{0} was left out: no file can have that name.');
      else if (next.path.length > MAX_PATH)
        this.#leaveOut(next.viewPath, '{0} was left out: its path is too long for this machine.');
      else await this.#collect(next, state.enter(name), items, waiting);
    }
    if (waiting.at(-1) === item) waiting.pop();
  }

  async #list(item: Item): Promise<readonly FileEntry[]> {
    try {
      return await this.#view.list(item.viewPath, this.#options.signal);
    } catch (error) {
      this.#damaged(error, item);
      return [];
    }
  }

  /** Looks at everything that is in the way before anything is written. */
  refuseConflicts(items: readonly Item[]): void {
    const absent = new Set<string>();
    for (const item of items) {
      const parent = dirname(item.path);
      const there = absent.has(parent) ? undefined : look(item.path);
      if (!there) {
        if (item.stat.kind === 'directory') absent.add(item.path);
        continue;
      }
      const folder = item.stat.kind === 'directory';
      // The folder that the person named may be a link of theirs; below it no link is followed.
      if (folder && (there.isDirectory() || (item.depth < 0 && isFolder(item.path)))) continue;
      if (item.stat.kind === 'other') continue;
      if (folder)
        throw exists('{0} is in the way: it is not a folder. Choose another target; nothing was written.', item.path);
      if (there.isDirectory())
        throw exists('{0} is in the way: it is a folder. Choose another target; nothing was written.', item.path);
      if (!this.#options.force)
        throw exists(
          '{0} exists already. Choose another target, or allow overwriting; nothing was written.',
          item.path,
        );
    }
  }

  async write(items: readonly Item[]): Promise<SaveResult> {
    const made: Item[] = [];
    for (const item of items) {
      await this.#turn();
      if (item.stat.kind === 'directory' && this.#makeFolder(item)) made.push(item);
      else if (item.stat.kind === 'file') await this.#writeFile(item);
      else if (item.stat.kind === 'other')
        this.#leaveOut(item.viewPath, '{0} was left out: it is a device, a pipe or a socket.');
    }
    // Links come last: nothing that is written can then pass through one.
    for (const item of items) {
      if (item.stat.kind === 'symlink') this.#makeLink(item);
    }
    // And folders' own modes and times after all that is put into them.
    for (const item of made.reverse())
      keepAttributes(() => {
        chmodSync(item.path, ((item.stat.mode ?? 0o755) & 0o777) | 0o700);
        const recorded = times(item.stat);
        if (recorded) utimesSync(item.path, ...recorded);
      });
    return { files: this.#files, bytes: this.#bytes, skipped: this.#skipped };
  }

  /** @returns true if it was made now */
  #makeFolder(item: Item): boolean {
    if (!this.#reachable(item)) return false;
    try {
      mkdirSync(item.path, { recursive: item.depth < 0, mode: 0o700 });
      this.#folders.add(item.path);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') this.#refused(error, item);
      else if (look(item.path)?.isDirectory() || (item.depth < 0 && isFolder(item.path))) this.#folders.add(item.path);
      else this.#leaveOut(item.viewPath, '{0} was left out: another file of the same name is there already.');
      return false;
    }
  }

  async #writeFile(item: Item): Promise<void> {
    if (!this.#reachable(item)) return;
    const { signal } = this.#options;
    const source = await this.#view.open(item.viewPath, signal).catch((error: unknown) => this.#damaged(error, item));
    if (!source) return;
    let file: number | undefined;
    let written = 0;
    try {
      file = this.#create(item);
      if (file === undefined) return;
      for (let wanted = CHUNK; wanted === CHUNK;) {
        const bytes = await source.read(written, CHUNK, signal);
        writeAll(file, bytes);
        written += bytes.length;
        this.#bytes += bytes.length;
        wanted = bytes.length;
        await this.#turn();
      }
      const descriptor = file;
      keepAttributes(() => {
        fchmodSync(descriptor, ((item.stat.mode ?? 0o644) & 0o777) | 0o400);
        const recorded = times(item.stat);
        if (recorded) futimesSync(descriptor, ...recorded);
      });
      closeSync(descriptor);
      file = undefined;
      this.#files++;
      this.#tellWhatLacks(item, source, written);
    } catch (error) {
      if (file !== undefined) {
        closeSync(file);
        unlinkSync(item.path);
        this.#bytes -= written;
      }
      this.#failed(error, item);
    } finally {
      await source.close();
    }
  }

  #tellWhatLacks({ viewPath, stat }: Item, source: ByteSource, written: number): void {
    const size = source.size ?? stat.size;
    if (written < size) {
      const text = sentence('{0} holds only {1} of {2} bytes: the archive ends early.', viewPath, written, size);
      this.#skip('truncated', viewPath, text);
    }
    if (source.missing) {
      const text = sentence(
        '{1} of the {2} bytes of {0} are not in the checkpoint and were written as zeros; {0}.missing lists them.',
        viewPath,
        source.missing,
        size,
      );
      this.#skip('missing', viewPath, text);
    }
  }

  /** Makes the file anew, never through a link and never into a file that is there. */
  #create(item: Item): number | undefined {
    const make = () =>
      openSync(item.path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
    let file: number;
    try {
      file = make();
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (!this.#clear(item)) return undefined;
      file = make();
    }
    this.#made.add(fstatSync(file, { bigint: true }).ino);
    return file;
  }

  /** Removes what `force` allows to replace. */
  #clear(item: Item): boolean {
    const there = look(item.path);
    if (there && this.#options.force && !there.isDirectory() && !this.#made.has(there.ino)) {
      unlinkSync(item.path);
      return true;
    }
    this.#leaveOut(item.viewPath, '{0} was left out: another file of the same name is there already.');
    return false;
  }

  #makeLink(item: Item): void {
    if (!this.#reachable(item)) return;
    const target = item.stat.linkTarget ?? '';
    if (!staysInside(target, Math.max(0, item.depth))) {
      this.#leaveOut(
        item.viewPath,
        '{0} was left out: it is a link to {1}, which may lead out of the target folder.',
        target,
      );
      return;
    }
    try {
      if (look(item.path) && !this.#clear(item)) return;
      symlinkSync(target, item.path);
      this.#made.add(lstatSync(item.path, { bigint: true }).ino);
      this.#files++;
      keepAttributes(() => {
        const recorded = times(item.stat);
        if (recorded) lutimesSync(item.path, ...recorded);
      });
    } catch (error) {
      this.#refused(error, item);
    }
  }

  /** A folder above that could not be made takes all below it along, told once. */
  #reachable(item: Item): boolean {
    return item.depth < 0 || this.#folders.has(dirname(item.path));
  }

  #failed(error: unknown, item: Item): void {
    if (codeOf(error) !== undefined && !CheckpointError.is(error)) this.#refused(error, item);
    else this.#damaged(error, item);
  }

  /** The checkpoint could not give it. */
  #damaged(error: unknown, item: Item): undefined {
    if (!CheckpointError.is(error) || isCancelled(error)) throw error;
    const kind = NOTE_KINDS[error.reason];
    if (kind === undefined) throw error;
    this.#skip(kind, item.viewPath, error.sentence);
    return undefined;
  }

  /** The disk would not take it. */
  #refused(error: unknown, item: Item): void {
    const code = codeOf(error);
    if (code === undefined) throw error;
    if (UNFIT.has(code)) {
      this.#leaveOut(item.viewPath, '{0} was left out: this disk cannot hold a file of that name or size ({1}).', code);
    } else if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new CheckpointError(
        'no-space',
        sentence('There is no space left to write {0}. Free some, or choose another target.', item.path),
        { where: item.path, cause: error },
      );
    } else {
      throw new CheckpointError('unwritable', sentence('{0} cannot be written ({1}).', item.path, code), {
        where: item.path,
        cause: error,
      });
    }
  }

  /** Not for damage, but because this machine must not or cannot hold it. */
  #leaveOut(viewPath: string, template: string, ...args: string[]): void {
    this.#skip('may-be-incomplete', viewPath, sentence(template, shortened(viewPath), ...args));
  }

  #skip(kind: NoteKind, where: string, text: Sentence): void {
    if (this.#skipped.length < MAX_NOTES) this.#skipped.push({ kind, where, text });
    else if (this.#skipped.length === MAX_NOTES)
      this.#skipped.push({
        kind: 'may-be-incomplete',
        where: '/',
        text: sentence('More was left out than is listed here.'),
      });
  }

  /** Lets signals in, and tells how far it is. */
  async #turn(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (Date.now() - this.#lastTurn < TURN) return;
    this.#options.onProgress?.({ files: this.#files, bytes: this.#bytes });
    await setImmediate();
    this.#lastTurn = Date.now();
    this.#options.signal?.throwIfAborted();
  }
}

/** Damage of one file is told and the rest goes on; the other reasons concern all that would follow. */
const NOTE_KINDS: Partial<Record<Reason, NoteKind>> = {
  'not-found': 'missing',
  damaged: 'damaged',
  truncated: 'truncated',
  encrypted: 'encrypted',
  unsupported: 'may-be-incomplete',
  'too-large': 'may-be-incomplete',
};

function exists(template: string, path: string): CheckpointError {
  return new CheckpointError('exists', sentence(template, path), { where: path });
}
