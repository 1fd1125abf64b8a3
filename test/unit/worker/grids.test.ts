import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { isCancelled } from '../../../src/core/errors.ts';
import type { GridCell, GridQuery, GridRow } from '../../../src/protocol/grid.ts';
import type { MountFacts } from '../../../src/protocol/mounts.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { listed } from '../support/listed.ts';
import { change, fakeCheckpoint, mount, process } from './fake-checkpoint.ts';

const { signal } = new AbortController();

function query(grid: GridQuery['grid'], parts: Partial<GridQuery> = {}): GridQuery {
  return { grid, filter: '', toggled: [], start: 0, count: 100, ...parts };
}

async function rowsOf(
  checkpoint: Partial<Checkpoint>,
  grid: GridQuery['grid'],
  parts: Partial<GridQuery> = {},
): Promise<readonly GridRow[]> {
  return (await new Grids(fakeCheckpoint(checkpoint)).window(query(grid, parts), signal)).rows;
}

/** The cells of a row by column id. */
async function cellsOf(
  checkpoint: Partial<Checkpoint>,
  grid: GridQuery['grid'],
  id: string,
): Promise<Readonly<Record<string, GridCell>>> {
  const { columns, rows } = await new Grids(fakeCheckpoint(checkpoint)).window(query(grid), signal);
  const row = rows.find((candidate) => candidate.id === id);
  return Object.fromEntries(
    columns.flatMap((column, index) => (row?.cells[index] ? [[column.id, row.cells[index]]] : [])),
  );
}

const draw = (rows: readonly GridRow[]) =>
  rows.map(({ id, depth, context }) => `${'  '.repeat(depth)}${context ? `(${id})` : id}`);

describe('processes', () => {
  const processes = (...facts: ProcessFacts[]): Partial<Checkpoint> => ({ processes: () => Promise.resolve(facts) });

  test('stand in their tree, and a root need not be pid 1', async () => {
    const checkpoint = processes(
      process({ pid: 7 }),
      process({ pid: 9, ppid: 7 }),
      process({ pid: 12, ppid: 9 }),
      process({ pid: 8, ppid: 7 }),
    );
    assert.deepEqual(draw(await rowsOf(checkpoint, 'processes')), ['7', '  9', '    12', '  8']);
  });

  test('show what ps shows', async () => {
    const cells = await cellsOf(
      processes(
        process({
          pid: 3,
          comm: 'worker',
          arguments: ['/usr/bin/worker', '--name', 'a b', "it's", ''],
          threads: [3, 4, 5].map((tid) => ({ tid, state: 'running' })),
          uids: [1000, 0, 0, 0],
          gids: [1000, 1000, 0, 0],
          groups: [4, 27],
          dumpedBytes: 4096,
          mappedBytes: 2 ** 40,
          workingDirectory: '/srv',
        }),
      ),
      'processes',
      '3',
    );
    const values = Object.fromEntries(Object.entries(cells).map(([id, cell]) => [id, cell.value]));
    assert.deepEqual(values, {
      name: 'worker',
      pid: 3,
      state: 'running',
      threads: 3,
      command: "/usr/bin/worker --name 'a b' 'it'\\''s' ''",
      user: 0,
      dumped: 4096,
      mapped: 2 ** 40,
      files: null,
      sockets: null,
      cwd: '/srv',
    });
    assert.equal(cells['user']?.title, 'uid=1000 gid=1000 euid=0 groups=4,27');
  });

  test('a zombie, and a state that CRIU does not know, stand out', async () => {
    const zombie = await cellsOf(processes(process({ pid: 3, state: 'zombie' })), 'processes', '3');
    assert.deepEqual(
      [zombie['state']?.value, zombie['state']?.tone, zombie['command']?.value],
      ['zombie', 'warning', null],
    );
    const odd = await cellsOf(processes(process({ pid: 3, state: 'unknown', stateNumber: 9 })), 'processes', '3');
    assert.equal(odd['state']?.value, 'unknown (9)');
  });

  test('never show, find or copy anything of the environment', async () => {
    const checkpoint = processes(
      process({ pid: 3, environment: ['PASSWORD=hunter2'], environmentBytes: 'aHVudGVyMg==' }),
    );
    const grids = new Grids(fakeCheckpoint(checkpoint));
    const window = await grids.window(query('processes'), signal);
    assert.doesNotMatch(JSON.stringify(window), /hunter2|PASSWORD|aHVudGVyMg/);
    for (const filter of ['hunter2', 'PASSWORD', 'environment:hunter2']) {
      assert.equal((await grids.window(query('processes', { filter }), signal)).matched, 0);
    }
    for (const format of ['text', 'json', 'csv'] as const) {
      assert.doesNotMatch(
        await grids.copy(query('processes'), format, undefined, signal),
        /hunter2|PASSWORD|aHVudGVyMg/,
      );
    }
  });

  test('are found by what has no column', async () => {
    const checkpoint = processes(
      process({ pid: 1, executable: '/bin/a' }),
      process({ pid: 2, ppid: 1, sid: 77, threads: [{ tid: 41, comm: 'gc', state: 'running' }] }),
    );
    const found = async (filter: string) =>
      (await rowsOf(checkpoint, 'processes', { filter })).filter(({ context }) => !context).map(({ id }) => id);
    assert.deepEqual(await found('executable:/bin'), ['1']);
    assert.deepEqual(await found('ppid:1'), ['2']);
    assert.deepEqual(await found('session:77'), ['2']);
    assert.deepEqual(await found('thread:gc'), ['2']);
  });
});

