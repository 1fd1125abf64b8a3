import type { MountFacts } from '../../../protocol/mounts.ts';
import type {
  ContentFacts,
  KindFacts,
  OpenCounts,
  OpenFileDetail,
  OpenFileFacts,
} from '../../../protocol/open-files.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import type { FileEntry, TaskKobjIdsEntry } from '../../criu/schema/generated/messages.ts';
import { isCancelled, CheckpointError } from '../../errors.ts';
import { countDescriptors, type Descriptor } from '../descriptors/descriptor-tables.ts';
import type { Notebook } from '../notebook.ts';
import type { Processes } from '../processes.ts';
import { Allowance } from './allowance.ts';
import { contentsOf, mayHaveContents, type FileContent } from './contents.ts';
import { describeOpenFile } from './describe-file.ts';
import { loadFileIndex, type FileIndex } from './file-index.ts';
import { describeKind, type KindSources } from './kind-facts.ts';
import { noteGaps, noteTooMany, noteTooMuch } from './file-notes.ts';
import { imagesOf, placesOf } from './image-places.ts';
import { OtherEnds } from './other-end.ts';
import type { Name } from './pipes.ts';

/** What the processes of a checkpoint had open. */
export interface OpenFiles {
  /**
   * Every open descriptor, process by process and by number. Of a table that several processes share each has its own
   * rows.
   * @param pids all processes where absent
   */
  list(pids?: ReadonlySet<number>, signal?: AbortSignal): Promise<readonly OpenFileFacts[]>;
  /**
   * The same one after the other, each made when it is asked for: all of very many would be much.
   * @param pids in this order; all processes in theirs where absent
   */
  each(pids?: ReadonlySet<number>, signal?: AbortSignal): AsyncIterable<OpenFileFacts>;
  /**
   * How much some processes had open, out of their tables alone. Without those that have none (a zombie), or whose
   * table is not there.
   */
  counts(pids: Iterable<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, OpenCounts>>;
  /** Undefined where the process has no such descriptor. */
  detail(pid: number, fd: number, signal?: AbortSignal): Promise<OpenFileDetail | undefined>;
  /**
   * Everything known of some of the list, one after the other: of many, all at once would be much. Of files that many
   * hold so many holders are named, and fewer once very many were.
   */
  details(
    files: Iterable<OpenFileFacts> | AsyncIterable<OpenFileFacts>,
    signal?: AbortSignal,
  ): AsyncIterable<OpenFileDetail>;
}

interface Parts {
  readonly images: ImageDirectory;
  readonly processes: Processes;
  readonly notebook: Notebook;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
}

/** More than all descriptors of a large machine; a hostile table shared by all processes would make billions. */
const MAX_ROWS = 250_000;

/**
 * Holders that are named of one file, and of each of many: what all processes share would otherwise be as much as the
 * square of their number.
 */
const MOST_OF_ONE = 10_000;
const MOST_OF_MANY = 100;

/** Items of lists that are told of many files together: hundreds of times as many as a large machine's have. */
const MOST_TOGETHER = 500_000;

/** Reads open files out of the images. What joins them is kept as long as there is memory for it. */
export class DumpedFiles implements OpenFiles {
  readonly #parts: Parts;
  #index: WeakRef<FileIndex> | undefined;
  readonly #all = new WeakMap<FileIndex, readonly FileContent[]>();
  readonly #contents = new WeakMap<FileEntry, Promise<readonly FileContent[]>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async list(pids?: ReadonlySet<number>, signal?: AbortSignal): Promise<readonly OpenFileFacts[]> {
    const files: OpenFileFacts[] = [];
    for await (const file of this.each(pids, signal)) files.push(file);
    return files;
  }

  async *each(pids?: ReadonlySet<number>, signal?: AbortSignal): AsyncGenerator<OpenFileFacts> {
    const index = await this.index(signal);
    const { images, notebook, processes } = this.#parts;
    let rows = 0;
    const breather = new Breather();
    const all = await processes.list(signal);
    const otherEnds = new OtherEnds(index, namesFrom(all));
    for (const pid of pids ?? all.map((process) => process.pid)) {
      for (const descriptor of index.table(pid)?.descriptors ?? []) {
        if (rows++ === MAX_ROWS) {
          notebook.add(noteTooMany(images));
          return;
        }
        yield this.#describe(pid, descriptor, otherEnds, index, signal);
        if (breather.isDue) await breather.breathe(signal);
      }
    }
    if (images.complete) notebook.add(...noteGaps(images, index, all));
  }

