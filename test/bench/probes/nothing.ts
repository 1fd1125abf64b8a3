// Has the worker refuse an empty file: what opening takes without an archive.
import { writeFileSync, rmSync } from 'node:fs';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { WorkerClient } from './worker-client.ts';

const { path, spill } = question('nothing');
writeFileSync(path, '');
const usage = watchUsage();
const client = await WorkerClient.start({ locator: path, spill: { directory: spill, limit: 2 ** 40 } });
await client.remote.opened().then(
  () => {
    throw new Error('The worker opened an empty file.');
  },
  () => undefined,
);
answer('nothing', usage());
await client.close();
rmSync(path);
