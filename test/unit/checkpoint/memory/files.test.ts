import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { readAll } from '../../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { extractTo } from '../../../../src/core/checkpoint/extract.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { archiveOf, expectedJson } from '../../support/fixtures.ts';

interface CritMm {
  readonly decoded: { readonly entries: readonly [{ readonly mm_saved_auxv: readonly number[] }] };
}

suite('files of /proc about memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'memory-files-'));
  let checkpoint: Checkpoint;
  before(async () => {
    checkpoint = await openCheckpoint({
      locator: archiveOf('podman-webapp-host'),
      spill: { directory: join(folder, 'spill'), limit: 2 ** 32 },
    });
    await checkpoint.completed;
  });
  after(async () => {
    await checkpoint.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const content = async (path: string): Promise<Buffer> => {
    const source = await checkpoint.files.open(path);
    try {
      return Buffer.from(await readAll(source, 2 ** 27));
    } finally {
      await source.close();
    }
  };
  const text = async (path: string): Promise<string> => (await content(path)).toString();
  const names = async (path: string): Promise<readonly string[]> =>
    (await checkpoint.files.list(path)).map(({ name }) => name);

  test('auxv has the words of the kernel', async () => {
    const crit = expectedJson('podman-webapp-host', 'crit.json') as Readonly<Record<string, CritMm>>;
    const words = crit['mm-1.img']?.decoded.entries[0].mm_saved_auxv ?? [];
    const auxv = await content('/proc/1/auxv');
    assert.equal(auxv.length, words.length * 8);
    // Of those that a double holds.
    words.forEach((word, index) => {
      if (Number.isSafeInteger(word)) assert.equal(auxv.readBigUInt64LE(index * 8), BigInt(word));
    });
  });

  test('mem has each mapping of which anything was dumped, and what is missing of it', async () => {
    const { regions } = await checkpoint.memory.map(1);
    const listed = await checkpoint.files.list('/proc/1/mem');
    const held = regions.filter(({ bytes }) => bytes.own !== undefined || bytes.shared !== undefined);
    const name = ({ start, end }: (typeof regions)[number]): string => `${start.toString(16)}-${end.toString(16)}`;
    assert.deepEqual(
      listed.filter((entry) => !entry.name.endsWith('.missing')).map((entry) => entry.name),
      held.map(name),
    );
    for (const region of held) {
      const entry = listed.find((candidate) => candidate.name === name(region));
      assert.equal(entry?.size, Number(region.end - region.start));
      const { own = 0, shared = 0 } = region.bytes;
      const whole = own + shared === entry.size;
      assert.equal(
        listed.some((candidate) => candidate.name === `${name(region)}.missing`),
        !whole,
      );
    }
  });

  test('mem/START-END is that range of memory, whatever mappings it touches', async () => {
    const { regions } = await checkpoint.memory.map(1);
    const heap = regions.find((region) => region.name === '[heap]');
    assert.ok(heap);
    const whole = await content(`/proc/1/mem/${heap.start.toString(16)}-${heap.end.toString(16)}`);
    assert.equal(whole.length, Number(heap.end - heap.start));
    for (const offset of [0, 0x1000, 0x54321, 0x100000 - 17]) {
      const { bytes } = await checkpoint.memory.read(1, heap.start + BigInt(offset), 1000);
      assert.ok(whole.subarray(offset, offset + 1000).equals(bytes));
    }
    const shared = 0x7f0b99226000n;
    assert.equal(
      (await text(`/proc/1/mem/${shared.toString(16)}-${(shared + 22n).toString(16)}`)).slice(0, 22),
      'SHARED-ANON-MEMORY----',
    );
    const across = await content('/proc/1/mem/7f0b99265000-7f0b99267000');
    assert.equal(across.subarray(0x1000, 0x1014).toString(), 'MAPPED-SHARED-FILE--');
  });

  test('mem/START-END.missing names what the file has zeros for', async () => {
    const lines = (await text('/proc/1/mem/7f0b8b7ff000-7f0b8c000000.missing')).trimEnd().split('\n');
    assert.deepEqual(lines, ['7f0b8b7ff000-7f0b8b800000 guard', '7f0b8b800000-7f0b8bffd000 untouched']);
    const file = await text('/proc/1/mem/b51000-bee000.missing');
    assert.match(file.split('\n')[0] ?? '', /^b[0-9a-f]+-b[0-9a-f]+ file 0x[0-9a-f]+ \/usr\/bin\/python3\.14$/);
    const whole = await content('/proc/1/mem/b51000-bee000');
    for (const line of file.trimEnd().split('\n')) {
      const [start = '', end = ''] = (line.split(' ')[0] ?? '').split('-');
      const part = whole.subarray(Number(`0x${start}`) - 0xb51000, Number(`0x${end}`) - 0xb51000);
      assert.ok(part.length > 0 && part.every((byte) => byte === 0));
    }
  });

  test('there is no file for what is no range, or of which nothing is here', async () => {
    const { regions } = await checkpoint.memory.map(1);
    const code = regions.find((region) => region.name.endsWith('libc.so.6') && region.permissions === 'r-xp');
    for (const name of [
      'x',
      '1-',
      '2-1',
      '1-1',
      '0x1-0x2',
      '1000-2000',
      '0-fffffffffffffffff',
      `${(code?.start ?? 0n).toString(16)}-${(code?.end ?? 0n).toString(16)}`,
    ]) {
      await assert.rejects(checkpoint.files.open(`/proc/1/mem/${name}`), (error) =>
        CheckpointError.is(error, 'not-found'),
      );
    }
  });

  test('smaps has sizes and flags as the kernel, and in place of what was resident what was dumped', async () => {
    const smaps = await text('/proc/1/smaps');
    const maps = await text('/proc/1/maps');
    assert.deepEqual(
      smaps.split('\n').filter((line) => /^[0-9a-f]+-[0-9a-f]+ /.test(line)),
      maps.trimEnd().split('\n'),
    );
    assert.match(smaps, /\nSize: {16}132 kB\nKernelPageSize: {8}4 kB\nDumped: {15}84 kB\n/);
    assert.match(smaps, /\[stack\]\n(.*\n)*VmFlags: rd wr gd \n/);
    const sum = (name: string): number =>
      [...smaps.matchAll(new RegExp(`^${name}: +(\\d+) kB$`, 'gm'))].reduce(
        (total, match) => total + Number(match[1]),
        0,
      );
    const { regions } = await checkpoint.memory.map(1);
    const own = regions.reduce((total, { bytes }) => total + (bytes.own ?? 0), 0);
    assert.deepEqual([sum('Dumped'), sum('DumpedShared'), sum('Guard')], [own / 1024, 256, 20]);
    const size = /^VmSize:\s+(\d+) kB$/m.exec(await text('/proc/1/status'))?.[1];
    // The page of [vsyscall] belongs to no process.
    assert.equal(Number(size), sum('Size') - 4);
  });

  test('status counts mappings as the kernel does', async () => {
    const status = await text('/proc/1/status');
    const value = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
    const { regions } = await checkpoint.memory.map(1);
    const sum = (pattern: RegExp, except = /^$/): number =>
      regions.reduce(
        (total, { permissions, start, end, name }) =>
          pattern.test(permissions) && !except.test(name) ? total + Number(end - start) / 1024 : total,
        0,
      );
    assert.equal(value('VmStk'), 132);
    assert.equal(value('VmData'), sum(/^.w.p$/, /^\[stack\]$/));
    assert.equal(value('VmExe') + value('VmLib'), sum(/^.-x.$/, /^\[vsyscall\]$/));
    assert.equal(value('VmExe'), (0x844000 - 0x422000) / 1024);
  });

  test('task has a folder for each thread with its registers', async () => {
    assert.deepEqual(
      (await names('/proc/1/task')).map(Number).sort((a, b) => a - b),
      [1, 6, 9, 10, 11, 12],
    );
    assert.equal(await text('/proc/1/task/10/comm'), 'ticker-1\n');
    const registers = await text('/proc/1/task/9/regs');
    assert.match(registers, /^# Registers of thread 9 \(http-conn\) on x86-64\./);
    assert.match(registers, /^rip +0x00007f0b9a8ceefc r-xp \/usr\/lib\/x86_64-linux-gnu\/libc\.so\.6\+0x74efc$/m);
    assert.match(registers, /^SigBlk +0000000000000000$/m);
    assert.match(registers, /^xmm5 +d2 02 96 49 00 00 00 00 15 cd 5b 07 00 00 00 00$/m);
  });

  test('a copy of /proc leaves memory out unless it is named, and says what it wrote zeros for', async () => {
    const target = join(folder, 'copy');
    const all = await extractTo(checkpoint.files, '/', target, { globs: ['/proc'] });
    assert.ok(all.files > 7 && existsSync(join(target, 'proc/1/maps')) && !existsSync(join(target, 'proc/1/mem')));
    assert.ok(all.skipped.every(({ kind }) => kind !== 'missing'));
    const named = await extractTo(checkpoint.files, '/', join(folder, 'named'), { globs: ['/proc/5/mem/**'] });
    assert.ok(named.files > 10);
    const [first] = named.skipped;
    assert.equal(first?.kind, 'missing');
    assert.ok(existsSync(join(folder, 'named', `${first.where}.missing`)));
    const one = '/proc/1/mem/7f0b99226000-7f0b99266000';
    const single = await extractTo(checkpoint.files, one, join(folder, 'single'));
    assert.deepEqual([single.files, single.bytes, single.skipped], [1, 0x40000, []]);
    assert.equal(readFileSync(join(folder, 'single')).subarray(0, 22).toString(), 'SHARED-ANON-MEMORY----');
    const saved = await extractTo(checkpoint.files, '/proc/5', join(folder, 'process'));
    assert.ok(saved.files > 7 && !existsSync(join(folder, 'process', 'mem')));
  });
});
