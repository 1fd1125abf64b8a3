import type { ProcessFacts, TaskState, ThreadFacts } from '../../protocol/processes.ts';
import { glanceCore, type CoreGlance, type CredentialsGlance } from '../criu/glance/core.ts';
import { glanceFiles, type FilesGlance } from '../criu/glance/files.ts';
import { glanceMm, type MmGlance } from '../criu/glance/mm.ts';
import { glancePagemap } from '../criu/glance/pagemap.ts';
import { glanceRemaps } from '../criu/glance/remaps.ts';
import { glanceFs, glanceIds } from '../criu/glance/small-images.ts';
import { isPageSize } from '../criu/page-format.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import type { PstreeEntry } from '../criu/schema/generated/messages.ts';
import { MAX_STRINGS, splitStrings, type ProcessStrings } from './process-memory.ts';
import { readExitStatus, stateOf } from './process-state.ts';

const REMAPS = 'remap-fpath.img';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Memory of a process as lists show it. */
interface MemoryGlance extends ProcessStrings {
  readonly mappedBytes: number;
  readonly dumpedBytes: number;
  readonly executable: string;
}

/**
 * Describes processes by glances at their images (criu/glance), without a promise and without a note: only where all
 * that there is to tell of a process is at hand, whole and sound. Every other process is for the careful way.
 */
export class ProcessGlancer {
  readonly #images: ImageDirectory;
  /** Null where it must be decoded. */
  #files: FilesGlance | null | undefined;
  #remaps: ReadonlySet<number> = new Set();

  constructor(images: ImageDirectory) {
    this.#images = images;
  }

  /** @returns what the careful way would tell, or undefined where only it can */
  glance(entry: PstreeEntry): ProcessFacts | undefined {
    const { pid } = entry;
    const core = this.core(pid);
    if (!core?.task) return undefined;
    const state = stateOf(core.task.state);
    const threads = this.#threads(entry, core.task.comm, state);
    if (!threads) return undefined;
    // Member by member, in one order: there may be thousands, and spreading conditions costs each of them an object.
    const facts: Writable<ProcessFacts> = {
      pid,
      ppid: entry.ppid,
      pgid: entry.pgid,
      sid: entry.sid,
      comm: core.task.comm,
      state,
      stateNumber: core.task.state,
      threads,
      complete: true,
    };
    // A zombie has given everything back but its name and exit code.
    if (state === 'zombie') return Object.assign(facts, readExitStatus(core.task.exitCode));
    if (!core.credentials || core.hasIds) return undefined;
    const isWhole = this.#addMemory(facts) && this.#addDirectories(facts) && this.#addNamespace(facts);
    if (!isWhole) return undefined;
    addCredentials(facts, core.credentials);
    return facts;
  }

  /** Of a thread. */
  core(tid: number): CoreGlance | undefined {
    const bytes = this.#images.bytesNow(`core-${String(tid)}.img`);
    return bytes && glanceCore(bytes);
  }

  /** Bytes of a page, as the auxiliary vector of a process says. */
  pageSize(pid: number): number | undefined {
    const size = this.#mm(pid)?.pageSize;
    return size !== undefined && isPageSize(size) ? size : undefined;
  }

