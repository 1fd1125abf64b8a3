// Opens a plain archive in the worker; what the first paint took.
import { performance } from 'node:perf_hooks';
import { answer, question } from './probes.ts';
import { type Usage, watchUsage } from './usage.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { input, spill } = question('opening');
const usage = watchUsage();
const started = performance.now();
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
const start = performance.now() - started;
let used: Usage | undefined;
const shown = await untilShown(client, input, () => (used = usage()));
answer('opening', { start, ...shown, ...(used ?? usage()) });
await client.close();
