import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import type { TaskSize } from '../../../../src/core/checkpoint/search/plan.ts';
import type { SearchOptions } from '../../../../src/core/checkpoint/search/search.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import type { SearchMatch, SearchQuery, SearchStep, StringEncoding } from '../../../../src/protocol/search.ts';
import { bytes, entry, image } from '../../criu/build-image.ts';
import { archiveOf, archives, truthOf } from '../../support/fixtures.ts';
import { PAGE, writeDump } from './build-space.ts';

const folder = mkdtempSync(join(tmpdir(), 'search-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function withCheckpoint(path: string, use: (checkpoint: Checkpoint) => Promise<void>): Promise<void> {
  const checkpoint = await openCheckpoint({
    locator: path,
    spill: { directory: join(folder, 'spill'), limit: 2 ** 32 },
  });
  try {
    await use(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

async function steps(checkpoint: Checkpoint, query: SearchQuery, options?: SearchOptions): Promise<SearchStep[]> {
  const all: SearchStep[] = [];
  for await (const step of checkpoint.search.run(query, options)) all.push(step);
  return all;
}

async function search(
  checkpoint: Checkpoint,
  text: string,
  more: Partial<SearchQuery> = {},
): Promise<readonly SearchMatch[]> {
  const query = { pattern: { kind: 'text', text } as const, limit: 10_000, ...more };
  return (await steps(checkpoint, query)).flatMap(({ matches }) => matches);
}

interface Needles {
  readonly pid: number;
  readonly hits: readonly { readonly needle: string; readonly vaddr: string }[];
}

suite('what the living process had in its memory', () => {
  for (const name of archives) {
    const { memoryNeedlesLive: live } = truthOf(name) as { readonly memoryNeedlesLive?: readonly Needles[] };
    // A `sleep 1` that was running when it was looked at has been replaced by another one when it was dumped.
    const dumped = new Set(truthOf(name).dumped?.processes.map(({ pid }) => pid));
    const wanted = (live ?? [])
      .flatMap(({ pid, hits }) => hits.map((hit) => ({ pid, ...hit })))
      .filter(({ pid }) => dumped.has(pid));
    test(`${name}: is found at its address`, { skip: wanted.length === 0 && 'nothing was looked for' }, async () => {
      await withCheckpoint(archiveOf(name), async (checkpoint) => {
        const transient = await pidsOf(checkpoint, 'sleep');
        for (const needle of new Set(wanted.map((hit) => hit.needle))) {
          const found = await search(checkpoint, needle);
          const places = new Set(found.map(({ pid, address }) => `${pid} 0x${address?.toString(16)}`));
          for (const { pid, vaddr } of wanted.filter((hit) => hit.needle === needle && !transient.has(hit.pid))) {
            assert.ok(places.has(`${pid} ${vaddr}`), `${needle} of process ${pid} at ${vaddr}`);
          }
          for (const { context, contextOffset, length } of found) {
            assert.equal(Buffer.from(context).toString('utf8', contextOffset, contextOffset + length), needle);
          }
        }
      });
    });
  }
});

function isNoMemory(match: unknown): boolean {
  return (match as SearchMatch).pid === null;
}

async function pidsOf(checkpoint: Checkpoint, comm: string): Promise<ReadonlySet<number>> {
  const processes = await checkpoint.processes();
  return new Set(processes.filter((process) => process.comm === comm).map(({ pid }) => pid));
}

suite('the web application', () => {
  test('is searched in files, deleted files and queues too, each where it is', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async (checkpoint) => {
      const mapped = await search(checkpoint, 'MAPPED-SHARED-FILE--', { places: ['files'] });
      assert.deepEqual(
        mapped.map(({ source, pid, address, offset, region, path }) => ({
          source,
          pid,
          address,
          offset,
          region,
          path,
        })),
        [
          {
            source: 'file',
            pid: null,
            address: null,
            offset: 0,
            region: '/var/lib/webapp/mapped.dat',
            path: '/rootfs/var/lib/webapp/mapped.dat',
          },
          {
            source: 'mapped-file',
            pid: 1,
            address: 0x7f0b99266000n,
            offset: undefined,
            region: '/var/lib/webapp/mapped.dat',
            path: '/rootfs/var/lib/webapp/mapped.dat',
          },
        ],
      );
      const places = async (text: string): Promise<readonly unknown[]> =>
        (await search(checkpoint, text)).map(({ source, pid, offset, region }) => ({ source, pid, offset, region }));
      const ghost = { source: 'ghost', pid: null, region: '/var/lib/webapp/deleted-while-open.tmp' };
      const ghosts = await search(checkpoint, 'GHOST-FILE-CONTENT', { places: ['ghost'] });
      assert.ok(ghosts.length > 10);
      assert.deepEqual(
        ghosts.map(({ source, pid, offset, region }) => ({ source, pid, offset, region })),
        ghosts.map((_, index) => ({ ...ghost, offset: index * 19 })),
      );
      const pipe = { source: 'pipe', pid: null, offset: 0, region: 'pipe:[573358]' };
      assert.deepEqual((await places('UNREAD-PIPE-DATA-0123456789')).filter(isNoMemory), [pipe]);
      const socket = { source: 'socket', pid: null, offset: 0, region: 'socket:[573369]' };
      assert.deepEqual((await places('UNREAD-SOCKETPAIR-DATA')).filter(isNoMemory), [socket]);
    });
  });

  test('is searched in one process where only that is asked for', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async (checkpoint) => {
      const all = await search(checkpoint, 'IN-MEMORY-MARKER-webapp-state-0001');
      const pids = new Set(all.map(({ pid }) => pid));
      assert.ok(pids.size > 1);
      for (const pid of pids) {
        const own = await search(checkpoint, 'IN-MEMORY-MARKER-webapp-state-0001', { pids: [pid ?? 0] });
        assert.deepEqual(
          own,
          all.filter((match) => match.pid === pid),
        );
      }
      const [match] = all;
      assert.equal(match?.process, 'web-master');
      await assert.rejects(search(checkpoint, 'x', { pids: [4711] }), (error) =>
        CheckpointError.is(error, 'not-found'),
      );
    });
  });

  test('is searched from threads with the same result, compressed or not', async () => {
    const query: SearchQuery = { pattern: { kind: 'regex', text: 'session-0\\d+' }, limit: 300 };
    await withCheckpoint(archiveOf('podman-webapp-host'), async (checkpoint) => {
      const here = (await steps(checkpoint, query, { threadsFrom: Infinity })).flatMap(({ matches }) => matches);
      const there = (await steps(checkpoint, query, { threadsFrom: 0 })).flatMap(({ matches }) => matches);
      assert.equal(here.length, 300);
      assert.deepEqual(there, here);
    });
  });
});

