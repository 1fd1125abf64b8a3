import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { archiveOf, truthOf } from '../support/fixtures.ts';
import { cli } from './support.ts';

interface Match {
  readonly pid: number | null;
  readonly process?: string;
  readonly address?: string;
  readonly offset?: number;
  readonly length: number;
  readonly region: string;
  readonly source: string;
  readonly encoding?: string;
  readonly path?: string;
  readonly holders?: readonly { readonly pid: number; readonly fd: number }[];
  readonly context: string;
  readonly context_bytes?: string;
  readonly context_offset: number;
}

const webapp = archiveOf('podman-webapp-host');

async function search(...args: readonly string[]): Promise<readonly Match[]> {
  const { code, stdout, stderr } = await cli('memory', 'search', ...args, '--format', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as readonly Match[];
}

suite('memory search', () => {
  test('prints what was found as a JSON array, each with its process, address, region and context', async () => {
    const needle = 'PRIVATE-ANON-MEMORY-----';
    const live = (
      truthOf('podman-webapp-host') as unknown as {
        readonly memoryNeedlesLive: readonly { pid: number; hits: readonly { needle: string; vaddr: string }[] }[];
      }
    ).memoryNeedlesLive;
    const expected = live.flatMap(({ pid, hits }) =>
      hits.filter((hit) => hit.needle === needle).map(({ vaddr }) => `${pid} ${vaddr}`),
    );
    const found = await search(webapp, needle);
    assert.deepEqual(found.map(({ pid, address }) => `${pid} ${address}`).sort(), expected.sort());
    const stack = (await search(webapp, 'APP_ENV=production', '--pid', '1')).find(({ region }) => region === '[stack]');
    assert.equal(stack?.process, 'web-master');
    assert.equal(stack.source, 'memory');
    assert.equal(stack.length, 18);
    assert.equal(stack.context.slice(stack.context_offset, stack.context_offset + 18), 'APP_ENV=production');
    assert.equal(stack.context_bytes, undefined, 'it is UTF-8');
  });

  test('tells of what is not memory the offset, where it can be opened and who holds it', async () => {
    assert.deepEqual(await search(webapp, 'UNREAD-PIPE-DATA-0123456789', '--source', 'queue', '--context', '0'), [
      {
        pid: null,
        offset: 0,
        length: 27,
        region: 'pipe:[573358]',
        source: 'pipe',
        encoding: 'utf-8',
        path: '/contents/pipes/573358',
        holders: [
          { pid: 1, fd: 4 },
          { pid: 1, fd: 7 },
        ],
        context: 'UNREAD-PIPE-DATA-0123456789',
        context_offset: 0,
      },
    ]);
    const [file] = await search(webapp, 'GHOST-FILE-CONTENT', '--path', '/contents/deleted/1/deleted-while-open.tmp');
    assert.equal(file?.offset, 0);
    assert.equal(file.path, '/contents/deleted/1/deleted-while-open.tmp');
  });

  test('takes hexadecimal, expressions, UTF-16 and either case', async () => {
    const elf = await search(webapp, '7f 45 4c 46 0? ??', '--hex', '--pid', '1', '--limit', '1');
    assert.equal(elf[0]?.length, 6);
    const expression = await search(webapp, 'session-0199[89]', '--regex', '--pid', '1', '--limit', '3');
    assert.ok(expression.every(({ context }) => /session-0199[89]/.test(context)) && expression.length === 3);
    const folded = await search(webapp, 'app_env=PRODUCTION', '--ignore-case', '--pid', '1');
    assert.ok(folded.some(({ region }) => region === '[stack]'));
    assert.deepEqual(await search(webapp, 'no text of this kind', '--utf16'), []);
  });

  test('is bounded by addresses and by a limit, of which it says that there is more', async () => {
    const [first] = await search(webapp, 'session-01999', '--pid', '1');
    const address = first?.address ?? '';
    const near = await search(webapp, 'session-01999', '--pid', '1', '--address', address, '--length', '13');
    assert.deepEqual(
      near.map((match) => match.address),
      [address],
    );
    const { code, stdout, stderr } = await cli(
      'memory',
      'search',
      webapp,
      'session',
      '--limit',
      '5',
      '--format',
      'json',
    );
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 5);
    assert.match(stderr, /more matches than --limit/);
  });

  test('prints a table for a person', async () => {
    const { code, stdout } = await cli('memory', 'search', webapp, 'UNREAD-PIPE-DATA', '--source', 'queue');
    assert.equal(code, 0);
    assert.match(stdout, /^ADDRESS +PID +PROCESS +SOURCE +REGION +CONTEXT\n-+/);
    assert.match(stdout, /\+0x0 +- +- +pipe +pipe:\[573358\] \(fd 1\/4,1\/7\) +UNREAD-PIPE-DATA-0123456789\n/);
    const none = await cli('memory', 'search', webapp, 'nothing of the kind');
    assert.deepEqual([none.code, none.stdout], [0, 'No matches.\n']);
  });

  test('refuses what it cannot search', async () => {
    const wrong = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr, stdout } = await cli('memory', 'search', webapp, ...args);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      return stderr;
    };
    assert.match(await wrong('(a', '--regex'), /not closed/);
    assert.match(await wrong('xx', '--hex'), /no hexadecimal digit/);
    assert.match(await wrong('00', '--hex', '--regex'), /exclude each other/);
    assert.match(await wrong('00', '--hex', '-i'), /no case/);
    assert.match(await wrong('a', '--source', 'nowhere'), /no source/);
    assert.match(await wrong('a', '--address', '0x10'), /need each other/);
    assert.match(await wrong('a', '--address', '0x10', '--length', '5'), /needs --pid/);
    assert.match(await wrong('a', '--limit', 'x'), /whole number/);
    const { code, stderr } = await cli('memory', 'search', webapp, 'a', '--pid', '4711');
    assert.equal(code, 1);
    assert.match(stderr, /no process 4711/);
  });
});

