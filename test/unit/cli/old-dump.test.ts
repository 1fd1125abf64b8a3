import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { agedImages } from '../support/aged.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar } from '../support/repack.ts';
import { cli, inFolder, type Outcome } from './support.ts';

type Json = Readonly<Record<string, unknown>>;

/** Runs a command on the same dump as it is and as CRIU 2.12 would have written it. */
suite('a dump in the form of CRIU 2.12 tells what it tells in that of today', () => {
  const both = async (
    use: (ask: (command: string, ...args: readonly string[]) => Promise<readonly [Outcome, Outcome]>) => Promise<void>,
  ) =>
    inFolder(async (folder) => {
      const today = archiveOf('podman-webapp-host');
      const then = join(folder, 'then.tar');
      await writeTar(then, agedImages(await members(today)));
      await use(async (command, ...args) => [await cli(command, today, ...args), await cli(command, then, ...args)]);
    });

  test('processes, threads, arguments, environment and memory', () =>
    both(async (ask) => {
      const [today, then] = await ask('inspect', '--ps-tree-env', '--stats', '--format', 'json');
      const [one, other] = [today, then].map(({ stdout }) => (JSON.parse(stdout) as Json[])[0] ?? {});
      assert.deepEqual(withoutKeys(other?.['process_tree'], 'comm'), withoutKeys(one?.['process_tree'], 'comm'));
      const statistics = other?.['statistics'] as Json;
      assert.equal(Object.hasOwn(statistics, 'pages_lazy'), false);
      assert.equal(statistics['pages_written'], (one?.['statistics'] as Json)['pages_written']);
      assert.deepEqual([then.code, then.stderr], [today.code, today.stderr]);
      const [maps, oldMaps] = await ask('proc', '1', 'maps');
      assert.equal(oldMaps.stdout, maps.stdout);
      for (const pid of ['1', '13']) {
        const [strings, oldStrings] = await ask('memory', 'strings', '--pid', pid);
        assert.equal(oldStrings.stdout, strings.stdout);
      }
    }));

  test('open files, locks, contents and sockets', () =>
    both(async (ask) => {
      const [files, oldFiles] = (await ask('files', '--format', 'json')).map(
        ({ stdout }) => JSON.parse(stdout) as Json,
      );
      const lost = ['images', 'mode', 'kind', 'namespace', 'image', 'options', 'mount', 'mount_id', 'shutdown'];
      const known = (answer: Json | undefined) =>
        (answer?.['files'] as readonly Json[])
          .filter(({ type }) => type !== 'MEMFD' && type !== 'EVENTPOLL')
          .map((file) => withoutKeys(file, ...lost));
      assert.deepEqual(known(oldFiles), known(files));
      assert.ok(known(files).length > 50);
      const [sockets, oldSockets] = (await ask('sockets', '--format', 'json')).map(
        ({ stdout }) => JSON.parse(stdout) as Json,
      );
      assert.deepEqual(withoutKeys(oldSockets?.['sockets'], ...lost), withoutKeys(sockets?.['sockets'], ...lost));
    }));

  test('signals, credentials and filters of every thread', () =>
    both(async (ask) => {
      for (const path of ['status', 'limits', 'cgroup', 'stat', 'timers', 'mountinfo', 'task/6/status']) {
        const [status, oldStatus] = await ask('proc', '1', path);
        const lines = (text: string) =>
          text.split('\n').filter((line) => !/^(THP_enabled|Name|NoNewPrivs|CapAmb):/.test(line));
        assert.deepEqual(lines(oldStatus.stdout), lines(status.stdout), path);
        if (path.endsWith('status')) assert.doesNotMatch(oldStatus.stdout, /NoNewPrivs|CapAmb/);
      }
    }));
});

function withoutKeys(value: unknown, ...keys: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutKeys(item, ...keys));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !keys.includes(key))
      .map(([key, inner]) => [key, withoutKeys(inner, ...keys)]),
  );
}