suite('a search', () => {
  test('ends at its limit and says that there is more', async () => {
    await withCheckpoint(zeros(), async (checkpoint) => {
      const query: SearchQuery = { pattern: { kind: 'hex', text: '0000' }, limit: 2500 };
      const all = await steps(checkpoint, query);
      assert.equal(all.flatMap(({ matches }) => matches).length, 2500);
      assert.equal(all.at(-1)?.more, true);
      const exact = await steps(checkpoint, { ...query, limit: 8 * PAGE - 1 });
      assert.equal(exact.flatMap(({ matches }) => matches).length, 8 * PAGE - 1);
      assert.equal(exact.at(-1)?.more, undefined);
      assert.equal(exact.at(-1)?.done, exact.at(-1)?.total);
    });
  });

  test('brings the first results after little work, and larger pieces of work later', async () => {
    await withCheckpoint(archiveOf('podman-webapp-host'), async (checkpoint) => {
      await checkpoint.search.prepare();
      const all = await steps(checkpoint, { pattern: { kind: 'hex', text: '0000' }, limit: 2000 }, { threadsFrom: 0 });
      assert.ok(all.every(({ matches }) => matches.length <= 100));
      const [first] = all;
      assert.deepEqual([first?.matches.length, first?.done], [100, 0], 'before the first task is done as a whole');
      const rare = await steps(checkpoint, { pattern: { kind: 'text', text: 'no such text' }, limit: 1 });
      const portions = rare.map(({ done }, index) => done - (rare[index - 1]?.done ?? 0));
      assert.ok((portions[0] ?? Infinity) < 2 ** 20, String(portions[0]));
      assert.ok(Math.max(...portions) > 2 ** 22, 'they grow');
    });
  });

  test('can be stopped, also in the middle of an expression that takes very long', async () => {
    await withCheckpoint(hostile(), async (checkpoint) => {
      for (const threadsFrom of [0, Infinity]) {
        const stop = new AbortController();
        setTimeout(() => stop.abort(), 100);
        const query: SearchQuery = { pattern: { kind: 'regex', text: '(a+)+b' }, limit: 10 };
        await assert.rejects(steps(checkpoint, query, { signal: stop.signal, threadsFrom }), (error) =>
          CheckpointError.is(error, 'cancelled'),
        );
      }
    });
  });

  test('tells what an expression took too long for, and finds what is elsewhere', async () => {
    await withCheckpoint(hostile(), async (checkpoint) => {
      const query: SearchQuery = { pattern: { kind: 'regex', text: '(a+)+b|END' }, limit: 10 };
      const all = await steps(checkpoint, query);
      assert.deepEqual(
        all.flatMap(({ matches }) => matches).map(({ address }) => address),
        [0x40_0000n + BigInt(63 * PAGE)],
      );
      const notes = all.flatMap((step) => step.notes);
      assert.ok(
        notes.length > 0 && notes.every(({ kind, text }) => kind === 'may-be-incomplete' && say(text).includes('0x4')),
      );
    });
  });

  test('ends with the checkpoint', async () => {
    const checkpoint = await openCheckpoint({ locator: zeros(), spill: { directory: folder, limit: 2 ** 30 } });
    const run = checkpoint.search.run(
      { pattern: { kind: 'hex', text: '00' }, limit: 1e6 },
      { taskSize: { bytes: PAGE, pieces: 1 } },
    );
    assert.equal((await run.next()).done, false);
    const closed = checkpoint.close();
    await assert.rejects(
      async () => {
        for await (const _ of run);
      },
      (error) => CheckpointError.is(error, 'cancelled'),
    );
    await closed;
  });

  test('finds packets of a stream as one text, and separate ones each by itself', async () => {
    const path = join(folder, 'sockets');
    writeDump(path, { processes: [{ pid: 1, mappings: [], runs: [] }], objects: new Map() });
    const socket = (id: number, type: number) =>
      entry('file_entry', {
        type: 5,
        id,
        usk: {
          id,
          ino: id,
          type,
          state: 1,
          flags: 2,
          uflags: 0,
          backlog: 0,
          peer: 0,
          fown: { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 },
          opts: {
            so_sndbuf: 0,
            so_rcvbuf: 0,
            so_snd_tmo_sec: 0,
            so_snd_tmo_usec: 0,
            so_rcv_tmo_sec: 0,
            so_rcv_tmo_usec: 0,
          },
          name: '',
        },
      });
    const packet = (id: number, content: string) =>
      bytes(entry('sk_packet_entry', { id_for: id, length: content.length }), content);
    writeFileSync(join(path, 'files.img'), image('FILES', socket(1, 1), socket(2, 2)));
    writeFileSync(
      join(path, 'sk-queues.img'),
      image('SK_QUEUES', packet(1, 'sec'), packet(2, 'sec'), packet(1, 'ret'), packet(2, 'ret')),
    );
    await withCheckpoint(path, async (checkpoint) => {
      const found = await search(checkpoint, 'secret', { places: ['queue'] });
      assert.deepEqual(
        found.map(({ source, offset, region }) => ({ source, offset, region })),
        [{ source: 'socket', offset: 0, region: 'socket:[1]' }],
      );
      const halves = await search(checkpoint, 'ret', { places: ['queue'] });
      assert.deepEqual(
        halves.map(({ offset, region }) => ({ offset, region })),
        [
          { offset: 3, region: 'socket:[1]' },
          { offset: 3, region: 'socket:[2]' },
        ],
      );
    });
  });

  test('finds in the other entries of the archive where that is asked for', async () => {
    await withCheckpoint(archiveOf('podman-counter-none'), async (checkpoint) => {
      assert.deepEqual(await search(checkpoint, '"ociVersion"'), []);
      const found = await search(checkpoint, '"ociVersion"', { places: ['archive'] });
      assert.ok(found.some(({ path, source }) => path === '/archive/spec.dump' && source === 'archive'));
    });
  });
});

