import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { glanceCore } from '../../../src/core/criu/glance/core.ts';
import { glanceFiles } from '../../../src/core/criu/glance/files.ts';
import { glanceMm } from '../../../src/core/criu/glance/mm.ts';
import { glancePagemap } from '../../../src/core/criu/glance/pagemap.ts';
import { glancePstree } from '../../../src/core/criu/glance/pstree.ts';
import { glanceFs, glanceIds } from '../../../src/core/criu/glance/small-images.ts';
import { decodeImage } from '../../../src/core/criu/image.ts';
import { PE_PRESENT, readPagemap } from '../../../src/core/criu/pagemap.ts';
import type {
  CoreEntry,
  FileEntry,
  FsEntry,
  MmEntry,
  TaskKobjIdsEntry,
} from '../../../src/core/criu/schema/generated/messages.ts';
import { VMA_AREA_GUARD, VMA_AREA_VSYSCALL } from '../../../src/core/criu/mappings.ts';
import { Dump } from './build-dump.ts';
import { fixtureFolders, MemorySource, openFixture } from './memory-file-set.ts';

interface Glance {
  /** Which images it is for. */
  readonly name: RegExp;
  readonly glance: (bytes: Uint8Array) => unknown;
  /** The same out of the decoded image. */
  readonly expected: (bytes: Uint8Array, name: string) => Promise<unknown>;
  /** Images at which it gives up, in fixtures of CRIU 3.19 and newer. */
  readonly mayGiveUp?: true;
}

const GLANCES: readonly Glance[] = [
  { name: /^core-\d+\.img$/, glance: glanceCore, expected: (bytes, name) => sole<CoreEntry>(bytes, name).then(core) },
  { name: /^mm-\d+\.img$/, glance: glanceMm, expected: (bytes, name) => sole<MmEntry>(bytes, name).then(mm) },
  { name: /^fs-\d+\.img$/, glance: glanceFs, expected: (bytes, name) => sole<FsEntry>(bytes, name).then(fs) },
  {
    name: /^ids-\d+\.img$/,
    glance: glanceIds,
    expected: (bytes, name) => sole<TaskKobjIdsEntry>(bytes, name).then(ids),
  },
  { name: /^pstree\.img$/, glance: glancePstree, expected: decodedTree },
  { name: /^files\.img$/, glance: paths, expected: decodedPaths },
  { name: /^pagemap-\d+\.img$/, glance: middlePage, expected: decodedMiddlePage, mayGiveUp: true },
];

suite('a glance at an image', async () => {
  const images: { folder: string; name: string; bytes: Uint8Array }[] = [];
  for (const folder of fixtureFolders) {
    const set = await openFixture(folder);
    for (const path of set.entries.keys()) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const isImage = GLANCES.some((glance) => glance.name.test(name));
      if (isImage && set.content(path).length > 0) images.push({ folder, name, bytes: set.content(path) });
    }
  }

  for (const { name: pattern, glance, expected, mayGiveUp } of GLANCES) {
    const own = images.filter(({ name }) => pattern.test(name));

    test(`tells of ${pattern.source} what decoding tells`, async () => {
      assert.ok(own.length > 10);
      let told = 0;
      for (const { folder, name, bytes } of own) {
        const seen = glance(bytes);
        if (seen !== undefined) told++;
        else if (mayGiveUp !== true && isModern(folder)) assert.fail(`it gives up at ${folder}/${name}`);
        if (seen !== undefined) assert.deepEqual(seen, await expected(bytes, name), `${folder}/${name}`);
      }
      assert.ok(told > own.length / 2, `${told} of ${own.length}`);
    });

    test(`gives up at what is wrong with ${pattern.source}`, async () => {
      // One of each shape: the smallest, and one with much in it.
      const sorted = own.toSorted((a, b) => a.bytes.length - b.bytes.length);
      for (const { name, bytes } of [sorted[0], sorted[sorted.length >> 1]].filter((image) => image !== undefined)) {
        for (const changed of damaged(bytes)) {
          const seen = glance(changed);
          if (seen !== undefined) assert.deepEqual(seen, await expected(changed, name), name);
        }
      }
    });
  }

  test('adds up mappings up to the top of the address space', () => {
    const top = { start: 0xffffffffff600000n, end: 0xffffffffff601000n, status: 1 };
    const heap = { start: 0x1000, end: 0x5000, status: 1 };
    const guard = { start: 0x2000, end: 0x3000, status: VMA_AREA_GUARD };
    const kernels = { start: 0x6000, end: 0x7000, status: VMA_AREA_VSYSCALL };
    const glance = (...vmas: object[]) => glanceMm(new Dump().vmas(...vmas).files.content('checkpoint/mm-1.img'));
    assert.equal(glance(heap, top, guard, kernels)?.mappedBytes, 0x5000);
    assert.equal(glance(heap, { ...top, end: 0xffffffffff601001n }), undefined);
    assert.equal(glance(), undefined);
  });
});

