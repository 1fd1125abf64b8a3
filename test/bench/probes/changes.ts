// Lists the filesystem changes in the worker, when overview and processes are shown.
import { performance } from 'node:perf_hooks';
import type { GridQuery } from '../../../src/protocol/grid.ts';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { firstWindow, untilShown, WorkerClient } from './worker-client.ts';

const { input, spill } = question('changes');
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
await untilShown(client, input);
const usage = watchUsage();
const first = await time({}, input.diffEntries);
const used = usage();
const sorted = await time({ sort: { column: 'size', descending: true } }, input.diffEntries);
const filtered = await time({ filter: 'order-0012' }, 99);
answer('changes', { first, sorted, filtered, ...used });
await client.close();

async function time(query: Partial<GridQuery>, least: number): Promise<number> {
  const started = performance.now();
  const { matched } = await client.remote.grid(firstWindow('changes', query));
  const taken = performance.now() - started;
  if (matched < least) throw new Error(`${matched} changes are listed, ${least} or more are in the archive.`);
  return taken;
}
