import type { ProcessFacts, TaskState, ThreadFacts } from '../../protocol/processes.ts';
import { sentence } from '../../protocol/sentence.ts';
import { Breather, orCancelled, throwIfCancelled } from '../bytes/cancel.ts';
import { AddressSpace } from '../criu/address-space.ts';
import { glancePstree } from '../criu/glance/pstree.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import type {
  CoreEntry,
  CredsEntry,
  MmEntry,
  PstreeEntry,
  TaskKobjIdsEntry,
} from '../criu/schema/generated/messages.ts';
import { isCancelled } from '../errors.ts';
import { FileTable } from './descriptors/file-table.ts';
import type { Notebook } from './notebook.ts';
import { memoryTotals } from './memory/totals.ts';
import { parentsFirst } from './parents-first.ts';
import { MAX_STRINGS, readStrings } from './process-memory.ts';
import { ProcessGlancer } from './process-glance.ts';
import { readExitStatus, stateOf } from './process-state.ts';
import { emptyImage, known } from './known-images.ts';

/** For what hardly depends on it. */
const USUAL_PAGE_SIZE = 4096;
/** Processes whose memory is fetched at the same time, where each read is a journey. */
const AT_ONCE = 64;
/** Pids listed more than once that are told by number. */
const MAX_REPEATED = 20;

/** Everything known of the processes, read once and kept; what was not there yet is read again when asked again. */
export class Processes {
  readonly #images: ImageDirectory;
  readonly #notebook: Notebook;
  readonly #done = new Map<number, ProcessFacts>();
  #pageSize: number | undefined;
  #tree: readonly PstreeEntry[] | undefined;
  #glancer: ProcessGlancer | undefined;
  #listing: Promise<readonly ProcessFacts[]> | undefined;
  #areNoted = false;

  constructor(images: ImageDirectory, notebook: Notebook) {
    this.#images = images;
    this.#notebook = notebook;
  }

  /** Entries of pstree.img: only they belong to this dump, whatever other images lie about. */
  async tree(signal?: AbortSignal): Promise<readonly PstreeEntry[]> {
    const tree = this.#tree ?? this.#eachOnce(await this.#readTree(signal));
    if (this.#images.complete) this.#tree = tree;
    return tree;
  }

  async #readTree(signal?: AbortSignal): Promise<readonly PstreeEntry[]> {
    throwIfCancelled(signal);
    const bytes = this.#images.bytesNow('pstree.img');
    const glanced = bytes && glancePstree(bytes);
    return glanced ?? known(this.#images, 'PSTREE', 'pstree.img', signal);
  }

  /** Only damage brings several of one pid. The first counts: whatever else is known of a process goes by its pid. */
  #eachOnce(entries: readonly PstreeEntry[]): readonly PstreeEntry[] {
    const byPid = new Map<number, PstreeEntry>();
    const repeated = new Set<number>();
    for (const entry of entries) {
      if (!byPid.has(entry.pid)) byPid.set(entry.pid, entry);
      else if (repeated.size < MAX_REPEATED) repeated.add(entry.pid);
    }
    const where = this.#images.path('pstree.img');
    for (const pid of repeated) {
      const text = sentence('{0} lists process {1} more than once. Only the first is shown.', where, pid);
      this.#notebook.add({ kind: 'damaged', where, text });
    }
    return byPid.size === entries.length ? entries : [...byPid.values()];
  }

