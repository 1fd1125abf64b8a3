import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { type Channel, type ChannelMessage, type Handlers, openChannel } from '../../../src/protocol/channel.ts';
import type { OpenRequest } from '../../../src/protocol/checkpoint-api.ts';
import type { GridQuery, GridWindow } from '../../../src/protocol/grid.ts';
import type { RemoteApi } from '../../../src/protocol/remote-api.ts';
import type { SearchState } from '../../../src/protocol/search.ts';
import type { WorkerApi, WorkerEvents } from '../../../src/protocol/worker-api.ts';
import { builtWorker } from '../children.ts';
import type { Input } from '../inputs.ts';
import type { Shown } from './probes.ts';

/** The built worker in a thread of this process, asked as the extension host asks it. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #channel: Channel<WorkerApi, WorkerEvents>;
  #change = Promise.withResolvers<undefined>();
  #complete = false;

  /** Resolves when the thread has the locator: it begins to load the worker's bundle. */
  static async start(request: OpenRequest, remote?: Handlers<RemoteApi>): Promise<WorkerClient> {
    const client = new WorkerClient(request, remote);
    await once(client.#worker, 'online');
    return client;
  }

  private constructor(request: OpenRequest, remote: Handlers<RemoteApi> | undefined) {
    // The limits of src/vscode/sessions/worker-thread.ts, without which the collector may wait longer.
    const resourceLimits = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 6 };
    // As it is in the editor from the second opening of any checkpoint on.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(request.spill.directory, '..', 'compiled') };
    this.#worker = new Worker(builtWorker, { workerData: request, execArgv: [], resourceLimits, env });
    this.#worker.on('error', (error) => this.#change.reject(error));
    this.#channel = openChannel<Partial<RemoteApi>, object, WorkerApi, WorkerEvents>(
      {
        post: (message, transfer) => this.#worker.postMessage(message, transfer),
        listen: (receive) => {
          const listener = (message: ChannelMessage) => receive(message);
          this.#worker.on('message', listener);
          return () => this.#worker.off('message', listener);
        },
      },
      remote ?? {},
    );
    this.#channel.on('changed', ({ complete }) => {
      this.#complete ||= complete;
      const { resolve } = this.#change;
      this.#change = Promise.withResolvers();
      // Nobody may be waiting when the thread dies.
      this.#change.promise.catch(() => undefined);
      resolve(undefined);
    });
  }

  onSearched(listener: (state: SearchState) => void): void {
    this.#channel.on('searched', listener);
  }

  get remote(): Channel<WorkerApi, WorkerEvents>['remote'] {
    return this.#channel.remote;
  }

  /**
   * Asks until the answer says enough, again each time that more became known, as the page does.
   * @returns how long it took since the call, milliseconds
   */
  async until<Answer>(ask: () => Promise<Answer>, isEnough: (answer: Answer) => boolean): Promise<number> {
    const started = performance.now();
    for (;;) {
      const change = this.#change.promise;
      const wasComplete = this.#complete;
      const answer = await ask();
      if (isEnough(answer)) return performance.now() - started;
      if (wasComplete)
        throw new Error(`The worker's last answer does not say enough: ${JSON.stringify(answer, printable)}`);
      await change;
    }
  }

  /** How long it takes until all of an archive is read, milliseconds. */
  async completed(): Promise<number> {
    return this.until(
      () => this.remote.overview(),
      ({ complete }) => complete,
    );
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    await this.remote.close();
    await exited;
  }
}

/** The first two questions of the page, at the same time. @param onShown when both are answered: a third one is asked then */
export async function untilShown(
  client: WorkerClient,
  input: Input,
  onShown: () => void = () => undefined,
): Promise<Shown> {
  const [overview, processes] = await Promise.all([
    client.until(
      () => client.remote.overview(),
      ({ container, image, runtime, created, hostName }) =>
        container.name === input.containerName &&
        [image, runtime, created, hostName].every((fact) => fact !== undefined),
    ),
    client.until(
      () => client.remote.grid(firstWindow('processes')),
      (window) => window.total === input.processes && window.rows.every((row) => commandOf(window, row.id) !== ''),
    ),
  ]);
  onShown();
  await requireLastProcess(client, input);
  return { overview, processes };
}

export function firstWindow(grid: GridQuery['grid'], query: Partial<GridQuery> = {}): GridQuery {
  return { grid, filter: '', toggled: [], start: 0, count: 60, ...query };
}

async function requireLastProcess(client: WorkerClient, { lastPid, lastArgument }: Input): Promise<void> {
  const window = await client.remote.grid(
    firstWindow('processes', { filter: `pid:=${lastPid}`, reveal: String(lastPid) }),
  );
  const command = commandOf(window, String(lastPid));
  if (!command.includes(lastArgument)) {
    throw new Error(
      `The command line of ${lastPid} is shown as "${command}"; the archive has "${lastArgument}" in it.`,
    );
  }
}

function commandOf(window: GridWindow, id: string): string {
  const column = window.columns.findIndex((candidate) => candidate.id === 'command');
  return String(window.rows.find((row) => row.id === id)?.cells[column]?.value ?? '');
}

function printable(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