suite('strings', () => {
  const least = 4;

  test('are all that is readable, in any encoding, however they are cut for searching', async () => {
    const content = Buffer.alloc(12 * PAGE);
    const put = (at: number, text: string | Buffer): void => {
      content.set(Buffer.from(text), at);
    };
    put(0, 'from the first byte');
    put(PAGE - 5, 'over a border of pages');
    put(3 * PAGE + 1, 'shy\x01tab\tbed');
    put(4 * PAGE, 'Grüße € done');
    put(4 * PAGE + 100, Buffer.from([0x61, 0x62, 0x63, 0x64, 0xc3, 0x61, 0x62, 0x63, 0x64]));
    put(5 * PAGE, Buffer.from('wide für alle', 'utf16le'));
    put(6 * PAGE + 1, Buffer.from('wide für alle', 'utf16le').swap16());
    put(12 * PAGE - 10, 'to the end');
    const long = 'long '.repeat(4000);
    put(7 * PAGE, long.slice(0, 4 * PAGE));
    const path = join(folder, 'strings');
    const runs = [{ page: 0x400, content }];
    writeDump(path, { processes: [{ pid: 1, mappings: [{ page: 0x400, pages: 12 }], runs }], objects: new Map() });
    await withCheckpoint(path, async (checkpoint) => {
      const strings = async (encoding: StringEncoding, taskSize: TaskSize): Promise<readonly string[]> => {
        const query: SearchQuery = { pattern: { kind: 'strings', least, encoding }, limit: Infinity, pids: [1] };
        const found = (await steps(checkpoint, query, { taskSize })).flatMap(({ matches }) => matches);
        return found.map(({ address, context, contextOffset, length }) => {
          const bytes = Buffer.from(context.subarray(contextOffset, contextOffset + length));
          assert.equal(bytes.length, length, 'it is here as a whole');
          const place = Number(address) - 0x40_0000;
          if (encoding === 'utf-16be') bytes.swap16();
          return `${place} ${bytes.toString(encoding.startsWith('utf-16') ? 'utf16le' : 'utf8')}`;
        });
      };
      for (const taskSize of [
        { bytes: 1 << 20, pieces: 100 },
        { bytes: 777, pieces: 1 },
      ]) {
        const ascii = await strings('ascii', taskSize);
        assert.deepEqual(
          ascii.filter((text) => !text.includes('long')),
          [
            '0 from the first byte',
            `${PAGE - 5} over a border of pages`,
            `${3 * PAGE + 5} tab\tbed`,
            `${4 * PAGE + Buffer.from('Grüße €').length}  done`,
            `${4 * PAGE + 100} abcd`,
            `${4 * PAGE + 105} abcd`,
            `${12 * PAGE - 10} to the end`,
          ],
        );
        assert.equal(
          ascii
            .filter((text) => text.includes('long'))
            .map((text) => text.slice(text.indexOf(' ') + 1))
            .join(''),
          long.slice(0, 4 * PAGE),
          'a very long one comes in parts, of which nothing is lost',
        );
        const unicode = await strings('utf-8', taskSize);
        assert.ok(unicode.includes(`${4 * PAGE} Grüße € done`));
        assert.ok((await strings('utf-16le', taskSize)).includes(`${5 * PAGE} wide für alle`));
        assert.deepEqual(
          (await strings('utf-16be', taskSize)).filter((text) => text.startsWith(`${6 * PAGE + 1} `)),
          [`${6 * PAGE + 1} wide für alle`],
        );
      }
    });
  });

  test('are refused with an impossible length', async () => {
    await withCheckpoint(zeros(), async (checkpoint) => {
      for (const wrong of [0, 2000, 1.5]) {
        const query: SearchQuery = { pattern: { kind: 'strings', least: wrong, encoding: 'ascii' }, limit: 1 };
        await assert.rejects(steps(checkpoint, query), (error) => CheckpointError.is(error, 'usage'));
      }
    });
  });
});

function zeros(): string {
  const path = join(folder, 'zeros');
  mkdirSync(path, { recursive: true });
  const runs = [{ page: 0x400, content: Buffer.alloc(8 * PAGE) }];
  writeDump(path, { processes: [{ pid: 1, mappings: [{ page: 0x400, pages: 8 }], runs }], objects: new Map() });
  return path;
}

function hostile(): string {
  const path = join(folder, 'hostile');
  const content = Buffer.alloc(64 * PAGE, '.');
  content.fill('a', 2 * PAGE, 2 * PAGE + 50);
  content.write('END', 63 * PAGE);
  const runs = [{ page: 0x400, content }];
  writeDump(path, { processes: [{ pid: 1, mappings: [{ page: 0x400, pages: 64 }], runs }], objects: new Map() });
  return path;
}
