import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, entry, image, NO_MEMORY } from '../../criu/build-image.ts';
import { compressLz4 } from '../../criu/lz4-encoder.ts';

export const PAGE = 4096;

/** Bits of a pagemap entry's flags, and of a mapping's status. */
const PRESENT = 4;
const PARENT = 1;
const ANONYMOUS = 1 | (1 << 9);
const SHARED = 1 | (1 << 8);

/** Pages that follow each other in an object. */
export interface Run {
  /** In pages. */
  readonly page: number;
  readonly content: Buffer;
  /** In the images of the earlier dump. */
  readonly inParent?: boolean;
  /** LZ4 blocks of so many pages each. */
  readonly blocksOf?: number;
}

export interface Mapping {
  /** In pages. */
  readonly page: number;
  readonly pages: number;
  /** Of an object, from this page of it on. */
  readonly object?: number;
  readonly objectPage?: number;
}

export interface Process {
  readonly pid: number;
  readonly mappings: readonly Mapping[];
  readonly runs: readonly Run[];
}

export interface MadeDump {
  readonly processes: readonly Process[];
  /** Shared memory by its number. */
  readonly objects: ReadonlyMap<number, readonly Run[]>;
}

/** Writes a dump as CRIU leaves one in a folder, with the one that it builds upon in `parent`. */
export function writeDump(folder: string, { processes, objects }: MadeDump): void {
  mkdirSync(join(folder, 'parent'), { recursive: true });
  const put = (name: string, content: Uint8Array): void => writeFileSync(join(folder, name), content);
  put('inventory.img', image('INVENTORY', entry('inventory_entry', { img_version: 2 })));
  put(
    'pstree.img',
    image(
      'PSTREE',
      ...processes.map(({ pid }, index) =>
        entry('pstree_entry', {
          pid,
          ppid: index === 0 ? 0 : (processes[0]?.pid ?? 0),
          pgid: 1,
          sid: 1,
          threads: [pid],
        }),
      ),
    ),
  );
  let pagesId = 1;
  const putPages = (name: string, runs: readonly Run[]): void => {
    putPagemap(join(folder, name), join(folder, `pages-${pagesId}.img`), pagesId, runs, (run) => !run.inParent);
    const before = runs.filter(({ inParent }) => inParent);
    putPagemap(
      join(folder, 'parent', name),
      join(folder, 'parent', `pages-${pagesId}.img`),
      pagesId,
      before,
      () => true,
    );
    pagesId++;
  };
  for (const { pid, mappings, runs } of processes) {
    put(`core-${pid}.img`, image('CORE', entry('core_entry', coreOf(pid))));
    put(`mm-${pid}.img`, image('MM', entry('mm_entry', { ...NO_MEMORY, vmas: mappings.map(vmaOf) })));
    putPages(`pagemap-${pid}.img`, runs);
  }
  for (const [shmid, runs] of objects) putPages(`pagemap-shmem-${shmid}.img`, runs);
}

function putPagemap(
  pagemap: string,
  pages: string,
  id: number,
  runs: readonly Run[],
  isHere: (run: Run) => boolean,
): void {
  const stored: Uint8Array[] = [];
  const entries = runs.map((run) => {
    const fields = { vaddr: run.page * PAGE, compat_nr_pages: 0, nr_pages: run.content.length / PAGE };
    if (!isHere(run)) return entry('pagemap_entry', { ...fields, flags: PARENT });
    const blocks = run.blocksOf === undefined ? undefined : blocksOf(run.content, run.blocksOf);
    stored.push(blocks ? bytes(...blocks) : run.content);
    const sizes = blocks?.map(({ length }) => length);
    return entry('pagemap_entry', {
      ...fields,
      flags: PRESENT,
      ...(sizes && { blocks: { block_sizes: sizes, pages_per_block: run.blocksOf } }),
    });
  });
  writeFileSync(pagemap, image('PAGEMAP', entry('pagemap_head', { pages_id: id }), ...entries));
  writeFileSync(pages, bytes(...stored));
}

/** As CRIU stores them: nothing of zeros, as they are where compressing would not help. */
function blocksOf(content: Buffer, pages: number): readonly Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pages * PAGE) {
    const block = content.subarray(at, at + pages * PAGE);
    const packed = compressLz4(block);
    blocks.push(block.every((byte) => byte === 0) ? new Uint8Array() : packed.length < block.length ? packed : block);
  }
  return blocks;
}

function vmaOf({ page, pages, object, objectPage = 0 }: Mapping): object {
  return {
    start: page * PAGE,
    end: (page + pages) * PAGE,
    pgoff: objectPage * PAGE,
    shmid: object ?? 0,
    prot: 3,
    flags: object === undefined ? 0x22 : 0x21,
    fd: -1,
    status: object === undefined ? ANONYMOUS : SHARED,
  };
}

function coreOf(pid: number): Readonly<Record<string, unknown>> {
  return {
    mtype: 1,
    tc: { task_state: 1, exit_code: 0, personality: 0, flags: 0, blk_sigset: 0, comm: `worker-${pid}` },
    thread_core: { futex_rla: 0, futex_rla_len: 0 },
  };
}
