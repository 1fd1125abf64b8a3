import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { HexLines } from '../../../src/cli/memory/hex-lines.ts';
import { run } from '../../../src/cli/run.ts';
import { archiveOf, archives, truthOf } from '../support/fixtures.ts';
import { Capture, cli } from './support.ts';

const webapp = archiveOf('podman-webapp-host');
const folder = mkdtempSync(join(tmpdir(), 'cli-memory-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Maps {
  readonly processes: readonly {
    readonly pid: number;
    readonly page_size: number;
    readonly mappings: readonly {
      readonly start: string;
      readonly end: string;
      readonly size: number;
      readonly name: string;
      readonly bytes: Readonly<Record<string, number>>;
      readonly shared?: { readonly shmid: number; readonly image: string };
    }[];
  }[];
  readonly notes: readonly unknown[];
}

async function raw(...args: readonly string[]): Promise<{ code: number; bytes: Buffer; stderr: string }> {
  const stdout = new Capture();
  const stderr = new Capture();
  const code = await run(args, { stdout: stdout.stream, stderr: stderr.stream });
  return { code, bytes: stdout.bytes, stderr: stderr.text };
}

suite('memory maps', () => {
  test('prints a table of one process', async () => {
    const { code, stdout } = await cli('memory', 'maps', webapp, '--pid', '5');
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    assert.match(lines[0] ?? '', /^ADDRESS +PERMS +SIZE +DUMPED +MISSING +MAPPING$/);
    const stack = lines.find((line) => line.endsWith('[stack]'));
    assert.match(
      stack ?? '',
      /^7ffc92012000-7ffc92033000 +rw-p +132\.0 KiB +12\.0 KiB +120\.0 KiB never touched +\[stack\]$/,
    );
  });

  for (const name of archives) {
    test(`${name}: JSON adds up to what was dumped`, async () => {
      const { code, stdout } = await cli('memory', 'maps', archiveOf(name), '--format', 'json');
      assert.equal(code, 0);
      const { processes } = JSON.parse(stdout) as Maps;
      const truth = truthOf(name) as { memoryDecodedIndependently?: unknown };
      const decoded = Array.isArray(truth.memoryDecodedIndependently)
        ? (truth.memoryDecodedIndependently as readonly { readonly pagemap: string; readonly consumed: number }[])
        : [];
      for (const { pid, mappings } of processes) {
        for (const { start, end, size, bytes } of mappings) {
          assert.equal(BigInt(end) - BigInt(start), BigInt(size));
          assert.equal(
            Object.values(bytes).reduce((sum, count) => sum + count, 0),
            size,
          );
        }
        const own = mappings.reduce((sum, { bytes }) => sum + (bytes['own'] ?? 0), 0);
        const known = decoded.find(({ pagemap }) => pagemap === `pagemap-${String(pid)}.img`);
        if (known) assert.equal(own, known.consumed);
      }
      assert.ok(processes.length > 0);
    });
  }

  test('says that there is no such process', async () => {
    const { code, stdout, stderr } = await cli('memory', 'maps', webapp, '-p', '99');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /There is no process 99 in .*inspect --ps-tree/);
  });
});

