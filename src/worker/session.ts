import { openCheckpoint, type Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { orCancelled } from '../core/bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../core/errors.ts';
import { handOver, type Handlers } from '../protocol/channel.ts';
import type { HashResult, OpenRequest, Progress } from '../protocol/checkpoint-api.ts';
import type { SearchState } from '../protocol/search.ts';
import { sentence } from '../protocol/sentence.ts';
import type { WorkerApi, WorkerEvents } from '../protocol/worker-api.ts';
import { ArchiveBytes } from './archive-bytes.ts';
import type { ImageWish } from './build-image.ts';
import { isolationOf, logRecordOf } from './isolation-answers.ts';
import { FileWindows } from './file-windows.ts';
import { Grids } from './grids/grids.ts';
import { memoryOutline, memoryProcesses, readAddress } from './memory.ts';
import { describeProcess } from './process-detail.ts';
import { Searches } from './search.ts';
import { JointJob } from './joint-job.ts';
import { viewSocket } from './socket-view.ts';
import { Throttle } from './throttle.ts';

/** Milliseconds between two events of one kind. */
const PROGRESS_INTERVAL = 200;
const CHANGED_INTERVAL = 400;

/** Work of another caller that this one joined inside core may be cancelled under it: then it is done again. */
const MAX_TRIES = 3;

export type Emit = <Name extends keyof WorkerEvents>(name: Name, value: WorkerEvents[Name]) => void;
export type Open = typeof openCheckpoint;

/** What is made of a checkpoint once it is open. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly grids: Grids;
  readonly searches: Searches;
  readonly files: FileWindows;
  readonly archive: ArchiveBytes;
  readonly hash: JointJob<HashResult>;
}

/** One checkpoint from its opening to its end, and the answers to all that the host asks of it. */
export class Session {
  readonly #request: OpenRequest;
  readonly #emit: Emit;
  readonly #open: Open;
  readonly #progress: Readonly<Record<Progress['task'], Throttle<Progress>>>;
  readonly #changed: Throttle<WorkerEvents['changed']>;
  readonly #ending = new AbortController();
  #opening: Promise<Opened>;
  #opened: Opened | undefined;
  #failed = false;
  #closing: Promise<void> | undefined;

  constructor(request: OpenRequest, emit: Emit, open: Open = openCheckpoint) {
    this.#request = request;
    this.#emit = emit;
    this.#open = open;
    const progress = () => new Throttle<Progress>(PROGRESS_INTERVAL, (value) => this.#emit('progress', value));
    this.#progress = { read: progress(), hash: progress() };
    this.#changed = new Throttle(CHANGED_INTERVAL, (state) => this.#renew(state));
    this.#opening = this.#start();
  }

  /** For the channel. `onEnd` is called when everything is closed. */
  handlers(onEnd: () => void): Handlers<WorkerApi> {
    return {
      opened: async (signal) => void (await this.#ready(signal)),
      retry: (signal) => this.#retry(signal),
      close: async () => {
        await this.#close();
        onEnd();
      },
      overview: (signal) => this.#ask(signal, ({ checkpoint }) => checkpoint.overview(signal)),
      notes: (signal) => this.#ask(signal, ({ checkpoint }) => checkpoint.notes(signal)),
      grid: (signal, query) => this.#ask(signal, ({ grids }) => grids.window(query, signal)),
      copy: (signal, query, format, ids) => this.#ask(signal, ({ grids }) => grids.copy(query, format, ids, signal)),
      process: (signal, pid, reveal) =>
        this.#ask(signal, ({ checkpoint }) => describeProcess(checkpoint, pid, reveal, signal)),
      processName: (signal, pid) =>
        this.#ask(signal, async ({ checkpoint }) => {
          const found = await checkpoint.someProcesses(new Set([pid]), signal);
          return found.get(pid)?.comm ?? null;
        }),
      descriptor: (signal, pid, fd) =>
        this.#ask(signal, async ({ checkpoint }) => {
          const detail = await checkpoint.openFiles.detail(pid, fd, signal);
          if (!detail) throw new CheckpointError('not-found', sentence('Process {0} has no descriptor {1}.', pid, fd));
          return detail;
        }),
      mount: (signal, id) =>
        this.#ask(signal, async ({ checkpoint }) => {
          const mount = (await checkpoint.mounts(signal)).find((candidate) => candidate.id === id);
          if (!mount) throw new CheckpointError('not-found', sentence('There is no mount {0} in this checkpoint.', id));
          return mount;
        }),
      socket: (signal, id) => this.#ask(signal, ({ checkpoint }) => viewSocket(checkpoint, id, signal)),
      connections: (signal, apart) => this.#ask(signal, ({ checkpoint }) => checkpoint.connections(apart, signal)),
      isolation: (signal, pid) => this.#ask(signal, ({ checkpoint }) => isolationOf(checkpoint, pid, signal)),
      isolationThreads: (signal, pid) =>
        this.#ask(signal, ({ checkpoint }) => checkpoint.isolation.threads(pid, signal)),
      sharing: (signal) => this.#ask(signal, ({ checkpoint }) => checkpoint.isolation.sharing(signal)),
      seccompSummary: (signal, pid, tid) =>
        this.#ask(
          signal,
          async ({ checkpoint }) => (await checkpoint.isolation.seccompSummary(pid, tid, signal)) ?? null,
        ),
      logFiles: (signal) =>
        this.#ask(signal, async ({ checkpoint: { logs } }) => ({
          logs: await logs.files(),
          configuration: await logs.configurationFiles(),
        })),
      logProblems: (signal, name) => this.#ask(signal, ({ checkpoint }) => checkpoint.logs.problems(name, signal)),
      logRecord: (signal, name, number) =>
        this.#ask(signal, ({ checkpoint }) => logRecordOf(checkpoint, name, number, signal)),
      change: (signal, path) => this.#ask(signal, ({ grids }) => grids.change(path, signal)),
      changeSizes: (signal, filter, folder) =>
        this.#ask(signal, ({ grids }) => grids.changeSizes(filter, folder, signal)),
      rawEntry: (signal, path) => this.#ask(signal, ({ checkpoint }) => checkpoint.raw.entry(path, signal)),
      factPlace: (signal, fact) =>
        this.#ask(signal, async ({ checkpoint }) => (await checkpoint.raw.place(fact, signal)) ?? null),
      memoryProcesses: (signal) => this.#ask(signal, ({ checkpoint }) => memoryProcesses(checkpoint, signal)),
      memoryOutline: (signal, pid) => this.#ask(signal, ({ checkpoint }) => memoryOutline(checkpoint, pid, signal)),
      memoryRead: (signal, pid, address, length) =>
        this.#ask(signal, ({ checkpoint }) => checkpoint.memory.read(pid, readAddress(address), length, signal)),
      memoryRegisters: (signal, pid, tid) =>
        this.#ask(signal, ({ checkpoint }) => checkpoint.memory.registers(pid, tid, signal)),
      searchPrepare: (signal) => this.#ask(signal, ({ checkpoint }) => checkpoint.search.prepare()),
      searchStart: (signal, id, request) =>
        this.#ask(signal, ({ searches }) => Promise.resolve(searches.start(id, request))),
      searchState: (signal, id) => this.#ask(signal, ({ searches }) => Promise.resolve(searches.state(id))),
      searchStop: (signal, id) =>
        this.#ask(signal, ({ searches }) => {
          searches.stop(id);
          return Promise.resolve();
        }),
      searchDrop: (signal, id) =>
        this.#ask(signal, ({ searches }) => {
          searches.drop(id);
          return Promise.resolve();
        }),
      searchExport: (signal, id, format) =>
        this.#ask(signal, ({ searches }) => Promise.resolve(searches.export(id, format))),
      fileStat: (signal, path) => this.#ask(signal, ({ checkpoint }) => checkpoint.files.stat(path, signal)),
      fileList: (signal, path) => this.#ask(signal, ({ checkpoint }) => checkpoint.files.list(path, signal)),
      fileRead: (signal, path, offset, length) =>
        this.#ask(signal, async ({ files }) => handOver(await files.read(path, offset, length, signal))),
      fileSave: async (signal, path, target, replace) => {
        const { checkpoint } = await this.#ready(signal);
        const { extractTo } = await import('../core/checkpoint/extract.ts');
        return extractTo(checkpoint.files, path, target, { signal, ...(replace && { force: true }) });
      },
      hash: (signal) => this.#ask(signal, ({ hash }) => hash.join(signal)),
      restoreFacts: (signal) =>
        this.#ask(signal, async ({ checkpoint }) => {
          const { readCheckpointFacts } = await import('../core/restore/compatibility/checkpoint-facts.ts');
          return readCheckpointFacts(checkpoint, signal);
        }),
      buildImage: async (signal, job, form, path, tag) => {
        const { checkpoint } = await this.#ready(signal);
        const { buildImage } = await import('./build-image.ts');
        return buildImage(checkpoint, { ...this.#imageWish(job, signal), form, path, tag });
      },
      describeImage: async (signal, job) => {
        const { checkpoint } = await this.#ready(signal);
        const { describeArchive } = await import('./build-image.ts');
        return describeArchive(checkpoint, this.#imageWish(job, signal));
      },
      archiveOpen: (signal) => this.#ask(signal, ({ archive }) => archive.open(signal)),
      archiveRead: (signal, id, offset, length) =>
        this.#ask(signal, async ({ archive }) => handOver(await archive.read(id, offset, length, signal))),
      archiveClose: (signal, id) => this.#ask(signal, ({ archive }) => archive.close(id)),
    };
  }

  #imageWish(job: string, signal: AbortSignal): ImageWish {
    return { job, spill: this.#request.spill, signal, onProgress: (progress) => this.#emit('imaged', progress) };
  }

  /** Answers once the checkpoint is open; before, and after a failure, with why it is not. */
  async #ask<T>(signal: AbortSignal, question: (opened: Opened) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const opened = await this.#ready(signal);
      try {
        return await question(opened);
      } catch (error) {
        if (!isCancelled(error) || signal.aborted || this.#ending.signal.aborted || tries === MAX_TRIES) throw error;
      }
    }
  }

  #ready(signal: AbortSignal): Promise<Opened> {
    return orCancelled(this.#opening, signal);
  }

  async #retry(signal: AbortSignal): Promise<void> {
    if (this.#failed && !this.#ending.signal.aborted) this.#opening = this.#start();
    await this.#ready(signal);
  }

  #start(): Promise<Opened> {
    this.#failed = false;
    const opening = this.#openOnce();
    // Those who ask are told; nobody may be asking yet.
    opening.catch(() => (this.#failed = true));
    return opening;
  }

  async #openOnce(): Promise<Opened> {
    const { signal } = this.#ending;
    // Who listens to events is put together in this same turn.
    await Promise.resolve();
    const checkpoint = await this.#open(this.#request, {
      signal,
      onProgress: (progress) => this.#report(progress),
      onChanged: (state) => this.#grew(state),
    });
    if (signal.aborted) {
      await checkpoint.close();
      signal.throwIfAborted();
    }
    const hash = (ended: AbortSignal) =>
      checkpoint
        .hash((progress) => this.#report(progress), ended)
        .finally(() => {
          if (!ended.aborted) void this.#verify(checkpoint);
        });
    const searches = new Searches(checkpoint, { searched: (state) => this.#searched(state) });
    this.#opened = {
      checkpoint,
      searches,
      grids: new Grids(checkpoint, (search) => searches.grid(search)),
      files: new FileWindows(checkpoint.files),
      archive: new ArchiveBytes(checkpoint),
      hash: new JointJob(hash),
    };
    return this.#opened;
  }

  /** When all else that takes long is done, and nobody waits for it: only a note may come of it. */
  async #verify(checkpoint: Checkpoint): Promise<void> {
    try {
      if (await checkpoint.verify(this.#ending.signal)) this.#renew({ complete: checkpoint.complete });
    } catch (error) {
      if (isCancelled(error) || this.#ending.signal.aborted) return;
      this.#emit('log', { level: 'warning', text: error instanceof Error ? error.message : String(error) });
    }
  }

  #report(progress: Progress): void {
    const throttle = this.#progress[progress.task];
    if (progress.finished) throttle.flush(progress);
    else throttle.push(progress);
  }

  #searched(state: SearchState): void {
    this.#opened?.grids.renewSearch(state.id);
    this.#emit('searched', state);
  }

  #grew(state: WorkerEvents['changed']): void {
    if (state.complete) this.#changed.flush(state);
    else this.#changed.push(state);
  }

  /** What was worked out is of an older state; the host is told to ask again. */
  #renew(state: WorkerEvents['changed']): void {
    this.#opened?.grids.renew();
    void this.#opened?.files.drop();
    this.#emit('changed', state);
  }

  /** Whatever is under way ends; decompressed copies are let go of. */
  #close(): Promise<void> {
    return (this.#closing ??= this.#closeOnce());
  }

  async #closeOnce(): Promise<void> {
    this.#ending.abort();
    this.#changed.stop();
    this.#progress.read.stop();
    this.#progress.hash.stop();
    const opened = await this.#opening.catch(() => undefined);
    opened?.searches.close();
    await opened?.files.drop();
    await opened?.archive.end();
    await opened?.checkpoint.close();
  }
}