/** Every bit that could matter once, and every length: bounded, whatever the size of the image. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  const step = Math.max(1, Math.floor(bytes.length / 700));
  for (let at = 0; at < bytes.length; at += step) {
    for (const flip of [0x01, 0x02, 0x08, 0x80]) {
      const changed = new Uint8Array(bytes);
      changed[at] = (bytes[at] as number) ^ flip;
      yield changed;
    }
  }
  for (let end = 0; end < bytes.length; end += step * 5) yield new Uint8Array(bytes.subarray(0, end));
  yield Buffer.concat([bytes, Buffer.alloc(4)]);
  // The message twice: where CRIU writes one, two are damage, or merged.
  yield Buffer.concat([bytes, bytes.subarray(8)]);
}

function isModern(folder: string): boolean {
  return !/criu(?:3|2|1|0)/.test(folder);
}

async function decode(bytes: Uint8Array, name: string) {
  const image = await decodeImage(new MemorySource(bytes, name), name);
  // At an image with anything wrong a glance gives up.
  assert.deepEqual(image.notes, [], name);
  return image;
}

async function sole<T>(bytes: Uint8Array, name: string): Promise<T> {
  const { entries } = await decode(bytes, name);
  assert.equal(entries.length, 1);
  return entries[0]?.message as T;
}

function core({ mtype, tc, ids: own, thread_core }: CoreEntry): object {
  const creds = thread_core?.creds;
  return {
    machine: mtype,
    task: tc && { state: tc.task_state, exitCode: tc.exit_code, comm: tc.comm },
    comm: thread_core?.comm,
    credentials: creds && {
      uids: [creds.uid, creds.euid, creds.suid, creds.fsuid],
      gids: [creds.gid, creds.egid, creds.sgid, creds.fsgid],
      groups: creds.groups,
    },
    hasIds: own !== undefined,
  };
}

function mm(entry: MmEntry): object {
  const mappings = entry.vmas.filter(({ status }) => (status & (VMA_AREA_GUARD | VMA_AREA_VSYSCALL)) === 0);
  const sizes = mappings.map(({ start, end }) => (end > start ? end - start : 0n));
  const auxv = entry.mm_saved_auxv;
  const key = auxv.findIndex((value, index) => index % 2 === 0 && value === 6n && index + 1 < auxv.length);
  return {
    argumentStart: Number(entry.mm_arg_start),
    argumentEnd: Number(entry.mm_arg_end),
    environmentStart: Number(entry.mm_env_start),
    environmentEnd: Number(entry.mm_env_end),
    executableId: entry.exe_file_id,
    mappedBytes: Number(sizes.reduce((sum, size) => sum + size, 0n)),
    ...(key >= 0 && { pageSize: (auxv[key + 1] as bigint) < 2n ** 32n ? Number(auxv[key + 1]) : Infinity }),
  };
}

function fs({ cwd_id, root_id, umask }: FsEntry): object {
  return { workingDirectoryId: cwd_id, rootDirectoryId: root_id, ...(umask !== undefined && { umask }) };
}

function ids({ mnt_ns_id }: TaskKobjIdsEntry): object {
  return mnt_ns_id === undefined ? {} : { mountNamespace: mnt_ns_id };
}

async function decodedTree(bytes: Uint8Array, name: string): Promise<unknown> {
  return (await decode(bytes, name)).entries.map(({ message }) => message);
}

/** Paths of the first ids. */
function paths(bytes: Uint8Array): unknown {
  const files = glanceFiles(bytes);
  return files && Array.from({ length: 200 }, (_, id) => files.path(id));
}

async function decodedPaths(bytes: Uint8Array, name: string): Promise<unknown> {
  const { entries } = await decode(bytes, name);
  const files = new Map(entries.map(({ message }) => [(message as FileEntry).id, message as FileEntry]));
  return Array.from({ length: 200 }, (_, id) => (files.get(id)?.memfd ? undefined : files.get(id)?.reg?.name));
}

/** Where the first page is of the entry in the middle, so that other entries stand before and behind it. */
async function decodedMiddlePage(bytes: Uint8Array, name: string): Promise<unknown> {
  const { pagemap, notes } = await readPagemap(new MemorySource(bytes, name), name);
  assert.deepEqual(notes, []);
  assert.ok(pagemap.ordered && !pagemap.compressed);
  const index = pagemap.find(page / 4096);
  assert.ok(pagemap.flags(index) & PE_PRESENT);
  const { pagesId, presentPages } = pagemap;
  return { pagesId, presentPages, offset: pagemap.offset(index, 4096) + page - pagemap.start(index) * 4096 };
}

let page = 0;

function middlePage(bytes: Uint8Array): unknown {
  page = pageIn(bytes) ?? page;
  return glancePagemap(bytes, page, 100, 4096);
}

/** The address of an entry in the middle of a pagemap, found without its reader. */
function pageIn(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const addresses: number[] = [];
  for (let at = 8; at + 4 < bytes.length; at += 4 + view.getUint32(at, true)) {
    let address = 0;
    if (bytes[at + 4] !== 0x08 || at === 8) continue;
    for (let place = at + 5, unit = 1; ; place++, unit *= 128) {
      const byte = bytes[place] ?? 0;
      address += (byte & 0x7f) * unit;
      if (byte < 0x80 || unit > 2 ** 49) break;
    }
    addresses.push(address);
  }
  return addresses[addresses.length >> 1];
}