suite('memory strings', () => {
  test('prints what is readable, with addresses, under whose it is', async () => {
    const archive = archiveOf('podman-counter-none');
    const { code, stdout } = await cli('memory', 'strings', archive, '--pid', '1', '--min', '6');
    assert.equal(code, 0);
    assert.match(stdout, /^# process 1 sh: memory \/bin\/busybox\n/);
    assert.match(stdout, /\n# process 1 sh: memory \[stack\]\n/);
    assert.match(stdout, /\n {4}0x7ffcd345bfcb {2}MODE=demo\n/);
    const lengths = [...stdout.matchAll(/^ *0x[0-9a-f]+ {2}(.*)$/gm)].map(([, text = '']) => text.length);
    assert.ok(lengths.length > 50 && lengths.every((length) => length >= 6));
  });

  test('prints JSON, in other encodings too', async () => {
    const args = ['--path', '/contents/pipes/573358', '--format', 'json'];
    const ascii = await cli('memory', 'strings', webapp, ...args);
    const [found] = JSON.parse(ascii.stdout) as readonly { readonly text: string; readonly offset: number }[];
    assert.equal(found?.text, 'UNREAD-PIPE-DATA-0123456789');
    const wide = await cli('memory', 'strings', webapp, ...args, '--encoding', 'utf-16le');
    assert.deepEqual([wide.code, wide.stdout], [0, '[]\n']);
  });
});

suite('memparse --search', () => {
  const redis = archiveOf('podman-redis');

  test('prints the columns of checkpointctl', async () => {
    const { code, stdout } = await cli('memparse', redis, '-p', '1', '-s', 'REDIS-NEEDLE-0001');
    assert.equal(code, 0);
    assert.equal(
      stdout,
      'ADDRESS            MATCH               INSTANCE\n-------            -----               --------\n00007fd83fd52124   REDIS-NEEDLE-0001   1\n',
    );
    const context = await cli('memparse', redis, '-p', '1', '-r', 'NEEDLE-\\d+', '-c', '6');
    assert.match(context.stdout, /REDIS-NEEDLE-0001/);
    const none = await cli('memparse', redis, '-p', '1', '-s', 'not there');
    assert.equal(none.stdout, 'No matches for pattern "not there" in the memory of PID 1\n');
  });

  test('needs a process', async () => {
    const { code, stderr } = await cli('memparse', redis, '-s', 'x');
    assert.equal(code, 2);
    assert.match(stderr, /needs --pid/);
  });
});