  /** Those who ask at the same time share the reading: an editor's tabs all do when it opens. */
  list(signal?: AbortSignal): Promise<readonly ProcessFacts[]> {
    this.#listing ??= this.#readAll().finally(() => (this.#listing = undefined));
    return orCancelled(this.#listing, signal);
  }

  /** Who there is, parents before their children: of each only what pstree.img says. */
  async outline(signal?: AbortSignal): Promise<readonly ProcessFacts[]> {
    return parentsFirst((await this.tree(signal)).map(bareFacts));
  }

  /** One of them; undefined where pstree.img does not list it. Who asks for each of very many does not read all for each. */
  async one(pid: number, signal?: AbortSignal): Promise<ProcessFacts | undefined> {
    return this.#done.get(pid) ?? (await this.some(new Set([pid]), signal)).get(pid);
  }

  /** Some of the processes, by pid: without those that are not in pstree.img. */
  async some(pids: ReadonlySet<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, ProcessFacts>> {
    const tree = await this.tree(signal);
    const described = await this.#describeAll(
      tree.filter(({ pid }) => pids.has(pid)),
      signal,
    );
    return new Map(described.map((facts) => [facts.pid, facts]));
  }

  /** What there is to note of all of them is noted: they were listed from the whole archive. */
  get areNoted(): boolean {
    return this.#areNoted;
  }

  async #readAll(): Promise<readonly ProcessFacts[]> {
    const { complete } = this.#images;
    const tree = await this.tree();
    const processes = await this.#describeAll(tree);
    if (this.#images.complete) this.#noteStale(tree);
    // A zombie has no file open; before CRIU 3.4 files lay in images by their kind.
    if (processes.some(({ state }) => state !== 'zombie') && !this.#images.has('reg-files.img'))
      this.#noteMissing('files.img', '{0} is missing. Executables and working directories cannot be shown.');
    this.#areNoted = complete;
    return parentsFirst(processes);
  }

  /** In the order of the entries. */
  async #describeAll(entries: readonly PstreeEntry[], signal?: AbortSignal): Promise<readonly ProcessFacts[]> {
    const processes: ProcessFacts[] = [];
    const glancer = this.#glancing();
    let table: FileTable | undefined;
    // Until then a path may still turn out to be that of a deleted file.
    const areAllThere = this.#images.complete || this.#images.has('remap-fpath.img');
    const breather = new Breather();
    for (const [index, entry] of entries.entries()) {
      if (breather.isDue) await breather.breathe(signal);
      if (this.#images.isFar && index % AT_ONCE === 0) {
        const next = entries.slice(index, index + AT_ONCE).filter(({ pid }) => !this.#done.has(pid));
        await Promise.all(next.map(({ pid }) => this.#fetch(pid, signal)));
      }
      let facts = this.#done.get(entry.pid) ?? glancer.glance(entry);
      if (!facts) {
        table ??= await FileTable.load(this.#images, signal);
        facts = await this.#describe(entry, table, signal);
      }
      if (facts.complete && areAllThere && !this.#done.has(entry.pid)) this.#done.set(entry.pid, facts);
      processes.push(facts);
    }
    return processes;
  }

  /** Has what is about to be read of a process on its way, together with what others need. */
  async #fetch(pid: number, signal?: AbortSignal): Promise<void> {
    try {
      const mm = await this.memoryLayout(pid, signal);
      const space = mm && (await AddressSpace.open(this.#images, pid, signal));
      const length = mm ? mm.mm_env_end - mm.mm_arg_start : 0n;
      if (length > 0n && length <= BigInt(MAX_STRINGS))
        await space?.read(mm?.mm_arg_start ?? 0n, Number(length), signal);
    } catch (error) {
      // Who reads it says what is wrong.
      if (isCancelled(error)) throw error;
    }
  }

  /** The same as long as nothing new comes out of a decompressor. */
  #glancing(): ProcessGlancer {
    if (!this.#glancer || !this.#images.complete) this.#glancer = new ProcessGlancer(this.#images);
    return this.#glancer;
  }

  async memoryLayout(pid: number, signal?: AbortSignal): Promise<MmEntry | undefined> {
    return (await known(this.#images, 'MM', `mm-${String(pid)}.img`, signal))[0];
  }

  /** Bytes of a page in this dump, as the first process with memory tells; undefined where none was dumped yet. */
  async pageSize(signal?: AbortSignal): Promise<number | undefined> {
    for (const { pid } of this.#pageSize === undefined ? await this.tree(signal) : []) {
      if (!this.#images.has(`pagemap-${String(pid)}.img`)) continue;
      this.#pageSize = this.#glancing().pageSize(pid);
      if (this.#pageSize === undefined) await this.#addressSpace(pid, signal);
      break;
    }
    return this.#pageSize;
  }

  core(tid: number, signal?: AbortSignal): Promise<CoreEntry | undefined> {
    return known(this.#images, 'CORE', `core-${String(tid)}.img`, signal).then((entries) => entries[0]);
  }

  /** CRIU's number of the kind of machine that a thread ran on. */
  async machine(tid: number, signal?: AbortSignal): Promise<number | undefined> {
    return this.#glancing().core(tid)?.machine ?? (await this.#coreOutline(tid, signal))?.mtype;
  }

  /** A core without registers, signal handlers, timers and limits: all that lists of processes and threads show. */
  async #coreOutline(tid: number, signal?: AbortSignal): Promise<CoreEntry | undefined> {
    return (await known(this.#images, 'CORE', `core-${String(tid)}.img`, signal, 'outline'))[0];
  }

  /** Credentials lie in the core image; before CRIU 2.0 in one of their own. */
  async credentials(pid: number, signal?: AbortSignal): Promise<CredsEntry | undefined> {
    const core = await this.#coreOutline(pid, signal);
    return core?.thread_core?.creds ?? (await this.#oldCredentials(pid, signal));
  }

  async #oldCredentials(pid: number, signal?: AbortSignal): Promise<CredsEntry | undefined> {
    return (await known(this.#images, 'CREDS', `creds-${String(pid)}.img`, signal))[0];
  }

  async mountNamespace(pid: number, signal?: AbortSignal): Promise<number | undefined> {
    const facts = this.#done.get(pid);
    // A zombie's facts leave it out.
    if (facts && facts.state !== 'zombie') return facts.mountNamespace;
    return (await this.ids(pid, signal))?.mnt_ns_id;
  }

  /** Which tables, memory and namespaces a process has, by CRIU's numbers: equal ones are shared. A zombie has none. */
  async ids(pid: number, signal?: AbortSignal): Promise<TaskKobjIdsEntry | undefined> {
    const glanced = this.#glancing().core(pid);
    const core = glanced?.hasIds === false ? undefined : await this.#coreOutline(pid, signal);
    return core?.ids ?? (await this.#ids(pid, signal));
  }

  async #ids(pid: number, signal?: AbortSignal): Promise<TaskKobjIdsEntry | undefined> {
    return (await known(this.#images, 'IDS', `ids-${String(pid)}.img`, signal))[0];
  }

  async #describe(entry: PstreeEntry, table: FileTable, signal?: AbortSignal): Promise<ProcessFacts> {
    const { pid } = entry;
    const images = this.#images;
    const core = await this.#expectCore(pid, signal);
    const stateNumber = core?.tc?.task_state;
    const state = stateOf(stateNumber);
    const threads = await this.#threads(entry, core, state, signal);
    const facts: ProcessFacts = {
      pid,
      ppid: entry.ppid,
      pgid: entry.pgid,
      sid: entry.sid,
      ...(core?.tc?.comm !== undefined && { comm: core.tc.comm }),
      state,
      ...(stateNumber !== undefined && { stateNumber }),
      threads,
      complete: images.complete,
    };
    // A zombie has given everything back but its name and exit code.
    if (state === 'zombie') return { ...facts, ...(core?.tc && readExitStatus(core.tc.exit_code)), complete: true };

    const [fs] = await known(images, 'FS', `fs-${String(pid)}.img`, signal);
    if (!fs)
      this.#noteMissing(
        `fs-${String(pid)}.img`,
        '{0} is missing. The working directory of process {1} cannot be shown.',
        pid,
      );
    const credentials = core?.thread_core?.creds ?? (await this.#oldCredentials(pid, signal));
    const mountNamespace = (core?.ids ?? (await this.#ids(pid, signal)))?.mnt_ns_id;
    const memory = await this.#memory(pid, table, signal);
    const workingDirectory = fs && table.target(fs.cwd_id);
    const rootDirectory = fs && table.target(fs.root_id);
    return {
      ...facts,
      ...memory,
      ...(workingDirectory !== undefined && { workingDirectory }),
      ...(rootDirectory !== undefined && { rootDirectory }),
      ...(fs?.umask !== undefined && { umask: fs.umask }),
      ...(credentials && {
        uids: [credentials.uid, credentials.euid, credentials.suid, credentials.fsuid] as const,
        gids: [credentials.gid, credentials.egid, credentials.sgid, credentials.fsgid] as const,
        groups: credentials.groups,
      }),
      ...(mountNamespace !== undefined && { mountNamespace }),
      complete:
        images.complete ||
        (memory !== undefined && workingDirectory !== undefined && threads.every((thread) => thread.missing !== true)),
    };
  }

  async #memory(pid: number, table: FileTable, signal?: AbortSignal): Promise<Partial<ProcessFacts> | undefined> {
    const mm = await this.memoryLayout(pid, signal);
    if (!mm) {
      this.#noteMissing(
        `mm-${String(pid)}.img`,
        '{0} is missing. Arguments, environment and memory of process {1} cannot be shown.',
        pid,
      );
      const pages = this.#images.complete ? await this.#addressSpace(pid, signal) : undefined;
      return pages && { dumpedBytes: pages.dumpedBytes };
    }
    const executable = table.target(mm.exe_file_id);
    const { mapped } = memoryTotals(mm, this.#pageSize ?? USUAL_PAGE_SIZE, undefined);
    const known = { ...(executable !== undefined && { executable }), mappedBytes: Number(mapped) };
    const space = await this.#addressSpace(pid, signal);
    if (!space) return this.#images.complete ? known : undefined;
    const note = this.#notebook.add.bind(this.#notebook);
    this.#notebook.add(...space.notes);
    const { arguments: args, environment } = await readStrings(space, mm, pid, note, signal);
    return {
      ...known,
      dumpedBytes: space.dumpedBytes,
      ...(args && { arguments: args.strings }),
      ...(args?.bytes && { argumentBytes: Buffer.from(args.bytes).toString('base64') }),
      ...(environment && { environment: environment.strings }),
      ...(environment?.bytes && { environmentBytes: Buffer.from(environment.bytes).toString('base64') }),
    };
  }

  async #addressSpace(pid: number, signal?: AbortSignal): Promise<AddressSpace | undefined> {
    try {
      const space = await AddressSpace.open(this.#images, pid, signal);
      this.#pageSize ??= space.pageSize;
      const name = `pagemap-${String(pid)}.img`;
      if (this.#images.isEmpty(name)) this.#notebook.add(emptyImage(this.#images.path(name)));
      return space;
    } catch (error) {
      if (isCancelled(error)) throw error;
      this.#noteMissing(
        `pagemap-${String(pid)}.img`,
        '{0} is missing. Arguments, environment and memory of process {1} cannot be shown.',
        pid,
      );
      return undefined;
    }
  }

  async #threads(
    entry: PstreeEntry,
    leader: CoreEntry | undefined,
    state: TaskState,
    signal?: AbortSignal,
  ): Promise<readonly ThreadFacts[]> {
    const threads: ThreadFacts[] = [];
    for (const tid of entry.threads) {
      const own = tid === entry.pid;
      // The leader of a zombie may have gone while its threads are still listed, without images of their own.
      const core = own ? leader : state === 'zombie' ? undefined : await this.#expectCore(tid, signal);
      const comm = own ? leader?.tc?.comm : core?.thread_core?.comm;
      threads.push({
        tid,
        ...(comm !== undefined && { comm }),
        state,
        ...(!core && state !== 'zombie' && { missing: true }),
      });
    }
    return threads;
  }

  async #expectCore(tid: number, signal?: AbortSignal): Promise<CoreEntry | undefined> {
    const core = await this.#coreOutline(tid, signal);
    if (!core)
      this.#noteMissing(
        `core-${String(tid)}.img`,
        '{0} is missing. State and registers of thread {1} cannot be shown.',
        tid,
      );
    return core;
  }

  /** Only once the archive is read to its end: before, it may still come. A damaged image has its own note already. */
  #noteMissing(name: string, template: string, id = 0): void {
    if (!this.#images.complete) return;
    const where = this.#images.path(name);
    if (!this.#images.has(name)) this.#notebook.add({ kind: 'missing', where, text: sentence(template, where, id) });
    else if (this.#images.isEmpty(name)) this.#notebook.add(emptyImage(where));
  }

  /** A second dump into the same folder leaves the images of processes that have gone since. */
  #noteStale(tree: readonly PstreeEntry[]): void {
    if (tree.length === 0) return;
    const alive = new Set(tree.flatMap((entry) => [entry.pid, ...entry.threads]));
    const stale = this.#images.names().flatMap((name) => {
      const tid = /^core-(\d+)\.img$/.exec(name)?.[1];
      return tid !== undefined && !alive.has(Number(tid)) ? [tid] : [];
    });
    if (stale.length === 0) return;
    const text = sentence(
      'Images of threads that pstree.img does not list are left over from an earlier dump: {1} ({0} in all). They are not shown as processes.',
      stale.length,
      list(stale),
    );
    this.#notebook.add({ kind: 'stale', where: this.#images.path('pstree.img'), text });
  }
}

function bareFacts({ pid, ppid, pgid, sid, threads }: PstreeEntry): ProcessFacts {
  const bareThreads = threads.map((tid) => ({ tid, state: 'unknown' as const }));
  return { pid, ppid, pgid, sid, state: 'unknown', threads: bareThreads, complete: false };
}

function list(ids: readonly string[]): string {
  const shown = [...ids]
    .sort((a, b) => Number(a) - Number(b))
    .slice(0, 10)
    .join(', ');
  return ids.length > 10 ? `${shown} …` : shown;
}
