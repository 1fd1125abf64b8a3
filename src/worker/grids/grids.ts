import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import type { ChangeFacts } from '../../protocol/changes.ts';
import type { CopyFormat, GridName, GridQuery, GridWindow } from '../../protocol/grid.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { SharedJob } from '../shared-job.ts';
import { changeTable, type ChangeRow } from './changes.ts';
import { copyRows } from './copy.ts';
import { mountTable } from './mounts.ts';
import { processTable } from './processes.ts';
import type { Table } from './table.ts';
import { TableView } from './table-view.ts';

/** A grid as it stood when it was asked for: what it answers does not depend on what kind of rows it has. */
interface Grid {
  window(query: GridQuery): GridWindow;
  copy(query: GridQuery, format: CopyFormat, ids: readonly string[] | undefined): string;
}

interface ChangesGrid extends Grid {
  find(id: string): ChangeFacts | undefined;
}

/** The tables of one open checkpoint. Each is made when it is first asked for, and again once more is known. */
export class Grids {
  readonly #checkpoint: Checkpoint;
  #processes: SharedJob<Grid>;
  #mounts: SharedJob<Grid>;
  #changes: SharedJob<ChangesGrid>;

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
    this.#processes = this.#processesJob();
    this.#mounts = this.#mountsJob();
    this.#changes = this.#changesJob();
  }

  /** More became known. Work under way ends for those who wait for it; who asks from now on gets the new state. */
  renew(): void {
    this.#processes = this.#processesJob();
    this.#mounts = this.#mountsJob();
    this.#changes = this.#changesJob();
  }

  async window(query: GridQuery, signal: AbortSignal): Promise<GridWindow> {
    return (await this.#grid(query.grid, signal)).window(query);
  }

  async copy(
    query: GridQuery,
    format: CopyFormat,
    ids: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    return (await this.#grid(query.grid, signal)).copy(query, format, ids);
  }

  /** @param id a path, or the id of a row where several stand at one path. @throws CheckpointError `not-found` */
  async change(id: string, signal: AbortSignal): Promise<ChangeFacts> {
    const facts = (await this.#changes.join(signal)).find(id);
    if (!facts)
      throw new CheckpointError('not-found', sentence('Nothing is recorded as changed at {0}.', id), { where: id });
    return facts;
  }

  #grid(name: GridName, signal: AbortSignal): Promise<Grid> {
    switch (name) {
      case 'processes':
        return this.#processes.join(signal);
      case 'mounts':
        return this.#mounts.join(signal);
      case 'changes':
        return this.#changes.join(signal);
    }
  }

  #processesJob(): SharedJob<Grid> {
    return new SharedJob(async (signal) => {
      const { complete } = this.#checkpoint;
      return gridOf(processTable(await this.#checkpoint.processes(signal)), complete);
    });
  }

  #mountsJob(): SharedJob<Grid> {
    return new SharedJob(async (signal) => {
      const { complete } = this.#checkpoint;
      return gridOf(mountTable(await this.#checkpoint.mounts(signal)), complete);
    });
  }

  #changesJob(): SharedJob<ChangesGrid> {
    return new SharedJob(async (signal) => {
      const { complete } = this.#checkpoint;
      const { changes, remark } = await this.#checkpoint.changes(signal);
      const table = changeTable(changes);
      return { ...gridOf(table, complete, remark), find: (id) => findChange(table, id) };
    });
  }
}

/** @param complete as it was before the rows were read, so that what came in between is asked for again */
function gridOf<Row>(table: Table<Row>, complete: boolean, remark?: Sentence): Grid {
  const view = new TableView(table);
  return {
    window: (query) => ({ ...view.window(query), ...(remark && { remark }), complete }),
    copy: (query, format, ids) => copyRows(table.kind, view.select(query, ids), format),
  };
}

function findChange(table: Table<ChangeRow>, id: string): ChangeFacts | undefined {
  const number = table.numberOf(id);
  return number === undefined ? undefined : table.row(number).facts;
}
