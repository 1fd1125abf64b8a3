import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import type { ChangeFacts } from '../../protocol/changes.ts';
import type { CopyFormat, GridName, GridQuery, GridWindow } from '../../protocol/grid.ts';
import type { SizePicture } from '../../protocol/size-picture.ts';
import { sentence } from '../../protocol/sentence.ts';
import { JointJob } from '../joint-job.ts';
import type { ChangeRow } from './changes.ts';
import { gridOf, type Grid } from './grid.ts';
import { processGrid } from './process-grid.ts';
import { searchTable } from './search.ts';
import type { Table } from './table.ts';
import { TableView } from './table-view.ts';

export { gridOf, type Grid };

/** Makes a grid. @param of as in {@link GridQuery}; empty for a grid that there is once */
type MakeGrid = (checkpoint: Checkpoint, signal: AbortSignal, of: string) => Promise<Grid>;

/** How each grid is made. Only that of the processes is shown at once: the others are loaded when they are asked for. */
const MAKERS: Readonly<Record<Exclude<GridName, 'changes' | 'search'>, MakeGrid>> = {
  processes: processGrid,
  files: async (checkpoint, signal) => {
    const { complete } = checkpoint;
    const files = await checkpoint.openFiles.list(undefined, signal);
    const commands = new Map((await checkpoint.processes(signal)).map(({ pid, comm }) => [pid, comm]));
    const { fileTable } = await import('./files.ts');
    return gridOf(fileTable(files, commands), complete);
  },
  sockets: async (checkpoint, signal) => {
    const { complete, sockets } = checkpoint;
    const facts = await sockets.list(signal);
    const connections = await sockets.connections(signal);
    const { socketTable } = await import('./sockets.ts');
    return gridOf(socketTable(facts, connections, await checkpoint.processes(signal)), complete);
  },
  memory: async (checkpoint, signal, of) => {
    const { complete } = checkpoint;
    const regions = of === '' ? [] : (await checkpoint.memory.map(Number(of), signal)).regions;
    const { memoryTable } = await import('./memory.ts');
    return gridOf(memoryTable(regions), complete);
  },
  mounts: async (checkpoint, signal) => {
    const { complete } = checkpoint;
    const mounts = await checkpoint.mounts(signal);
    const { mountTable } = await import('./mounts.ts');
    return gridOf(mountTable(mounts, await checkpoint.processes(signal)), complete);
  },
  seccomp: async ({ isolation }, signal, of) => {
    const { parseSeccompGrid, seccompTable } = await import('./seccomp.ts');
    const { pid, index } = parseSeccompGrid(of);
    const listing = await isolation.seccompListing(index, pid, signal);
    return gridOf(seccompTable(listing), true, listing?.left);
  },
  log: async (checkpoint, signal, of) => {
    const { logGrid } = await import('./log.ts');
    return logGrid(checkpoint, of, signal);
  },
  entries: async (checkpoint, signal) => {
    const { complete } = checkpoint;
    const { entryTable } = await import('./entries.ts');
    return gridOf(entryTable(await checkpoint.raw.entries(), await checkpoint.processTree(signal)), complete);
  },
  image: async (checkpoint, signal, of) => {
    const { ImageGrid } = await import('./image/image-grid.ts');
    return new ImageGrid(await checkpoint.raw.image(of, signal));
  },
};

/** Of a kind of which there are several, how many are kept. */
const KEPT = 8;

interface ChangesGrid extends Grid {
  readonly table: Table<ChangeRow>;
}

/** The tables of one open checkpoint. Each is made when it is first asked for, and again once more is known. */
export class Grids {
  readonly #checkpoint: Checkpoint;
  readonly #found: (search: string) => Grid;
  /** By name and, behind a NUL, by what it is of; least recently used first. */
  #jobs = new Map<string, JointJob<Grid>>();
  #changes: JointJob<ChangesGrid>;

  /** @param found the results of a search, as they stand */
  constructor(checkpoint: Checkpoint, found: (search: string) => Grid = nothingFound) {
    this.#checkpoint = checkpoint;
    this.#found = found;
    this.#changes = this.#changesJob();
  }

  /** More became known. Work under way ends for those who wait for it; who asks from now on gets the new state. */
  renew(): void {
    this.#jobs = new Map();
    this.#changes = this.#changesJob();
  }

  /** A search has found more. */
  renewSearch(id: string): void {
    this.#jobs.delete(`search\u0000${id}`);
  }

  async window(query: GridQuery, signal: AbortSignal): Promise<GridWindow> {
    return (await this.#job(query).join(signal)).window(query, signal);
  }

  async copy(
    query: GridQuery,
    format: CopyFormat,
    ids: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    return (await this.#job(query).join(signal)).copy(query, format, ids, signal);
  }

  /** @param id a path, or the id of a row where several stand at one path. @throws CheckpointError `not-found` */
  async change(id: string, signal: AbortSignal): Promise<ChangeFacts> {
    const facts = findChange((await this.#changes.join(signal)).table, id);
    if (!facts)
      throw new CheckpointError('not-found', sentence('Nothing is recorded as changed at {0}.', id), { where: id });
    return facts;
  }

  /** How the bytes of the changed files divide. @param folder id of a row */
  async changeSizes(filter: string, folder: string | undefined, signal: AbortSignal): Promise<SizePicture> {
    const { table } = await this.#changes.join(signal);
    const { sizePicture } = await import('./size-picture.ts');
    const all = filter.trim() === '';
    const matching = all ? undefined : new Set(new TableView(table).select({ filter, toggled: [] }));
    return sizePicture(table, matching, folder);
  }

  #job({ grid, of = '' }: GridQuery): JointJob<Grid> {
    if (grid === 'changes') return this.#changes;
    const key = `${grid}\u0000${of}`;
    const make: MakeGrid = grid === 'search' ? () => Promise.resolve(this.#found(of)) : MAKERS[grid];
    const job = this.#jobs.get(key) ?? new JointJob((signal) => make(this.#checkpoint, signal, of));
    this.#jobs.delete(key);
    this.#jobs.set(key, job);
    const alike = [...this.#jobs.keys()].filter((other) => other.startsWith(`${grid}\u0000`));
    for (const oldest of alike.slice(0, -KEPT)) this.#jobs.delete(oldest);
    return job;
  }

  #changesJob(): JointJob<ChangesGrid> {
    return new JointJob(async (signal) => {
      const { complete } = this.#checkpoint;
      const { changes, remark } = await this.#checkpoint.changes(signal);
      const { changeTable } = await import('./changes.ts');
      const table = changeTable(changes);
      return { ...gridOf(table, complete, remark), table };
    });
  }
}

function nothingFound(): Grid {
  return gridOf(searchTable([]), true);
}

function findChange(table: Table<ChangeRow>, id: string): ChangeFacts | undefined {
  const number = table.numberOf(id);
  return number === undefined ? undefined : table.row(number).facts;
}
