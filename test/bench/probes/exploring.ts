// Goes through an archive that is shown already: its open files, and memory at random addresses of random processes.
import { performance } from 'node:perf_hooks';
import type { MemoryOutline } from '../../../src/protocol/memory.ts';
import { hex } from '../../../src/protocol/wire.ts';
import { Random } from '../archive/random.ts';
import { answer, question } from './probes.ts';
import { watchUsage } from './usage.ts';
import { firstWindow, untilShown, WorkerClient } from './worker-client.ts';

/** Bytes that the page asks for at once. */
const WINDOW = 16 * 1024;
const PROCESSES = 40;
const WINDOWS_EACH = 10;

const { input, spill, seed } = question('exploring');
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
await untilShown(client, input);
const random = new Random(seed);
const usage = watchUsage();
const files = await listFiles();
const listed = await client.remote.memoryProcesses();
const outlines: number[] = [];
const windows: number[] = [];
for (let process = 0; process < PROCESSES; process++) {
  const started = performance.now();
  const outline = await client.remote.memoryOutline(random.pick(listed).pid);
  outlines.push(performance.now() - started);
  for (let window = 0; window < WINDOWS_EACH; window++) windows.push(await readSomewhere(outline));
}
answer('exploring', { files, outlines, windows, ...usage() });
await client.close();

/** Milliseconds. */
async function listFiles(): Promise<number> {
  const started = performance.now();
  const { total } = await client.remote.grid(firstWindow('files'));
  const taken = performance.now() - started;
  const least = 3 * input.processes;
  if (total < least) throw new Error(`${total} descriptors are listed, ${least} or more are in the archive.`);
  return taken;
}

/** Milliseconds until bytes at a random address of which the dump has something nearby are here. */
async function readSomewhere({ pid, regions }: MemoryOutline): Promise<number> {
  const region = random.pick(regions.filter(({ bytes }) => (bytes.own ?? 0) > 0));
  const address = region.start + BigInt(random.between(0, pagesOf(region) - 1)) * 4096n;
  const length = Math.min(WINDOW, Number(region.end - address));
  const started = performance.now();
  const { ranges, bytes } = await client.remote.memoryRead(pid, hex(address), length);
  const taken = performance.now() - started;
  const told = ranges.reduce((sum, range) => sum + range.length, 0);
  if (bytes.length !== length || told !== length) throw new Error(`${told} of ${length} bytes are told of.`);
  return taken;
}

function pagesOf({ start, end }: MemoryOutline['regions'][number]): number {
  return Number((end - start) / 4096n);
}
