import type { MatchSource, SearchMatch } from '../../../../protocol/search.ts';
import { goOn, type Awaitable } from '../../../bytes/awaitable.ts';
import type { Entry, FileSet } from '../../../archive/file-set.ts';
import type { Change } from '../../changes.ts';
import { ContentSpace } from './content-space.ts';
import { contentMatch } from './kept-contents.ts';
import { memoryMatch } from './memory-space.ts';
import { openSource, type Opened, type Places } from './places.ts';
import type { MappedProcess } from './processes.ts';
import type { PlacedMatch } from './space.ts';

/** The container's files, one space each; and the processes that have them mapped see them in their memory. */
export class FileSpaces {
  readonly #processes: readonly MappedProcess[];
  readonly #opened: Opened[] = [];
  #mapped: Promise<ReadonlyMap<string, readonly MappedFile[]>> | undefined;

  constructor(processes: readonly MappedProcess[]) {
    this.#processes = processes;
  }

  /**
   * @param onlyMapped leave out files that none of the processes maps, and tell of the processes only
   */
  async spaces(changes: readonly Change[], onlyMapped: boolean): Promise<Iterable<ContentSpace>> {
    return this.#each(changes, onlyMapped, onlyMapped ? await this.#mappedFiles() : undefined);
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map(({ source }) => source.close()));
  }

  *#each(
    changes: readonly Change[],
    onlyMapped: boolean,
    mapped: ReadonlyMap<string, unknown> | undefined,
  ): Generator<ContentSpace> {
    for (const change of changes) {
      const { path, content } = change;
      if (!content || !isContent(content.entry)) continue;
      if (mapped && !mapped.has(path)) continue;
      yield this.#space(change, content.files, content.entry, onlyMapped);
    }
  }

  #space({ path, entry: origin }: Change, files: FileSet, entry: Entry, onlyMapped: boolean): ContentSpace {
    let opened: Awaitable<Opened> | undefined;
    const size = files.open(entry).size ?? entry.size;
    const describe = async (match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]> => {
      const inMemory = await this.#inMemory(path, match, signal);
      return onlyMapped ? inMemory : [contentMatch('file', path, match, `/rootfs${path}`), ...inMemory];
    };
    const open = (): Awaitable<Opened> =>
      (opened ??= goOn(openSource(files.open(entry)), (source) => {
        this.#opened.push(source);
        return source;
      }));
    return new ContentSpace(`${origin}: ${path}`, open, [{ at: 0n, length: size, offset: 0 }], describe);
  }

  /** Where processes see a match, because they have the file mapped and no page of their own over it. */
  async #inMemory(path: string, match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]> {
    const found: SearchMatch[] = [];
    const end = match.start + BigInt(match.length);
    for (const { process, start, offset, size } of (await this.#mappedFiles()).get(path) ?? []) {
      if (match.start < offset || end > offset + size) continue;
      const address = start + match.start - offset;
      const { ranges } = await process.memory.locate(process.pid, address, match.length, signal && { signal });
      const isThere = ranges.every(
        (range) => range.source === 'file' && range.present && range.where === `/rootfs${path}`,
      );
      if (!isThere) continue;
      found.push({
        ...(await memoryMatch(process, 'mapped-file', { ...match, start: address })),
        path: `/rootfs${path}`,
      });
    }
    return found;
  }

  #mappedFiles(): Promise<ReadonlyMap<string, readonly MappedFile[]>> {
    return (this.#mapped ??= mappedFiles(this.#processes));
  }
}

/** Entries of the archive that nothing else searches. */
export function* archiveSpaces(
  files: FileSet,
  places: Places,
  isSearchedElsewhere: (entry: Entry) => boolean,
): Generator<ContentSpace> {
  for (const entry of files.entries.values()) {
    if (!isContent(entry) || entry.size === 0 || isSearchedElsewhere(entry)) continue;
    const { path } = entry;
    const size = files.open(entry).size ?? entry.size;
    const describe = (match: PlacedMatch): Promise<readonly SearchMatch[]> =>
      Promise.resolve([contentMatch('archive', path, match, `/archive/${path}`)]);
    yield new ContentSpace(path, () => places.open(path), [{ at: 0n, length: size, offset: 0 }], describe);
  }
}

/** One file of the file view. */
export function viewSpace(path: string, opened: Opened): ContentSpace {
  const source: MatchSource = path.startsWith('/archive/') ? 'archive' : 'file';
  const describe = (match: PlacedMatch): Promise<readonly SearchMatch[]> =>
    Promise.resolve([contentMatch(source, path, match, path)]);
  const spans = [{ at: 0n, length: opened.source.size ?? 0, offset: 0 }];
  return new ContentSpace(path, () => opened, spans, describe);
}

interface MappedFile {
  readonly process: MappedProcess;
  readonly start: bigint;
  readonly offset: bigint;
  readonly size: bigint;
}

async function mappedFiles(processes: readonly MappedProcess[]): Promise<ReadonlyMap<string, readonly MappedFile[]>> {
  const found = new Map<string, MappedFile[]>();
  for (const process of processes) {
    for await (const { file, start, end, offset } of (await process.mappings()) ?? []) {
      if (!file) continue;
      const mapped = { process, start, offset, size: end - start };
      const known = found.get(file.path);
      if (known) known.push(mapped);
      else found.set(file.path, [mapped]);
    }
  }
  return found;
}

/** A hard link is the file that it leads to, which is searched itself. */
function isContent({ type }: Entry): boolean {
  return type === 'file' || type === 'sparse';
}