suite('memory read', () => {
  test('prints bytes, and says where they are and which are missing', async () => {
    const { code, stdout } = await cli(
      'memory',
      'read',
      webapp,
      '--pid',
      '1',
      '--address',
      '0x421ff0',
      '--length',
      '40',
    );
    assert.equal(code, 0);
    assert.equal(
      stdout,
      [
        '# 0x421ff0: file, not in this checkpoint, /usr/bin/python3.14 at 0x21ff0',
        '0000000000421ff0  ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ·· ··  |················|',
        '# 0x422000: own, checkpoint/pages-3.img at 0x0',
        '0000000000422000  48 83 ec 08 48 8b 05 cd ef 72 00 48 85 c0 74 02  |H...H....r.H..t.|',
        '0000000000422010  ff d0 48 83 c4 08 c3 00                          |..H.....|',
        '0000000000422018',
        '',
      ].join('\n'),
    );
  });

  test('takes registers, mappings and sums of these for an address', async () => {
    const read = async (address: string, ...more: readonly string[]) => {
      const { code, stdout, stderr } = await cli(
        'memory',
        'read',
        webapp,
        '-p',
        '1',
        '--length',
        '16',
        '--address',
        address,
        ...more,
      );
      assert.deepEqual([address, code, stderr], [address, 0, '']);
      return stdout;
    };
    const maps = (await cli('memory', 'maps', webapp, '-p', '1')).stdout.split('\n');
    const stack = maps.find((line) => line.endsWith('[stack]'))?.slice(0, 12) ?? '';
    assert.equal(await read('[stack]'), await read(`0x${stack}`));
    assert.equal(await read('[stack]+4096'), await read(`0x${(BigInt(`0x${stack}`) + 4096n).toString(16)}`));
    const core = JSON.parse((await cli('decode', webapp, 'core-1.img')).stdout) as Readonly<
      Record<
        string,
        { readonly entries: readonly { readonly thread_info: { readonly gpregs: { readonly sp: number } } }[] }
      >
    >;
    const sp = BigInt(core['checkpoint/core-1.img']?.entries[0]?.thread_info.gpregs.sp ?? 0);
    assert.equal(await read('rsp'), await read(String(sp)));
    assert.equal(await read('$rsp - 0x10'), await read(String(sp - 16n)));
    assert.notEqual(await read('rsp', '--thread', '11'), await read('rsp'));
  });

  test('says what an address is where one is none', async () => {
    for (const address of ['nowhere', '[stack', '0x1+', '0x123456789012345678']) {
      const { code, stdout, stderr } = await cli('memory', 'read', webapp, '-p', '1', '--address', address);
      assert.deepEqual([address, code, stdout], [address, 2, '']);
      assert.match(
        stderr,
        /is no address: give a number, decimal or with 0x, a register as rsp, a mapping as \[stack\]/,
      );
    }
  });

  test('takes decimal numbers, and collapses rows only where all their bytes are the same', async () => {
    const start = 0x7f0b99226000;
    const { stdout } = await cli('memory', 'read', webapp, '-p', '1', '--address', String(start), '--length', '0x100');
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines[0], '# 0x7f0b99226000: shared, checkpoint/pages-1.img at 0x0');
    assert.match(lines[1] ?? '', /\|SHARED-ANON-MEMO\|$/);
    assert.deepEqual(lines.slice(-2), ['*', '00007f0b99226100']);
    // Their letters are the same, their bytes are not; and what is missing is not what is zero.
    const bytes = new Uint8Array(64);
    bytes[16] = 1;
    const window = {
      address: 0n,
      bytes,
      ranges: [
        { start: 0n, length: 48, source: 'own', present: true },
        { start: 48n, length: 16, source: 'untouched', present: false },
      ],
    } as const;
    assert.equal([...new HexLines(true).rows(window, false)].length, 4);
  });

  test('--raw writes the bytes', async () => {
    const text = 'MAPPED-SHARED-FILE--';
    const args = ['memory', 'read', webapp, '--pid', '1', '--raw', '--address', '0x7f0b99266000', '--length'] as const;
    const { code, bytes, stderr } = await raw(...args, String(text.length));
    assert.deepEqual([code, bytes.toString(), stderr], [0, text, '']);
    // More than is read at once, with the end of the shared memory before.
    const long = await raw(
      'memory',
      'read',
      webapp,
      '--pid',
      '1',
      '--raw',
      '--address',
      '0x7f0b99226000',
      '--length',
      String(0x50000),
    );
    assert.deepEqual([long.code, long.bytes.length], [0, 0x50000]);
    assert.equal(long.bytes.subarray(0x40000, 0x40000 + text.length).toString(), text);
  });

  test('--raw has zeros for what is missing, tells it once and exits 3', async () => {
    const { code, bytes, stderr } = await raw(
      'memory',
      'read',
      webapp,
      '-p',
      '1',
      '--raw',
      '--address',
      '0x844000',
      '--length',
      String(0x300000),
    );
    assert.deepEqual([code, bytes.length], [3, 0x300000]);
    assert.ok(bytes.every((byte) => byte === 0));
    assert.equal(
      stderr,
      'checkpoint-explorer: 0x844000-0xb44000 is not in this checkpoint and is written as zeros: file (/usr/bin/python3.14)\n',
    );
  });

  test('refuses what is no address', async () => {
    for (const args of [
      ['--pid', '1'],
      ['--address', '0x1000'],
      ['--pid', '1', '--address', '[nowhere]'],
      ['--pid', '1', '--address', '0x1', '--length', '-1'],
      ['--pid', '1', '--address', '0xffffffffffffffff', '--length', '2'],
    ]) {
      const { code, stderr } = await cli('memory', 'read', webapp, ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /See: checkpoint-explorer memory read --help\n$/);
    }
  });
});

