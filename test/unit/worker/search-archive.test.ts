import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { SearchRequest, SearchState } from '../../../src/protocol/search.ts';
import { Session } from '../../../src/worker/session.ts';
import { archiveOf, archives, truthOf } from '../support/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'search-archive-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { signal } = new AbortController();

interface Needles {
  readonly pid: number;
  readonly hits: readonly { readonly needle: string; readonly vaddr: string }[];
}

interface Found {
  readonly pid: number | null;
  readonly address?: string;
}

/** What the host asks a worker for, on a real archive, and what the worker tells. */
function open(name: string) {
  const waiting = new Map<string, (state: SearchState) => void>();
  const told: SearchState[] = [];
  const session = new Session(
    { locator: archiveOf(name), spill: { directory: join(folder, 'spill'), limit: 2 ** 32 } },
    (event, value) => {
      if (event !== 'searched') return;
      const state = value as SearchState;
      told.push(state);
      if (state.finished) waiting.get(state.id)?.(state);
    },
  );
  const handlers = session.handlers(() => undefined);
  const search = async (id: string, request: SearchRequest): Promise<SearchState> => {
    const ended = new Promise<SearchState>((resolve) => waiting.set(id, resolve));
    await handlers.searchStart(signal, id, request);
    return ended;
  };
  return { handlers, search, told };
}

suite('the worker', () => {
  for (const name of archives) {
    const { memoryNeedlesLive: live } = truthOf(name) as { readonly memoryNeedlesLive?: readonly Needles[] };
    const { dumped } = truthOf(name);
    // A `sleep 1` that was running when it was looked at has been replaced by another one when it was dumped.
    const isDumped = (pid: number): boolean => {
      const comm = dumped?.comm[String(pid)];
      return comm !== undefined && comm !== 'sleep';
    };
    const wanted = (live ?? [])
      .flatMap(({ pid, hits }) => hits.map((hit) => ({ pid, ...hit })))
      .filter(({ pid }) => isDumped(pid));
    const skip = wanted.length === 0 && 'nothing was looked for';
    test(`${name}: finds in threads what the living process had in its memory`, { skip }, async () => {
      const { handlers, search } = open(name);
      for (const needle of new Set(wanted.map((hit) => hit.needle))) {
        const state = await search(needle, { pattern: { kind: 'text', text: needle }, limit: 10_000 });
        const found = JSON.parse(await handlers.searchExport(signal, needle, 'json')) as readonly Found[];
        assert.equal(found.length, state.found);
        assert.deepEqual([state.failure, state.stopped, state.more], [undefined, false, false]);
        assert.equal(state.done, state.total, 'everything was searched');
        const places = new Set(found.map(({ pid, address }) => `${pid} ${address}`));
        for (const { pid, vaddr } of wanted.filter((hit) => hit.needle === needle)) {
          assert.ok(places.has(`${pid} ${vaddr}`), `${needle} of process ${pid} at ${vaddr}`);
        }
      }
      await handlers.close(signal);
    });
  }

  test('cuts what is everywhere, and shows the first of it while it searches on', async () => {
    const { handlers, search, told } = open('podman-webapp-host');
    const state = await search('a', { pattern: { kind: 'hex', text: '00' }, limit: 1e9 });
    assert.deepEqual([state.found, state.more, state.finished], [10_000, true, true]);
    const rows = await handlers.grid(signal, {
      grid: 'search',
      of: 'a',
      filter: '',
      toggled: [],
      start: 9_990,
      count: 50,
    });
    assert.deepEqual([rows.total, rows.rows.length, rows.complete], [10_000, 10, true]);
    assert.ok(told.some(({ finished, found }) => !finished && found > 0));
    await handlers.close(signal);
  });

  test('searches one process, and one range of it, and nothing else', async () => {
    const { handlers, search } = open('podman-webapp-host');
    const found = async (id: string, more: Partial<SearchRequest>): Promise<readonly Found[]> => {
      await search(id, { pattern: { kind: 'strings', least: 8, encoding: 'ascii' }, limit: 10_000, ...more });
      return JSON.parse(await handlers.searchExport(signal, id, 'json')) as readonly Found[];
    };
    const { regions } = await handlers.memoryOutline(signal, 1);
    const stack = regions.find(({ name }) => name === '[stack]');
    assert.ok(stack);
    const range = { start: `0x${stack.start.toString(16)}`, end: `0x${stack.end.toString(16)}` } as const;
    const inStack = await found('stack', { pids: [1], range });
    assert.ok(inStack.length > 10, 'the environment is there');
    for (const { pid, address = '0x0' } of inStack) {
      assert.equal(pid, 1);
      assert.ok(BigInt(address) >= stack.start && BigInt(address) < stack.end, address);
    }
    const inAll = await found('all', { pids: [1] });
    assert.deepEqual(new Set(inAll.map(({ pid }) => pid)), new Set([1]));
    assert.ok(inAll.length > inStack.length);
    await handlers.close(signal);
  });

  test('stops in the middle of what would take very long, and when the checkpoint is closed', async () => {
    const { handlers, search, told } = open('podman-webapp-host');
    const endless: SearchRequest = { pattern: { kind: 'regex', text: '(?:[^\\x01]*[^\\x02]*)*\\x03{9}' }, limit: 10 };
    const ended = search('a', endless);
    assert.equal((await handlers.searchState(signal, 'a'))?.finished, false);
    await handlers.searchStop(signal, 'a');
    const { stopped, finished, failure } = await ended;
    assert.deepEqual([stopped, finished, failure], [true, true, undefined]);
    void search('b', endless);
    await handlers.close(signal);
    await new Promise((resolve) => setImmediate(resolve));
    const last = told.findLast(({ id }) => id === 'b');
    assert.deepEqual([last?.finished, last?.stopped], [true, true]);
  });

  test('says in a sentence what is wrong with a pattern', async () => {
    const { handlers, search } = open('podman-webapp-host');
    const { failure, found } = await search('a', { pattern: { kind: 'regex', text: '(a' }, limit: 10 });
    assert.equal(found, 0);
    assert.ok(failure?.template.endsWith('.'), failure?.template);
    await handlers.close(signal);
  });
});
