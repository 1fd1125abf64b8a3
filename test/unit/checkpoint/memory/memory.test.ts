import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import type { MemoryRegion } from '../../../../src/protocol/memory.ts';
import { archiveOf, archives, expectedJson, truthOf } from '../../support/fixtures.ts';

const spill = mkdtempSync(join(tmpdir(), 'memory-test-'));
after(() => rmSync(spill, { recursive: true, force: true }));

async function open(name: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint({
    locator: archiveOf(name),
    spill: { directory: spill, limit: 2 ** 32 },
  });
  await checkpoint.completed;
  return checkpoint;
}

interface LiveProcess {
  readonly pid: number;
  readonly maps?: readonly string[];
  readonly children?: readonly LiveProcess[];
}

function liveMaps(name: string): ReadonlyMap<number, readonly string[]> {
  const maps = new Map<number, readonly string[]>();
  const live = expectedJson(name, 'live-proc.json') as { readonly tree?: LiveProcess } | undefined;
  const stack = live?.tree ? [live.tree] : [];
  for (let process = stack.pop(); process; process = stack.pop()) {
    if (process.maps) maps.set(process.pid, process.maps);
    stack.push(...(process.children ?? []));
  }
  return maps;
}

/** The kernel's own pages are listed as one in a dump; of shared anonymous memory no image has the device. */
function comparable(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => !line.includes('[vvar'))
    .map((line) => line.replace(/00:01 \/dev\/zero/, '00:00 /dev/zero'));
}

function lineOf({ start, end, permissions, offset, device = '00:00', name }: MemoryRegion): string {
  const hex = (value: bigint): string => value.toString(16).padStart(8, '0');
  return `${hex(start)}-${hex(end)} ${permissions} ${hex(offset)} ${device} ${name}`;
}

suite('the mappings of a process', () => {
  for (const name of archives) {
    const live = liveMaps(name);
    test(`${name}: are those of the running process`, { skip: live.size === 0 && 'it has no live view' }, async () => {
      const checkpoint = await open(name);
      try {
        let compared = 0;
        for (const { pid } of (await checkpoint.processes()).slice(0, 30)) {
          const lines = live.get(pid);
          if (!lines) continue;
          const { regions } = await checkpoint.memory.map(pid);
          const expected = lines.map((line) => {
            const [range, permissions, offset, device, , ...path] = line.trimEnd().split(/ +/);
            return [range, permissions, offset, device, path.join(' ')].join(' ');
          });
          assert.deepEqual(comparable(regions.map(lineOf)), comparable(expected));
          for (const { start, end, bytes } of regions) {
            const sum = Object.values(bytes).reduce((total, count) => total + count, 0);
            assert.equal(BigInt(sum), end - start);
          }
          compared++;
        }
        assert.ok(compared > 0);
      } finally {
        await checkpoint.close();
      }
    });
  }
});

const { memoryNeedlesLive: needles } = truthOf('podman-webapp-host') as unknown as {
  readonly memoryNeedlesLive: readonly {
    readonly pid: number;
    readonly hits: readonly { readonly needle: string; readonly vaddr: string; readonly vma: string }[];
  }[];
};

interface CritCore {
  readonly thread_info: { readonly gpregs: Readonly<Record<string, string>> };
}

