import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archiveOf, archives, expectedJson, truthOf } from '../support/fixtures.ts';
import { cli, inFolder } from './support.ts';

const ARCHIVE = archiveOf('podman-counter-none');

interface InspectedProcess {
  readonly pid: number;
  readonly cmdline?: string;
  readonly environment_variables?: Readonly<Record<string, string>>;
  readonly children?: readonly InspectedProcess[];
  readonly [key: string]: unknown;
}

async function inspect(
  ...args: readonly string[]
): Promise<{ readonly process_tree?: InspectedProcess; readonly [key: string]: unknown }> {
  const { code, stdout, stderr } = await cli('inspect', '--format', 'json', ...args);
  assert.equal(code, 0, stderr);
  const elements = JSON.parse(stdout) as [Record<string, unknown>];
  assert.equal(elements.length, 1);
  return elements[0];
}

describe('inspect', () => {
  test('prints JSON where no person reads along', async () => {
    const { stdout } = await cli('inspect', ARCHIVE);
    assert.equal((JSON.parse(stdout) as { container_name: string }[])[0]?.container_name, 'counter-none');
  });

  test('gives only what is asked for', async () => {
    const sections = ['statistics', 'metadata', 'process_tree', 'file_descriptors', 'sockets', 'mounts'];
    const asked = async (...flags: readonly string[]) => {
      const element = await inspect(...flags, ARCHIVE);
      return sections.filter((section) => element[section] !== undefined);
    };
    assert.deepEqual(await asked(), []);
    assert.deepEqual(await asked('--stats'), ['statistics']);
    assert.deepEqual(await asked('--metadata'), ['metadata']);
    assert.deepEqual(await asked('--mounts'), ['mounts']);
    assert.deepEqual(await asked('--ps-tree'), ['process_tree']);
    assert.deepEqual(await asked('--files'), ['process_tree', 'file_descriptors']);
    assert.deepEqual(await asked('--sockets'), ['process_tree', 'sockets']);
    assert.deepEqual(await asked('--pid', '4'), ['process_tree']);
    assert.deepEqual(await asked('--all'), sections);
    assert.deepEqual(await asked('--all', '--files', '--sockets'), sections);
  });

  test('command lines and environment come when asked for', async () => {
    const plain = (await inspect('--ps-tree', ARCHIVE)).process_tree;
    assert.deepEqual([plain?.cmdline, plain?.environment_variables], [undefined, undefined]);
    const lines = (await inspect('--ps-tree-cmd', ARCHIVE)).process_tree;
    assert.match(lines?.cmdline ?? '', /^sh -c i=0; while/);
    assert.equal(lines?.environment_variables, undefined);
    const environment = (await inspect('--ps-tree-env', ARCHIVE)).process_tree;
    assert.equal(environment?.cmdline, undefined);
    assert.equal(environment?.environment_variables?.['MODE'], 'demo');
  });

  test('--pid shows one process and what is below it', async () => {
    assert.equal((await inspect('--pid', '4', ARCHIVE)).process_tree?.pid, 4);
    const { code, stdout, stderr } = await cli('inspect', '--format', 'json', '-p', '99', ARCHIVE);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^checkpoint-explorer: There is no process 99 in .*counter-none\.tar\.\n$/);
  });

  test('the tree has the facts and the processes', async () => {
    const { stdout } = await cli('inspect', '--all', '--format', 'tree', ARCHIVE);
    for (const line of [
      'counter-none',
      '├── Image: localhost/lab/busybox:1.0',
      '├── Engine: Podman',
      '│   └── Memory pages size: 140.0 KiB',
      '│   ├── Memwrite time: 243 µs',
      '│   └── [1]  sh -c i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo tick $i; sleep 1; done ',
      '│       └── [4]  sleep 1 ',
      '│       │   ├── MODE=demo',
      '│   ├── Destination: /proc',
      '└── Notes',
    ]) {
      assert.ok(stdout.split('\n').includes(line) || stdout.includes(`${line}\n`), `${line}\nis not in\n${stdout}`);
    }
  });

  test('several checkpoints are one array', async () => {
    const { stdout } = await cli('inspect', '--format', 'json', ARCHIVE, archiveOf('crio-tty'));
    assert.deepEqual(
      (JSON.parse(stdout) as { container_name: string }[]).map((element) => element.container_name),
      ['counter-none', 'tty'],
    );
  });
});