  async counts(pids: Iterable<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, OpenCounts>> {
    const { images, processes } = this.#parts;
    return countDescriptors(images, processes, pids, signal);
  }

  async detail(pid: number, fd: number, signal?: AbortSignal): Promise<OpenFileDetail | undefined> {
    const index = await this.index(signal);
    const descriptor = index.descriptor(pid, fd);
    if (!descriptor) return undefined;
    const otherEnds = new OtherEnds(index, namesFrom(await this.#parts.processes.list(signal)));
    const file = await this.#describe(pid, descriptor, otherEnds, index, signal);
    for await (const detail of this.#details([file], new Allowance(MOST_OF_ONE, Infinity), signal)) {
      return { ...detail, images: await placesOf(this.#parts.images, index, pid, descriptor, signal) };
    }
    return undefined;
  }

  details(
    files: Iterable<OpenFileFacts> | AsyncIterable<OpenFileFacts>,
    signal?: AbortSignal,
  ): AsyncGenerator<OpenFileDetail> {
    return this.#details(files, new Allowance(MOST_OF_MANY, MOST_TOGETHER), signal);
  }

  /** @param allowance how many holders of files, and of the ends of pipes, are named */
  async *#details(
    files: Iterable<OpenFileFacts> | AsyncIterable<OpenFileFacts>,
    allowance: Allowance,
    signal?: AbortSignal,
  ): AsyncGenerator<OpenFileDetail> {
    const { images, processes, notebook } = this.#parts;
    const index = await this.index(signal);
    const list = await processes.list(signal);
    const name = namesFrom(list);
    const members = this.#namespaces(list, signal);
    const mounts = new Map((await this.#parts.mounts(signal)).map((mount) => [mount.id, mount]));
    const notes = Map.groupBy(noteGaps(images, index, list), ({ where }) => where);
    const breather = new Breather();
    for await (const file of files) {
      if (breather.isDue) await breather.breathe(signal);
      const { pid } = file;
      const descriptor = index.descriptor(pid, file.fd);
      if (!descriptor) continue;
      const { most } = allowance;
      const sources = { index, images, pid, name, members, most };
      let facts: KindFacts | undefined;
      if (descriptor.file && allowance.allows(descriptor.file)) {
        facts = await describeKind(descriptor.file, sources, signal);
      } else if (descriptor.file) notebook.add(noteTooMuch(images));
      const mount = file.mountId === undefined ? undefined : mounts.get(file.mountId);
      const shown = imagesOf(images, index, pid, descriptor);
      const holders = index.holders(descriptor.fileId, most + 1);
      allowance.spend(holders.length + listed(facts));
      yield {
        file,
        ...(facts && { facts }),
        holders: holders.slice(0, most).map(name),
        ...(holders.length > most && { moreHolders: true as const }),
        ...(mount && { mount: { id: mount.id, destination: mount.destination, type: mount.type } }),
        images: shown,
        notes: shown.flatMap(({ image }) => notes.get(image) ?? []),
      };
    }
  }

  /** What readlink gave for a descriptor; undefined where the process has none of that number. */
  async target(pid: number, fd: number, signal?: AbortSignal): Promise<string | undefined> {
    const index = await this.index(signal);
    const descriptor = index.descriptor(pid, fd);
    return descriptor && describeOpenFile(pid, descriptor, index).target;
  }

  /** What of an open file is in the checkpoint; none where it has no such descriptor. */
  async contents(pid: number, fd: number, signal?: AbortSignal): Promise<readonly FileContent[]> {
    const index = await this.index(signal);
    const file = index.descriptor(pid, fd)?.file;
    return file ? this.contentsOf(file, index, signal) : [];
  }

  /** What of a file is in the checkpoint. Damage is noted, and then there is nothing. */
  contentsOf(file: FileEntry, index: FileIndex, signal?: AbortSignal): Promise<readonly FileContent[]> {
    const known = this.#contents.get(file);
    if (known) return known;
    const contents = this.#readContents(file, index, signal);
    if (!this.#parts.images.complete) return contents;
    this.#contents.set(file, contents);
    contents.catch(() => this.#contents.delete(file));
    return contents;
  }

  /** Everything that is in the checkpoint of any open file, each once. Kept with the index. */
  async allContents(signal?: AbortSignal): Promise<readonly FileContent[]> {
    const index = await this.index(signal);
    const known = this.#all.get(index);
    if (known) return known;
    const contents = new Map<string, FileContent>();
    for (const file of index.files.entries) {
      if (!mayHaveContents(file, index)) continue;
      for (const content of await this.contentsOf(file, index, signal)) contents.set(content.path, content);
    }
    const all = [...contents.values()];
    this.#all.set(index, all);
    return all;
  }

  /** What joins the images, read once; anew while more may still come out of a decompressor. */
  async index(signal?: AbortSignal): Promise<FileIndex> {
    const known = this.#index?.deref();
    if (known) return known;
    const { images, processes } = this.#parts;
    const { complete } = images;
    const index = await loadFileIndex(images, processes, signal);
    if (complete) this.#index = new WeakRef(index);
    return index;
  }

  /** @returns a promise only where a content has to be looked for: of tens of thousands of files few have one */
  #describe(
    pid: number,
    descriptor: Descriptor,
    otherEnds: OtherEnds,
    index: FileIndex,
    signal?: AbortSignal,
  ): OpenFileFacts | Promise<OpenFileFacts> {
    const { file } = descriptor;
    const otherEnd = file && otherEnds.of(file);
    const facts = { ...describeOpenFile(pid, descriptor, index), ...(otherEnd && { otherEnd }) };
    const data = file?.pipe
      ? index.pipeData.get(file.pipe.pipe_id)
      : file?.fifo && index.fifoData.get(file.fifo.pipe_id);
    // Of a pipe that was empty the dump says so; of others there is something, or it does not tell.
    const known = data ? { ...facts, unread: data.bytes } : facts;
    if (!file || !mayHaveContents(file, index)) return known;
    return this.contentsOf(file, index, signal).then((contents) => {
      const queued = contents.find(({ what }) => what === 'unread');
      return {
        ...known,
        ...(!data && queued && { unread: queued.size }),
        ...(contents.length > 0 && { contents: contents.map(contentFacts) }),
      };
    });
  }

  async #readContents(file: FileEntry, index: FileIndex, signal?: AbortSignal): Promise<readonly FileContent[]> {
    const { images, processes, notebook } = this.#parts;
    const pageSize = (inner?: AbortSignal) => processes.pageSize(inner);
    try {
      return await contentsOf(file, { images, index, pageSize, note: (note) => notebook.add(note) }, signal);
    } catch (error) {
      if (!(error instanceof CheckpointError) || isCancelled(error)) throw error;
      const { where = images.path(fileOf('FILES')), offset, sentence: text } = error;
      notebook.add({ kind: 'damaged', where, ...(offset !== undefined && { offset }), text });
      return [];
    }
  }

  /** The processes in a namespace, by the word that /proc/PID/ns has for its kind: looked up once for each. */
  #namespaces(list: readonly ProcessFacts[], signal?: AbortSignal): KindSources['members'] {
    const known = new Map<string, Promise<readonly ProcessFacts[]>>();
    return (namespace, id) => {
      const key = `${namespace} ${id}`;
      let members = known.get(key);
      if (!members) known.set(key, (members = this.#members(list, namespace, id, signal)));
      return members;
    };
  }

  async #members(
    list: readonly ProcessFacts[],
    namespace: string,
    id: number,
    signal?: AbortSignal,
  ): Promise<readonly ProcessFacts[]> {
    const key = `${namespace}_ns_id` as keyof TaskKobjIdsEntry;
    const members: ProcessFacts[] = [];
    for (const process of list) {
      const ids = await this.#parts.processes.ids(process.pid, signal);
      if (ids?.[key] === id) members.push(process);
    }
    return members;
  }
}

/** Items of the lists among a kind's facts that grow with the number of processes. */
function listed(facts: KindFacts | undefined): number {
  switch (facts?.of) {
    case 'pipe':
      return facts.ends.length;
    case 'namespace':
      return facts.members.length;
    case 'terminal':
      return facts.other.length;
    default:
      return 0;
  }
}

/** Says of a descriptor what its process is called. */
function namesFrom(processes: readonly ProcessFacts[]): Name {
  const commands = new Map(processes.map(({ pid, comm }) => [pid, comm]));
  return ({ pid, fd }) => {
    const command = commands.get(pid);
    return { pid, fd, ...(command !== undefined && { command }) };
  };
}

function contentFacts({ what, size, path }: FileContent): ContentFacts {
  return { what, size, path };
}
