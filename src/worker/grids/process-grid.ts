import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { GridQuery } from '../../protocol/grid.ts';
import { SharedJob } from '../shared-job.ts';
import { gridOf, type Grid } from './grid.ts';
import { processTable } from './processes.ts';
import { TableView } from './table-view.ts';

/**
 * The grid of processes. It is what an editor shows first, and there may be thousands: as long as the tree alone decides
 * which rows are shown, no other process than these is read.
 */
export async function processGrid(checkpoint: Checkpoint, signal: AbortSignal): Promise<Grid> {
  const { complete } = checkpoint;
  const rows = [...(await checkpoint.processTree(signal))];
  const view = new TableView(processTable(rows));
  const whole = new SharedJob(async (ended: AbortSignal) => {
    return gridOf(processTable(await checkpoint.processes(ended)), complete);
  });

  async function describe(numbers: readonly number[], ended: AbortSignal): Promise<void> {
    const unknown = numbers.filter((number) => rows[number]?.complete === false);
    const pids = new Set(unknown.map((number) => rows[number]?.pid ?? 0));
    const described = await checkpoint.someProcesses(pids, ended);
    for (const number of unknown) {
      const facts = described.get(rows[number]?.pid ?? 0);
      if (facts) rows[number] = facts;
    }
  }

  return {
    async window(query, ended) {
      if (!isByTreeAlone(query)) return (await whole.join(ended)).window(query, ended);
      await describe(view.numbers(query), ended);
      return { ...view.window(query), complete };
    },
    copy: async (query, format, ids, ended) => (await whole.join(ended)).copy(query, format, ids, ended),
  };
}

function isByTreeAlone({ filter, sort, find }: GridQuery): boolean {
  return filter.trim() === '' && sort === undefined && find === undefined;
}