describe('one that fails does not stop the others', () => {
  test('what could be read is printed, and the exit code is 1', async () => {
    const { code, stdout, stderr } = await cli('inspect', '--format', 'json', '/nowhere.tar', ARCHIVE);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
    assert.match(stderr, /nowhere\.tar/);
    assert.equal(stderr.split('\n').length, 2);
  });

  test('where nothing could be read nothing is printed', async () => {
    for (const command of ['show', 'inspect', 'mounts', 'changes', 'proc', 'decode']) {
      const { code, stdout, stderr } = await cli(command, '/nowhere.tar');
      assert.deepEqual([code, stdout], [1, ''], command);
      assert.match(stderr, /^checkpoint-explorer: [^\n]*\/nowhere\.tar[^\n]*\n$/);
    }
  });
});

describe('damage', () => {
  test('what is left is shown, the notes are on stderr and in the JSON, and the exit code is 3', async () => {
    await inFolder(async (folder) => {
      const cut = join(folder, 'cut.tar');
      writeFileSync(cut, readFileSync(ARCHIVE).subarray(0, 130_000));
      const { code, stdout, stderr } = await cli('inspect', '--all', '--format', 'json', cut);
      const [element] = JSON.parse(stdout) as [
        { container_name: string; notes: { kind: string; where: string; message: string }[] },
      ];
      assert.equal(code, 3);
      assert.equal(element.container_name, 'counter-none');
      const told = element.notes.filter(({ kind }) => kind === 'truncated' || kind === 'missing' || kind === 'damaged');
      assert.ok(told.length > 0);
      assert.equal(stderr, told.map(({ message }) => `checkpoint-explorer: ${message}\n`).join(''));
    });
  });

  test('a damaged image spares the rest, and of several checkpoints it is told which', async () => {
    await inFolder(async (folder) => {
      const bytes = readFileSync(ARCHIVE);
      // The first entry of pstree.img claims to be longer than the image.
      const header = bytes.indexOf('checkpoint/pstree.img\0');
      bytes.writeUInt32LE(0x7fffffff, header + 512 + 8);
      const damaged = join(folder, 'damaged.tar');
      writeFileSync(damaged, bytes);
      const { code, stdout, stderr } = await cli(
        'inspect',
        '--ps-tree',
        '--mounts',
        '--format',
        'tree',
        damaged,
        ARCHIVE,
      );
      assert.equal(code, 3);
      assert.equal(stdout.match(/Destination: \/dev\/shm/g)?.length, 2);
      assert.match(stderr, /^checkpoint-explorer: \S*damaged\.tar: checkpoint\/pstree\.img /m);
      assert.doesNotMatch(stderr, /counter-none\.tar/);
    });
  });
});

describe('mounts and changes', () => {
  test('mounts has the mount table in each form', async () => {
    const { stdout } = await cli('mounts', '--format', 'json', ARCHIVE);
    const { mounts } = JSON.parse(stdout) as { mounts: { destination: string; seen_in: string }[] };
    const destinations = mounts.map(({ destination }) => destination);
    assert.ok(destinations.includes('/') && destinations.includes('/dev/shm'));
    const table = (await cli('mounts', ARCHIVE)).stdout.split('\n');
    assert.match(table[0] ?? '', /^DESTINATION +TYPE +SOURCE +OPTIONS +ORIGIN +SPEC$/);
    assert.equal(table.length, 2 + destinations.length + 1);
    const tree = (await cli('mounts', '--format', 'tree', ARCHIVE)).stdout;
    assert.match(tree, /^└── \/ {2}overlay/m);
    assert.match(tree, /^ {4}├── \/dev {2}tmpfs.*\n {4}│ {3}├── \/dev\/mqueue/m);
  });

  test('changes has the changed files in each form, and says what may be missing', async () => {
    const { stdout } = await cli('changes', '--format', 'json', ARCHIVE);
    const parsed = JSON.parse(stdout) as {
      changes: { path: string; kind: string; mode: string; size: number }[];
      remark: string;
    };
    const count = parsed.changes.find(({ path }) => path === '/tmp/count');
    assert.deepEqual([count?.kind, count?.mode, count?.size], ['added-or-modified', '0644', 2]);
    const table = await cli('changes', ARCHIVE);
    assert.match(table.stdout, /^A\/M +-rw-r--r-- +0:0 +2 B +2026-11-23 22:24:01 UTC +\/tmp\/count$/m);
    assert.ok(table.stderr.includes(parsed.remark));
    const tree = await cli('changes', '--format', 'tree', ARCHIVE);
    assert.match(tree.stdout, /├── tmp\n│ {3}└── count {2}A\/M {2}-rw-r--r-- {2}2 B\n/);
  });
});