suite('memory without a command', () => {
  test('lists its commands', async () => {
    const asked = await cli('memory', '--help');
    assert.deepEqual([asked.code, asked.stderr], [0, '']);
    assert.match(asked.stdout, /^ {2}memory maps +Show .*\n {2}memory read +Print /m);
    assert.deepEqual(await cli('help', 'memory'), asked);
    const nothing = await cli('memory');
    assert.deepEqual(nothing, { code: 2, stdout: '', stderr: asked.stdout });
    const wrong = await cli('memory', 'write');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /There is no command memory write\. See: checkpoint-explorer memory --help\n$/);
  });
});

suite('memparse', () => {
  for (const name of archives) {
    test(`${name}: sizes of all processes`, async () => {
      const path = archiveOf(name);
      const { code, stdout } = await cli('memparse', path);
      assert.equal(code, 0);
      const [title, head, line, ...rows] = stdout.split('\n').filter((text) => text !== '');
      assert.equal(title, `Displaying processes memory sizes from ${path}`);
      assert.match(head ?? '', /^PID +PROCESS NAME +MEMORY SIZE +SHARED MEMORY SIZE$/);
      assert.match(line ?? '', /^[- ]+$/);
      assert.equal(rows.length, truthOf(name).dumped?.processes.length ?? rows.length);
    });
  }

  test('counts the pages of old and new dumps, and what is mapped as shared', async () => {
    const { stdout } = await cli('memparse', webapp, '--pid', '0');
    assert.match(stdout, /\n1 +web-master +10\.4 MiB +320\.0 KiB\n/);
    const old = await cli('memparse', archiveOf('podman-criu411-counter'));
    assert.ok(!/ 0 B +0 B\n/.test(old.stdout));
  });

  test('prints the dumped memory of a process', async () => {
    const { code, stdout } = await cli('memparse', webapp, '-p', '1');
    assert.equal(code, 0);
    assert.match(stdout, /^\nDisplaying memory pages content for process ID 1 from checkpoint: /);
    assert.match(stdout, /\nAddress {11}Hexadecimal {39}ASCII {12}\n-{85}\n0000000000422000 {2}48 83 ec/);
    assert.match(
      stdout,
      /\n00007f0b991e7000 {2}50 52 49 56 41 54 45 2d 41 4e 4f 4e 2d 4d 45 4d {2}\|PRIVATE-ANON-MEM\|\n/,
    );
  });

  test('writes every row of it to a file', async () => {
    const target = join(folder, 'pages.txt');
    const { code, stdout } = await cli('memparse', webapp, '--pid', '5', '--output', target);
    assert.equal(code, 0);
    assert.match(stdout, /^\nWriting memory pages content for process ID 5 from checkpoint: .* to file: .*\.\.\.\n$/);
    const rows = readFileSync(target, 'utf8').trimEnd().split('\n').slice(2);
    assert.equal(rows.length, (72 * 1024) / 16);
    assert.ok(rows.every((row) => /^[0-9a-f]{16} {2}([0-9a-f]{2} ){16} \|.{16}\|$/.test(row)));
    const nowhere = await cli('memparse', webapp, '-p', '5', '-o', join(folder, 'no', 'such', 'folder'));
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /cannot be written \(ENOENT\)/);
  });

  test('says that there is no such process', async () => {
    const { code, stderr } = await cli('memparse', webapp, '-p', '99');
    assert.equal(code, 1);
    assert.match(stderr, /There is no process 99 in /);
  });
});