describe('mounts', () => {
  const mounts: Partial<Checkpoint> = {
    mounts: () =>
      Promise.resolve([
        mount({ id: 100, parentId: 50, destination: '/', origin: 'rootfs', type: 'overlay' }),
        mount({
          id: 102,
          parentId: 100,
          destination: '/data',
          origin: 'volume',
          contents: '/rootfs/data',
          superOptions: 'rw,size=1k',
        }),
        mount({ id: 101, parentId: 100, destination: '/proc', origin: 'pseudo', seenIn: 'image' }),
        mount({ id: 103, parentId: 101, destination: '/proc/kcore', origin: 'masked' }),
        mount({ id: -1, destination: '/data/deep/gone', seenIn: 'spec', type: 'bind' }),
        mount({ id: -2, destination: 'odd', seenIn: 'spec' }),
      ]),
  };

  test('hang where they are mounted, and what is not there where it would be', async () => {
    assert.deepEqual(draw(await rowsOf(mounts, 'mounts')), ['100', '  102', '    -1', '  101', '    103', '  -2']);
  });

  test('say what was not asked for, and what is not there', async () => {
    assert.equal((await cellsOf(mounts, 'mounts', '101'))['spec']?.tone, 'added');
    assert.equal((await cellsOf(mounts, 'mounts', '-1'))['spec']?.tone, 'deleted');
    assert.equal((await cellsOf(mounts, 'mounts', '102'))['options']?.title, 'rw - rw,size=1k');
  });

  test('lead to their contents, where the checkpoint has them', async () => {
    const rows = await rowsOf(mounts, 'mounts');
    assert.deepEqual(
      rows.map(({ path }) => path),
      [undefined, '/rootfs/data', undefined, undefined, undefined, undefined],
    );
  });

  test('of two namespaces with the same ids are both there', async () => {
    const twice: Partial<Checkpoint> = {
      mounts: () =>
        Promise.resolve([1, 2].map((namespace) => mount({ id: 100, parentId: 100, namespace, destination: '/' }))),
    };
    assert.equal((await rowsOf(twice, 'mounts')).length, 2);
  });
});

