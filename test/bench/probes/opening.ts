// Opens a plain archive in the worker; what the first paint took.
import { performance } from 'node:perf_hooks';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { input, spill } = question('opening');
const usage = watchUsage();
const started = performance.now();
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
const start = performance.now() - started;
const shown = await untilShown(client, input);
answer('opening', { start, ...shown, ...usage() });
await client.close();
