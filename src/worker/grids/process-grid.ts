import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { GridQuery } from '../../protocol/grid.ts';
import { JointJob } from '../joint-job.ts';
import { gridOf, type Grid } from './grid.ts';
import { processTable, type ProcessRow } from './processes.ts';
import { TableView } from './table-view.ts';

/**
 * The grid of processes. It is what an editor shows first, and there may be thousands: as long as the tree alone decides
 * which rows are shown, no other process than these is read, and what they had open only for who asks again.
 */
export async function processGrid(checkpoint: Checkpoint, signal: AbortSignal): Promise<Grid> {
  const { complete, openFiles } = checkpoint;
  const rows: ProcessRow[] = [...(await checkpoint.processTree(signal))];
  /** Rows whose files have been counted. */
  const counted = new Set<number>();
  const view = new TableView(processTable(rows));
  const whole = new JointJob(async (ended: AbortSignal) => {
    const processes = await checkpoint.processes(ended);
    const counts = await openFiles.counts(pidsOf(processes), ended);
    return gridOf(processTable(processes.map((process) => ({ ...process, open: counts.get(process.pid) }))), complete);
  });

  async function describe(numbers: readonly number[], ended: AbortSignal): Promise<void> {
    const unknown = numbers.filter((number) => rows[number]?.complete === false);
    const pids = new Set(unknown.map((number) => rows[number]?.pid ?? 0));
    const described = await checkpoint.someProcesses(pids, ended);
    for (const number of unknown) {
      const facts = described.get(rows[number]?.pid ?? 0);
      if (facts) rows[number] = { ...facts, open: rows[number]?.open };
    }
  }

  async function count(numbers: readonly number[], ended: AbortSignal): Promise<void> {
    const unknown = numbers.filter((number) => !counted.has(number));
    const counts = await openFiles.counts(pidsOf(unknown.flatMap((number) => rows[number] ?? [])), ended);
    for (const number of unknown) {
      const row = rows[number];
      if (row) rows[number] = { ...row, open: counts.get(row.pid) };
      counted.add(number);
    }
  }

  return {
    async window(query, ended) {
      if (!isByTreeAlone(query)) return (await whole.join(ended)).window(query, ended);
      const numbers = view.numbers(query);
      await describe(numbers, ended);
      if (query.late) await count(numbers, ended);
      const late = numbers.some((number) => !counted.has(number));
      return { ...view.window(query), complete, ...(late && { late }) };
    },
    copy: async (query, format, ids, ended) => (await whole.join(ended)).copy(query, format, ids, ended),
  };
}

function pidsOf(processes: readonly ProcessRow[]): ReadonlySet<number> {
  return new Set(processes.map(({ pid }) => pid));
}

function isByTreeAlone({ filter, sort, find }: GridQuery): boolean {
  return filter.trim() === '' && sort === undefined && find === undefined;
}
