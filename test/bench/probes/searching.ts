// Has the worker search an archive: one pattern after the other, each once.
import { performance } from 'node:perf_hooks';
import type { SearchState } from '../../../src/protocol/search.ts';
import { answer, question, type Searched } from './probes.ts';
import { watchUsage } from './usage.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { input, spill, patterns } = question('searching');
const client = await WorkerClient.start({ locator: input.path, spill: { directory: spill, limit: 2 ** 40 } });
await untilShown(client, input);
let tell: (state: SearchState) => void = () => undefined;
client.onSearched((state) => tell(state));
const usage = watchUsage();
const searched: Searched[] = [];
for (const [index, pattern] of patterns.entries()) searched.push(await search(`search ${index}`, pattern));
answer('searching', { searched, ...usage() });
await client.close();

async function search(id: string, pattern: (typeof patterns)[number]): Promise<Searched> {
  const started = performance.now();
  let first: number | undefined;
  const { promise: ended, resolve: end } = Promise.withResolvers<SearchState>();
  tell = (state) => {
    if (state.id !== id) return;
    if (state.found > 0) first ??= performance.now() - started;
    if (state.finished) end(state);
  };
  await client.remote.searchStart(id, { pattern, limit: 10_000 });
  const { found, failure } = await ended;
  if (failure) throw new Error(failure.template);
  return { milliseconds: performance.now() - started, ...(first !== undefined && { first }), found };
}