describe('changes', () => {
  const changes = (...list: ReturnType<typeof change>[]): Partial<Checkpoint> => ({
    changes: () => Promise.resolve({ changes: listed(list) }),
  });

  test('stand in a tree of folders, those without a change of their own as context', async () => {
    const checkpoint = changes(
      change('/etc/file10'),
      change('/etc/file9'),
      change('/zeta'),
      change('/etc/conf.d', { type: 'directory' }),
      change('/var/log/x'),
    );
    assert.deepEqual(draw(await rowsOf(checkpoint, 'changes')), [
      '(/etc)',
      '  /etc/conf.d',
      '  /etc/file9',
      '  /etc/file10',
      '(/var)',
      '  (/var/log)',
      '    /var/log/x',
      '/zeta',
    ]);
    const { total, matched } = await new Grids(fakeCheckpoint(checkpoint)).window(query('changes'), signal);
    assert.deepEqual([total, matched], [5, 5]);
  });

  test('come before what lay on mounts', async () => {
    const mounted = { kind: 'mounted', source: 'tmpfs' } as const;
    const checkpoint = changes(
      change('/dev/shm/x', mounted),
      change('/dev/null', mounted),
      change('/mnt/a', mounted),
      change('/mnt/deep/changed'),
      change('/etc/a', mounted),
      change('/etc', { type: 'directory' }),
      change('/zeta'),
    );
    assert.deepEqual(draw(await rowsOf(checkpoint, 'changes')), [
      '/etc',
      '  /etc/a',
      '(/mnt)',
      '  (/mnt/deep)',
      '    /mnt/deep/changed',
      '  /mnt/a',
      '/zeta',
      '(/dev)',
      '  (/dev/shm)',
      '    /dev/shm/x',
      '  /dev/null',
    ]);
  });

  test('show their last name, and are found and copied by their path', async () => {
    const checkpoint = changes(change('/etc/app.conf'), change('/srv/app.conf'));
    assert.deepEqual((await cellsOf(checkpoint, 'changes', '/etc/app.conf'))['path']?.value, 'app.conf');
    assert.deepEqual(draw(await rowsOf(checkpoint, 'changes', { filter: 'etc/app' })), ['(/etc)', '  /etc/app.conf']);
    assert.match(
      await new Grids(fakeCheckpoint(checkpoint)).copy(query('changes'), 'text', ['/srv/app.conf'], signal),
      /^\/srv\/app\.conf\t/,
    );
  });

  test('wear the letters and colours of git', async () => {
    const kinds = ['added', 'modified', 'added-or-modified', 'deleted', 'mounted'] as const;
    const checkpoint = changes(
      ...kinds.map((kind) => change(`/${kind}`, { kind, source: kind === 'mounted' ? 'volume' : 'rootfs-diff' })),
    );
    const cells = await Promise.all(
      kinds.map(async (kind) => (await cellsOf(checkpoint, 'changes', `/${kind}`))['kind']),
    );
    assert.deepEqual(
      cells.map((cell) => [cell?.value, cell?.tone]),
      [
        ['A', 'added'],
        ['M', 'modified'],
        ['A/M', 'modified'],
        ['D', 'deleted'],
        ['volume', 'muted'],
      ],
    );
  });

  test('a deleted path has nothing but its name, and no file', async () => {
    const checkpoint = changes(
      { path: '/gone', kind: 'deleted', source: 'rootfs-diff', marks: [], entry: 'deleted.files' },
      change('/there'),
    );
    const cells = await cellsOf(checkpoint, 'changes', '/gone');
    assert.deepEqual(
      ['size', 'mode', 'owner', 'mtime', 'marks', 'target'].map((id) => cells[id]?.value),
      [null, null, null, null, null, null],
    );
    const [gone, there] = await rowsOf(checkpoint, 'changes');
    assert.deepEqual([gone?.path, gone?.openable], [undefined, undefined]);
    assert.deepEqual([there?.path, there?.openable], ['/rootfs/there', true]);
  });

  test('a folder has the bytes below it, and sorts by them', async () => {
    const checkpoint = changes(
      change('/a', { type: 'directory', size: 0 }),
      change('/a/one', { size: 10 }),
      change('/a/deep/two', { size: 20 }),
      change('/b/three', { size: 5 }),
      change('/c', { type: 'symlink', linkTarget: 'a', size: 0 }),
    );
    assert.equal((await cellsOf(checkpoint, 'changes', '/a'))['size']?.value, 30);
    assert.equal((await cellsOf(checkpoint, 'changes', '/a/deep'))['size']?.value, 20);
    const sorted = await rowsOf(checkpoint, 'changes', {
      sort: { column: 'size', descending: true },
      toggled: ['/a', '/b'],
    });
    assert.deepEqual(
      sorted.map(({ id }) => id),
      ['/a', '/b', '/c'],
    );
    assert.deepEqual(draw(await rowsOf(checkpoint, 'changes', { filter: 'size:>6' })), [
      '(/a)',
      '  (/a/deep)',
      '    /a/deep/two',
      '  /a/one',
    ]);
  });

  test('what deserves a look is marked', async () => {
    const checkpoint = changes(
      change('/su', { mode: 0o4755, marks: ['setuid', 'executable'] }),
      change('/cap', { capabilities: 'cap_net_raw=ep', marks: ['capabilities'] }),
      change('/run', { mode: 0o755, marks: ['executable'] }),
      change('/dev/null', { type: 'character-device', kind: 'mounted', source: 'tmpfs', marks: ['device'] }),
      change('/null', { type: 'character-device', marks: ['device'] }),
    );
    const marks = async (id: string) => (await cellsOf(checkpoint, 'changes', id))['marks'];
    assert.deepEqual(await marks('/su'), { value: 'setuid executable', tone: 'warning' });
    assert.deepEqual(await marks('/cap'), { value: 'capabilities', title: 'cap_net_raw=ep', tone: 'warning' });
    assert.deepEqual(await marks('/run'), { value: 'executable' });
    assert.deepEqual(await marks('/dev/null'), { value: 'device' });
    assert.deepEqual(await marks('/null'), { value: 'device', tone: 'warning' });
    assert.equal((await cellsOf(checkpoint, 'changes', '/su'))['mode']?.value, 0o104755);
    assert.equal((await rowsOf(checkpoint, 'changes', { filter: 'mode:4755 marks:setuid mode:rws' })).length, 1);
  });

  test('an owner is a name where there is one', async () => {
    const checkpoint = changes(
      change('/a', { uid: 0, gid: 5, userName: 'root' }),
      change('/b', { uid: 1000, gid: 1000, userName: '' }),
    );
    assert.equal((await cellsOf(checkpoint, 'changes', '/a'))['owner']?.value, 'root:5');
    assert.equal((await cellsOf(checkpoint, 'changes', '/b'))['owner']?.value, '1000:1000');
  });

  test('two at one path are both there; the file view has the later one', async () => {
    const checkpoint = changes(
      change('/data', { type: 'directory' }),
      change('/data/x', { size: 1 }),
      change('/data/x', { kind: 'mounted', source: 'volume', size: 2 }),
    );
    const rows = await rowsOf(checkpoint, 'changes');
    assert.deepEqual(
      rows.map(({ path, cells }) => [path, cells[1]?.value]),
      [
        ['/rootfs/data', 'A'],
        [undefined, 'A'],
        ['/rootfs/data/x', 'volume'],
      ],
    );
    const grids = new Grids(fakeCheckpoint(checkpoint));
    const facts = await Promise.all(rows.map(({ id }) => grids.change(id, signal)));
    assert.deepEqual(
      facts.map(({ source }) => source),
      ['rootfs-diff', 'rootfs-diff', 'volume'],
    );
  });

  test('a folder that took the place of a deleted one holds what is below', async () => {
    const checkpoint = changes(change('/d', { kind: 'deleted' }), change('/d', { type: 'directory' }), change('/d/x'));
    const rows = await rowsOf(checkpoint, 'changes');
    assert.deepEqual(
      rows.map(({ depth, path, cells }) => [depth, path, cells[0]?.value, cells[1]?.value]),
      [
        [0, '/rootfs/d', 'd', 'A'],
        [1, '/rootfs/d/x', 'x', 'A'],
        [0, undefined, 'd', 'D'],
      ],
    );
  });

  test('odd and hostile paths are rows like others', async () => {
    const deep = '/x'.repeat(300_000);
    const paths = [
      '/',
      '/a//b',
      '/a/../../etc',
      '/a\nb',
      '/<img src=x>',
      '/\u202e',
      '/__proto__/x',
      '/constructor',
      'relative',
      '',
      deep,
    ];
    const rows = await rowsOf(changes(...paths.map((path) => change(path))), 'changes', { count: 1000 });
    assert.deepEqual(new Set(paths), new Set(rows.filter(({ context }) => !context).map(({ id }) => id)));
    assert.ok(rows.length < 30);
  });

  test('the remark comes along', async () => {
    const remark = { template: 'may have left out {0}', args: [1] };
    const window = await new Grids(fakeCheckpoint({ changes: () => Promise.resolve({ changes: [], remark }) })).window(
      query('changes'),
      signal,
    );
    assert.deepEqual(window.remark, remark);
  });

  test('what is not recorded is not found', async () => {
    const grids = new Grids(fakeCheckpoint(changes(change('/a/b'))));
    await assert.rejects(grids.change('/a', signal), { reason: 'not-found' });
    await assert.rejects(grids.change('/c', signal), { reason: 'not-found' });
  });
});