describe('proc', () => {
  test('prints a file as it is, byte for byte', async () => {
    const { code, stdout } = await cli('proc', ARCHIVE, '4', 'cmdline');
    assert.deepEqual([code, stdout], [0, 'sleep\u00001\u0000']);
    const live = truthOf('podman-counter-none').liveBeforeDump?.find(({ pid }) => pid === 1);
    const environ = await cli('proc', ARCHIVE, '1', 'environ');
    assert.deepEqual(environ.stdout.split('\0').slice(0, -1), live?.environ);
  });

  test('lists what there is, and prints where a link leads', async () => {
    assert.equal((await cli('proc', ARCHIVE)).stdout, '1\n4\n');
    assert.ok((await cli('proc', ARCHIVE, '1')).stdout.split('\n').includes('environ'));
    assert.equal((await cli('proc', ARCHIVE, '1', 'cwd')).stdout, '/\n');
  });

  test('what is not there is one sentence', async () => {
    for (const args of [['99'], ['99', 'environ'], ['1', 'nothing'], ['1', '../4/environ']]) {
      const { code, stdout, stderr } = await cli('proc', ARCHIVE, ...args);
      assert.deepEqual([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, /^checkpoint-explorer: There is no \/proc\//);
    }
  });
});

describe('decode', () => {
  type Decoded = Record<string, { magic: string; entries: unknown[] }>;
  const decode = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cli('decode', ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Decoded;
  };

  test('gives every image by its name in the archive', async () => {
    for (const fixture of ['podman-counter-none', 'containerd-counter', 'crio-rich']) {
      assert.ok(archives.includes(fixture));
      const decoded = await decode(archiveOf(fixture));
      const crit = expectedJson(fixture, 'crit.json') as Record<
        string,
        { decoded?: { magic: string; entries: unknown[] } }
      >;
      const expected = Object.keys(crit).filter((name) => crit[name]?.decoded?.magic !== undefined);
      const missing = expected.filter(
        (name) => !Object.keys(decoded).some((key) => key === name || key === `checkpoint/${name}`),
      );
      assert.deepEqual(missing, []);
      assert.equal(decoded['checkpoint/pstree.img']?.magic, 'PSTREE');
      assert.equal(decoded['stats-dump']?.magic, 'STATS');
    }
  });

  test('an entry may be given by its last part, with or without ./', async () => {
    for (const name of ['core-1.img', 'checkpoint/core-1.img', './checkpoint/core-1.img']) {
      assert.deepEqual(Object.keys(await decode(ARCHIVE, name)), ['checkpoint/core-1.img']);
    }
    assert.deepEqual(Object.keys(await decode(ARCHIVE, 'fs-4.img', 'fs-1.img')), [
      'checkpoint/fs-4.img',
      'checkpoint/fs-1.img',
    ]);
  });

  test('what is not there or no image is one sentence', async () => {
    const missing = await cli('decode', ARCHIVE, 'core-99.img');
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /There is no entry core-99\.img in /);
    const raw = await cli('decode', ARCHIVE, 'config.dump');
    assert.deepEqual([raw.code, raw.stdout], [1, '']);
    assert.match(raw.stderr, /config\.dump is not an image that can be decoded\./);
  });

  test('64-bit values are exact, and hexadecimal with --pretty', async () => {
    const { stdout } = await cli('decode', ARCHIVE, 'core-1.img');
    assert.match(stdout, /"di": 18446744073709551615,/);
    const pretty = await cli('decode', '--pretty', ARCHIVE, 'core-1.img');
    assert.match(pretty.stdout, /"di": "0xf{16}",/);
  });

  test('single image files are decoded as they lie on disk', async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      assert.equal((await cli('extract', ARCHIVE, '--path', '*.img', '--path', 'stats-dump', '-o', out)).code, 0);
      const pstree = join(out, 'archive/checkpoint/pstree.img');
      const core = join(folder, 'renamed');
      copyFileSync(join(out, 'archive/checkpoint/core-4.img'), core);
      const decoded = await decode(pstree, core, join(out, 'archive/stats-dump'));
      const inArchive = await decode(ARCHIVE, 'pstree.img', 'core-4.img', 'stats-dump');
      assert.deepEqual(Object.values(decoded), Object.values(inArchive));
      assert.deepEqual(Object.keys(decoded)[0], pstree);
    });
  });
});

