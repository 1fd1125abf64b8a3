import type { MountFacts } from '../../protocol/mounts.ts';
import type { Engine } from '../../protocol/overview.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import { orCancelled } from '../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import { mountedContents, rootfsChanges, type Change } from './changes.ts';
import { isCutShort, rootfsDiffGap } from './completeness.ts';
import { asArray, asText, at } from './json.ts';
import type { Metadata } from './metadata.ts';
import type { Notebook } from './notebook.ts';

/** Opens an archive inside the archive, whatever its compression. */
export type OpenNested = (entry: Entry, signal?: AbortSignal) => Promise<FileSet>;

interface Parts {
  readonly files: FileSet;
  readonly imagesPrefix: string;
  readonly engine: Engine;
  readonly metadata: Metadata;
  readonly notebook: Notebook;
  readonly openNested: OpenNested;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
}

/** One nested archive and where its content stood in the container. */
interface Content {
  readonly entry: Entry;
  readonly mountPoint: string;
  readonly source: 'volume' | 'dev-shm' | 'tmpfs';
}

/** The container's files as far as the checkpoint holds them: the rootfs diff and the contents of mounts. */
export class Filesystem {
  readonly #parts: Parts;
  readonly #closing = new AbortController();
  readonly #nested = new Map<string, Promise<FileSet | undefined>>();
  #loaded: { readonly entries: number; readonly changes: Promise<readonly Change[]> } | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Changed paths, the rootfs diff first, then what lay on mounts. Read again when the archive has grown. Several may
   * wait for one reading: who leaves does not end it for the others.
   */
  changes(signal?: AbortSignal): Promise<readonly Change[]> {
    const { files } = this.#parts;
    if (this.#loaded?.entries !== files.entries.size) {
      const changes = this.#load(this.#closing.signal);
      this.#loaded = { entries: files.entries.size, changes };
      changes.catch(() => (this.#loaded = undefined));
    }
    return orCancelled(this.#loaded.changes, signal);
  }

  /** The same, each made when it is taken, and none kept: for who goes over all of them once. */
  async each(signal?: AbortSignal): Promise<Iterable<Change>> {
    const isLoaded = this.#loaded?.entries === this.#parts.files.entries.size;
    return isLoaded ? this.changes(signal) : orCancelled(this.#read(this.#closing.signal), signal);
  }

  /** What must be said of the list as a whole. */
  remark(): Sentence | undefined {
    const { files, engine } = this.#parts;
    if (files.entries.has('rootfs-diff.tar')) return rootfsDiffGap(engine);
    if (files.complete && isCutShort(files)) {
      return sentence(
        'The archive ends too early: changed files may have been in the part that is gone. What is left holds no rootfs-diff.tar.',
      );
    }
    return files.complete
      ? sentence('This checkpoint holds no rootfs-diff.tar: it does not say which files were added or modified.')
      : undefined;
  }

  /** Which archive entry holds the content of a mount, by mount point. */
  async contents(signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const contents = await this.#contents(await this.#parts.mounts(signal), signal);
    return new Map(contents.map((content) => [content.mountPoint, content.entry.path]));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const opened = await Promise.allSettled([...this.#nested.values()]);
    const sets = opened.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
    await Promise.all(sets.map((set) => set.close()));
  }

  async #load(signal: AbortSignal): Promise<readonly Change[]> {
    return [...(await this.#read(signal))];
  }

  /** Opens all archives that changes are in. */
  async #read(signal: AbortSignal): Promise<Iterable<Change>> {
    const { files, engine, metadata, mounts } = this.#parts;
    const diffEntry = files.entries.get('rootfs-diff.tar');
    const diff = diffEntry && (await this.#open(diffEntry, signal));
    const created = asText(at(await metadata.config(signal), 'createdTime'));
    const createdAt =
      created === undefined || Number.isNaN(Date.parse(created)) ? undefined : BigInt(Date.parse(created)) * 1_000_000n;
    const parts: Iterable<Change>[] = [rootfsChanges(diff, engine, await metadata.deletedFiles(signal), createdAt)];
    for (const content of await this.#contents(await mounts(signal), signal)) {
      const inside = await this.#open(content.entry, signal);
      if (inside) parts.push(mountedContents(inside, content.mountPoint, content.source, content.entry.path));
    }
    return concatenated(parts);
  }

  async #contents(mounts: readonly MountFacts[], signal?: AbortSignal): Promise<readonly Content[]> {
    const { files, imagesPrefix, metadata } = this.#parts;
    const volumes = asArray(at(await metadata.config(signal), 'namedVolumes'));
    const contents: Content[] = [];
    for (const entry of files.entries.values()) {
      if (entry.type !== 'file') continue;
      const volume = /^volumes\/(.+)\.tar$/.exec(entry.path)?.[1];
      const device = /^tmpfs-dev-(\d+)\.tar\.gz\.img$/.exec(entry.path.slice(imagesPrefix.length))?.[1];
      const mountId = /^tmpfs-(\d+)\.tar\.gz\.img$/.exec(entry.path.slice(imagesPrefix.length))?.[1];
      if (volume !== undefined) {
        const destination = volumes
          .map((item) => (at(item, 'volumeName') === volume ? asText(at(item, 'dest')) : undefined))
          .find((path) => path !== undefined);
        const bySource = mounts.find((mount) => mount.source.endsWith(`/volumes/${volume}/_data`))?.destination;
        contents.push({ entry, mountPoint: destination ?? bySource ?? `/volumes/${volume}`, source: 'volume' });
      } else if (entry.path === 'devshm-checkpoint.tar') {
        contents.push({ entry, mountPoint: '/dev/shm', source: 'dev-shm' });
      } else if (device !== undefined || mountId !== undefined) {
        const mount = mounts.find(
          (candidate) =>
            (device !== undefined ? deviceOf(candidate) === Number(device) : candidate.id === Number(mountId)) &&
            candidate.root === '/',
        );
        if (mount) contents.push({ entry, mountPoint: mount.destination, source: 'tmpfs' });
      }
    }
    return contents;
  }

  /** A nested archive that cannot be read is a note; the rest is shown. */
  #open(entry: Entry, signal: AbortSignal): Promise<FileSet | undefined> {
    let opening = this.#nested.get(entry.path);
    if (!opening) {
      opening = this.#openAndIndex(entry, signal);
      this.#nested.set(entry.path, opening);
      opening.catch(() => this.#nested.delete(entry.path));
    }
    return opening;
  }

  async #openAndIndex(entry: Entry, signal: AbortSignal): Promise<FileSet | undefined> {
    try {
      const nested = await this.#parts.openNested(entry, signal);
      await nested.completed;
      this.#parts.notebook.add(...nested.notes);
      return nested;
    } catch (error) {
      if (isCancelled(error) || !(error instanceof CheckpointError)) throw error;
      this.#parts.notebook.add({
        kind: 'damaged',
        where: entry.path,
        ...(error.offset !== undefined && { offset: error.offset }),
        text: error.sentence,
      });
      return undefined;
    }
  }
}

function* concatenated<T>(parts: Iterable<Iterable<T>>): Generator<T> {
  for (const part of parts) yield* part;
}

/** The kernel's encoding of a device number inside CRIU's file names: 12 bits major, 20 bits minor. */
function deviceOf(mount: MountFacts): number {
  return (mount.deviceMajor ?? 0) * 2 ** 20 + (mount.deviceMinor ?? 0);
}