  #mm(pid: number): MmGlance | undefined {
    const bytes = this.#images.bytesNow(`mm-${String(pid)}.img`);
    return bytes && glanceMm(bytes);
  }

  #threads({ pid, threads }: PstreeEntry, leaderName: string, state: TaskState): readonly ThreadFacts[] | undefined {
    const facts: ThreadFacts[] = [];
    for (const tid of threads) {
      // The leader of a zombie may have gone while its threads are still listed, without images of their own.
      const core = tid === pid || state === 'zombie' ? undefined : this.core(tid);
      if (tid !== pid && state !== 'zombie' && !core) return undefined;
      const comm = tid === pid ? leaderName : core?.comm;
      facts.push(comm === undefined ? { tid, state } : { tid, comm, state });
    }
    return facts;
  }

  #addMemory(facts: Writable<ProcessFacts>): boolean {
    const memory = this.#memory(facts.pid);
    if (!memory?.arguments || !memory.environment) return false;
    facts.executable = memory.executable;
    facts.mappedBytes = memory.mappedBytes;
    facts.dumpedBytes = memory.dumpedBytes;
    facts.arguments = memory.arguments.strings;
    if (memory.arguments.bytes) facts.argumentBytes = Buffer.from(memory.arguments.bytes).toString('base64');
    facts.environment = memory.environment.strings;
    if (memory.environment.bytes) facts.environmentBytes = Buffer.from(memory.environment.bytes).toString('base64');
    return true;
  }

  #memory(pid: number): MemoryGlance | undefined {
    const mm = this.#mm(pid);
    if (mm?.pageSize === undefined || !isPageSize(mm.pageSize)) return undefined;
    const { pageSize } = mm;
    const executable = this.#path(mm.executableId);
    if (executable === undefined) return undefined;
    const { argumentStart: start, argumentEnd: border, environmentStart, environmentEnd: end, mappedBytes } = mm;
    // Both lie side by side and were dumped whole in nearly every process.
    if (start >= border || border !== environmentStart || border > end || end - start > MAX_STRINGS) return undefined;
    const image = this.#images.bytesNow(`pagemap-${String(pid)}.img`);
    const pagemap = image && glancePagemap(image, start, end - start, pageSize);
    if (!pagemap) return undefined;
    const dumpedBytes = pagemap.presentPages * pageSize;
    const bytes = this.#readPages(pagemap.pagesId, dumpedBytes, pagemap.offset, end - start);
    // A process that wrote a title over its arguments has no NUL at their end.
    if (bytes?.[border - start - 1] !== 0) return undefined;
    return {
      executable,
      mappedBytes,
      dumpedBytes,
      arguments: splitStrings(bytes.subarray(0, border - start)),
      environment: splitStrings(bytes.subarray(border - start)),
    };
  }

  /** Bytes of a pages image, if it has the size that its pagemap asks for. */
  #readPages(id: number, expectedSize: number, offset: number, length: number): Uint8Array | undefined {
    const pages = this.#images.openNow(`pages-${String(id)}.img`);
    return pages?.size === expectedSize ? this.#images.pieceNow(pages, offset, length) : undefined;
  }

  /** Looks at the table of files once for all processes. */
  #path(id: number): string | undefined {
    if (this.#files === undefined) {
      // First: the bytes of an image are only there until those of the next are asked for.
      const remaps = this.#readRemaps();
      const bytes = this.#images.bytesNow('files.img');
      // Older dumps have an image for each type of file.
      const isUsual = bytes && remaps && !this.#images.has('reg-files.img');
      this.#files = isUsual ? (glanceFiles(new Uint8Array(bytes)) ?? null) : null;
      this.#remaps = remaps ?? this.#remaps;
    }
    // How the kernel names what was deleted is for the careful way.
    return this.#remaps.has(id) ? undefined : this.#files?.path(id);
  }

  #readRemaps(): ReadonlySet<number> | undefined {
    if (!this.#images.has(REMAPS)) return new Set();
    const bytes = this.#images.bytesNow(REMAPS);
    return bytes && glanceRemaps(bytes);
  }

  #addDirectories(facts: Writable<ProcessFacts>): boolean {
    const bytes = this.#images.bytesNow(`fs-${String(facts.pid)}.img`);
    const fs = bytes && glanceFs(bytes);
    const workingDirectory = fs && this.#path(fs.workingDirectoryId);
    const rootDirectory = fs && this.#path(fs.rootDirectoryId);
    if (workingDirectory === undefined || rootDirectory === undefined) return false;
    facts.workingDirectory = workingDirectory;
    facts.rootDirectory = rootDirectory;
    if (fs?.umask !== undefined) facts.umask = fs.umask;
    return true;
  }

  #addNamespace(facts: Writable<ProcessFacts>): boolean {
    const bytes = this.#images.bytesNow(`ids-${String(facts.pid)}.img`);
    const ids = bytes && glanceIds(bytes);
    if (ids?.mountNamespace !== undefined) facts.mountNamespace = ids.mountNamespace;
    return ids !== undefined;
  }
}

function addCredentials(facts: Writable<ProcessFacts>, { uids, gids, groups }: CredentialsGlance): void {
  facts.uids = uids;
  facts.gids = gids;
  facts.groups = groups;
}