describe('what is worked out', () => {
  test('is worked out once, and again after more became known', async () => {
    let asked = 0;
    const mounts = () => (asked++, Promise.resolve([mount({ id: asked, destination: '/' })]));
    const grids = new Grids(fakeCheckpoint({ mounts }));
    const ids = async () => (await grids.window(query('mounts'), signal)).rows.map(({ id }) => id);
    assert.deepEqual(await Promise.all([ids(), ids()]), [['1'], ['1']]);
    assert.deepEqual(await ids(), ['1']);
    grids.renew();
    assert.deepEqual(await ids(), ['2']);
  });

  test('says whether more may come', async () => {
    for (const complete of [true, false]) {
      assert.equal((await new Grids(fakeCheckpoint({ complete })).window(query('mounts'), signal)).complete, complete);
    }
  });

  test('is not lost to others when one of them leaves', async () => {
    let finish: (value: readonly MountFacts[]) => void = () => undefined;
    const grids = new Grids(fakeCheckpoint({ mounts: () => new Promise((resolve) => (finish = resolve)) }));
    const leaving = new AbortController();
    const first = grids.window(query('mounts'), leaving.signal);
    const second = grids.window(query('mounts'), signal);
    leaving.abort();
    await assert.rejects(first, isCancelled);
    finish([mount({ id: 1, destination: '/' })]);
    assert.equal((await second).total, 1);
  });
});