describe('extract', () => {
  test('writes the archive, the container’s files and /proc', async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const { code, stdout, stderr } = await cli('extract', ARCHIVE, '-o', out);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\d+ files, .* written to /);
      assert.equal(statSync(join(out, 'archive/checkpoint/pages-1.img')).size, 73_728);
      assert.match(readFileSync(join(out, 'rootfs/tmp/count'), 'utf8'), /^\d\n$/);
      assert.equal(readFileSync(join(out, 'proc/4/cmdline'), 'latin1'), 'sleep\0' + '1\0');
      const again = await cli('extract', ARCHIVE, '-o', out);
      assert.deepEqual([again.code, again.stdout], [1, '']);
      assert.match(again.stderr, /exists already/);
      assert.equal((await cli('extract', ARCHIVE, '-o', out, '--force')).code, 0);
    });
  });

  test('writes only what the patterns match, and says where they match nothing', async () => {
    await inFolder(async (folder) => {
      const { stdout } = await cli('extract', ARCHIVE, '--path', '/rootfs/tmp/*', '-o', join(folder, 'out'));
      assert.match(stdout, /^1 file, 2 B written to /);
      const { code, stderr } = await cli('extract', ARCHIVE, '--path', '/rootfs/nothing', '-o', join(folder, 'other'));
      assert.equal(code, 1);
      assert.match(stderr, /Nothing in .* matches \/rootfs\/nothing\./);
    });
  });
});

describe('list', () => {
  test('finds checkpoints by content, whatever their name', async () => {
    await inFolder(async (folder) => {
      copyFileSync(ARCHIVE, join(folder, 'renamed.bin'));
      copyFileSync(archiveOf('crio-rich'), join(folder, 'checkpoint-b.tar'));
      writeFileSync(join(folder, 'text.gz'), gzipSync('no archive either'));
      writeFileSync(join(folder, 'checkpoint-c.tar'), 'no archive');
      writeFileSync(join(folder, 'empty'), '');
      mkdirSync(join(folder, 'folder'));
      const table = await cli('list', folder);
      assert.deepEqual([table.code, table.stderr], [0, '']);
      const lines = table.stdout.split('\n').slice(2, -1);
      assert.match(lines[0] ?? '', /^NAMESPACE +POD +CONTAINER +ENGINE +TIME CHECKPOINTED +CHECKPOINT NAME$/);
      assert.match(lines[2] ?? '', /^lab +rich +app +CRI-O +2026-11-23 22:31:03 UTC +checkpoint-b\.tar$/);
      assert.match(lines[3] ?? '', /^ +counter-none +Podman +2026-11-23 22:24:01 UTC +renamed\.bin$/);
      assert.equal(lines.length, 4);
      const json = JSON.parse((await cli('list', '--format', 'json', folder)).stdout) as {
        locator: string;
        container: string;
      }[];
      assert.deepEqual(
        json.map(({ locator, container }) => [locator, container]),
        [
          [join(folder, 'checkpoint-b.tar'), 'app'],
          [join(folder, 'renamed.bin'), 'counter-none'],
        ],
      );
    });
  });

  test('is not stopped by links that go round in a circle', async () => {
    await inFolder(async (folder) => {
      symlinkSync('circle', join(folder, 'circle'));
      copyFileSync(ARCHIVE, join(folder, 'one.tar'));
      const { code, stdout, stderr } = await cli('list', folder);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, / one\.tar\n$/);
    });
  });

  test('a folder without checkpoints is no failure, one that is not there is', async () => {
    await inFolder(async (folder) => {
      const empty = await cli('list', folder);
      assert.deepEqual([empty.code, empty.stdout], [0, `No checkpoints found in ${folder}\n`]);
      assert.equal((await cli('list', '--format', 'json', folder)).stdout, '[]\n');
      const missing = await cli('list', join(folder, 'nowhere'));
      assert.deepEqual([missing.code, missing.stdout], [1, '']);
      assert.match(missing.stderr, /nowhere/);
      assert.match((await cli('list', ARCHIVE)).stderr, /counter-none\.tar is not a folder\.\n$/);
    });
  });
});
