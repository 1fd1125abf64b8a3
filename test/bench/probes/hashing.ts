// Has the worker hash an archive.
import { performance } from 'node:perf_hooks';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { input, spill } = question('hashing');
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
await untilShown(client, input);
const usage = watchUsage();
const started = performance.now();
const { hex } = await client.remote.hash();
answer('hashing', { milliseconds: performance.now() - started, hex, ...usage() });
await client.close();