suite('memory of the web application', () => {
  let checkpoint: Checkpoint;
  before(async () => (checkpoint = await open('podman-webapp-host')));
  after(() => checkpoint.close());

  const region = async (name: string, permissions?: string): Promise<MemoryRegion> => {
    const { regions } = await checkpoint.memory.map(1);
    const found = regions.find(
      (candidate) => candidate.name === name && (permissions === undefined || candidate.permissions === permissions),
    );
    assert.ok(found, name);
    return found;
  };

  test('says of each mapping what it is for and what CRIU recorded', async () => {
    const kinds = await Promise.all(
      ['[heap]', '[stack]', '[vdso]', '[vvar]', '/dev/zero (deleted)', '/var/lib/webapp/mapped.dat', ''].map(
        async (name) => (await region(name)).kind,
      ),
    );
    assert.deepEqual(kinds, ['heap', 'stack', 'kernel', 'kernel', 'shared', 'file', 'anonymous']);
    const code = await region('/usr/lib/x86_64-linux-gnu/libc.so.6', 'r-xp');
    assert.equal(code.kind, 'code');
    assert.deepEqual(
      [code.file?.path, code.file?.size, code.file?.mountId, code.file?.buildId],
      [code.name, 2014248n, 177, 'a226e0f150be89099d375c6b865b1dba794648ae'],
    );
    const shared = await region('/dev/zero (deleted)');
    assert.deepEqual(shared.shared, { shmid: 36632n, image: 'checkpoint/pagemap-shmem-36632.img' });
    assert.equal(shared.inode, 36632n);
    assert.deepEqual(shared.flags, ['MAP_SHARED']);
    assert.deepEqual(shared.status, ['VMA_AREA_REGULAR', 'VMA_FILE_SHARED', 'VMA_AREA_MEMFD']);
    assert.deepEqual((await region('[vvar]')).advice, ['MADV_DONTDUMP']);
    const stacks = (await checkpoint.memory.map(1)).regions.filter(({ bytes }) => bytes.guard !== undefined);
    assert.deepEqual(
      stacks.map(({ bytes, advice }) => [bytes.guard, advice]),
      Array.from({ length: 5 }, () => [4096, ['MADV_NOHUGEPAGE']]),
    );
  });

  test('has the origin of every byte of a window', async () => {
    const mapped = await region('/var/lib/webapp/mapped.dat');
    const { address, bytes, ranges } = await checkpoint.memory.read(1, mapped.start - 0x1000n, 0x3000);
    assert.deepEqual([address, bytes.length], [mapped.start - 0x1000n, 0x3000]);
    assert.deepEqual(
      ranges.map(({ length, source, present, where, offset }) => ({ length, source, present, where, offset })),
      [
        {
          length: 0x1000,
          source: 'shared',
          present: true,
          where: 'checkpoint/pages-1.img',
          offset: 0x3f000n,
        },
        { length: 0x2000, source: 'file', present: true, where: '/rootfs/var/lib/webapp/mapped.dat', offset: 0n },
      ],
    );
    const text = Buffer.from(bytes.subarray(0x1000, 0x1000 + 20)).toString();
    assert.equal(text, 'MAPPED-SHARED-FILE--');
  });

  test('does not make up what is in files that the checkpoint does not hold', async () => {
    const code = await region('/usr/lib/x86_64-linux-gnu/libc.so.6', 'r-xp');
    const { ranges } = await checkpoint.memory.read(1, code.start + 0x100n, 0x100);
    assert.deepEqual(ranges, [
      { start: code.start + 0x100n, length: 0x100, source: 'file', present: false, where: code.name, offset: 0x28100n },
    ]);
  });

  test('has every needle of the running processes at its address, in mapped files too', async () => {
    let found = 0;
    for (const { pid, hits } of needles) {
      if (!(await checkpoint.processes()).some((process) => process.pid === pid)) continue;
      for (const { needle, vaddr, vma } of hits) {
        const { bytes, ranges } = await checkpoint.memory.read(pid, BigInt(vaddr), needle.length);
        assert.ok(
          ranges.every(({ present }) => present),
          vma,
        );
        assert.equal(Buffer.from(bytes).toString(), needle, vma);
        found++;
      }
    }
    assert.ok(found > 20);
  });

  test('has the registers of each thread, and where they point to', async () => {
    const { memory } = checkpoint;
    const leader = await memory.registers(1, 1);
    assert.deepEqual(
      [leader.architecture, leader.byteOrder, leader.pointerBytes, leader.comm, leader.general.length],
      ['x86-64', 'little', 8, 'web-master', 27],
    );
    const one = (name: string) => leader.general.find((register) => register.name === name);
    assert.deepEqual([one('rsp')?.role, one('rsp')?.target?.name], ['stack', '[stack]']);
    assert.deepEqual(
      [one('rip')?.role, one('rip')?.target?.kind, one('rip')?.target?.name],
      ['instruction', 'code', '/usr/lib/x86_64-linux-gnu/libc.so.6'],
    );
    const crit = expectedJson('podman-webapp-host', 'crit.json') as Readonly<
      Record<string, { readonly decoded: { readonly entries: readonly [CritCore] } }>
    >;
    for (const { tid } of (await checkpoint.processes())[0]?.threads ?? []) {
      const registers = await memory.registers(1, tid);
      const expected = crit[`core-${String(tid)}.img`]?.decoded.entries[0].thread_info;
      const byName = new Map(registers.general.map(({ name, value }) => [name, value]));
      for (const [name, text] of Object.entries(expected?.gpregs ?? {})) {
        if (name === 'mode') continue;
        const ours =
          byName.get(name) ?? byName.get(`r${name}`) ?? byName.get(`e${name}`) ?? byName.get(`orig_r${name.slice(5)}`);
        assert.equal(ours, BigInt(text), `${name} of ${String(tid)}`);
      }
      const thread = registers.general.find(({ role }) => role === 'stack');
      assert.equal(thread?.target?.permissions, 'rw-p');
      assert.equal(registers.floating.filter(({ name }) => /^xmm\d+$/.test(name)).length, 16);
    }
    await assert.rejects(memory.registers(1, 2), (error) => CheckpointError.is(error, 'not-found'));
  });

  test('refuses windows that are none, and processes that are not in the dump', async () => {
    const { memory } = checkpoint;
    for (const [address, length] of [
      [-1n, 10],
      [0n, -1],
      [0n, 256 * 1024 + 1],
      [0n, Number.NaN],
      [2n ** 64n - 5n, 6],
    ] as const) {
      await assert.rejects(memory.read(1, address, length), (error) => CheckpointError.is(error, 'usage'));
    }
    assert.equal((await memory.read(1, 2n ** 64n - 5n, 5)).bytes.length, 5);
    await assert.rejects(memory.map(99), (error) => CheckpointError.is(error, 'not-found'));
  });

  test('is kept for few processes at a time, and the same for all who ask at once', async () => {
    const { memory } = checkpoint;
    const [one, other] = await Promise.all([memory.space(1), memory.space(1)]);
    assert.equal(one, other);
    for (const pid of [2, 3, 4, 5]) await memory.space(pid);
    assert.notEqual(await memory.space(1), one);
  });
});

test('images left over from an earlier dump are no process', async () => {
  const checkpoint = await open('podman-counter-second');
  try {
    const stale = new Set((await checkpoint.processes()).map(({ pid }) => pid));
    const names = (await checkpoint.files.list('/archive/checkpoint')).map(({ name }) => name);
    const left = names.flatMap((name) => {
      const pid = Number(/^pagemap-(\d+)\.img$/.exec(name)?.[1] ?? 0);
      return pid > 0 && !stale.has(pid) ? [pid] : [];
    });
    assert.ok(left.length > 0);
    for (const pid of left) {
      await assert.rejects(checkpoint.memory.map(pid), (error) => CheckpointError.is(error, 'not-found'));
    }
  } finally {
    await checkpoint.close();
  }
});
