// Opens a compressed archive in the worker, waits until all of it is there, and opens it a second time.
import { performance } from 'node:perf_hooks';
import { answer, type Decompression, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { input, spill } = question('decompression');
const first = await open();
const second = await open();
answer('decompression', { first, second });

async function open(): Promise<Decompression> {
  const usage = watchUsage();
  const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
  const started = performance.now();
  const shown = await untilShown(client, input);
  await client.completed();
  const complete = performance.now() - started;
  const used = usage();
  await client.close();
  return { ...shown, complete, ...used };
}
