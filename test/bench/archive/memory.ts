import { Buffer } from 'node:buffer';
import type { Fields } from './image.ts';
import type { SyntheticProcess } from './processes.ts';
import { Random } from './random.ts';

export const PAGE = 4096;
const MIB = 1024 * 1024;

/** Bits of vma_entry.status, prot and flags; CRIU's criu/include/image.h and Linux' mman.h. */
const status = { regular: 1, stack: 2, vsyscall: 4, vdso: 8, heap: 32, filePrivate: 64, anonymousPrivate: 512 };
const readable = 1;
const writable = 2;
const executable = 4;
const mapPrivate = 2;
const mapAnonymous = 0x20;
const growsDown = 0x100;

/** Maps the same page at the same place into every process on x86; its addresses need all 64 bits. */
const vsyscall: Fields = {
  start: 0xffff_ffff_ff60_0000n,
  end: 0xffff_ffff_ff60_1000n,
  pgoff: 0,
  shmid: 0,
  prot: executable,
  flags: mapPrivate | mapAnonymous,
  status: status.vsyscall | status.anonymousPrivate,
  fd: -1,
};

const presentFlag = 4;
const lazyFlag = 2;

/** glibc's arenas have this size. */
const ARENA = 64 * MIB;
/** How much of a heap or an arena is dumped at most; the rest was never touched. */
const ARENA_DUMPED = 48 * MIB;
const HEAP_START = 0x55aa_1c40_0000;
const ARENAS_START = 0x7f10_0000_0000;
const LIBRARY_START = 0x7f80_0000_0000;
/** The kernel puts each stack somewhere else: so do we, by whole pages. */
const HIGHEST_STACK = 0x7ffd_4000_0000;
const STACK_SIZE = 33 * PAGE;

/** Consecutive dumped pages. Without content they are filled with what memory usually holds. */
export interface PageRun {
  readonly address: number;
  readonly pages: number;
  readonly lazy: boolean;
  readonly content?: Buffer;
}

export interface AddressSpace {
  /** A message mm_entry. */
  readonly mm: Fields;
  /** In the order of their addresses, which is also the order of the pages image. */
  readonly runs: readonly PageRun[];
}

interface Area {
  readonly start: number;
  readonly end: number;
  readonly prot: number;
  readonly status: number;
  readonly flags?: number;
  /** Of the mapped file. */
  readonly fileId?: number;
  readonly offset?: number;
}

/**
 * Lays out the address space of a process: its binary, heap, arenas for as much memory as it has, a library and the
 * stack, at whose top its arguments and environment stand as the kernel puts them there.
 */
export function layOutMemory(
  process: SyntheticProcess,
  fileIds: { executable: number; library: number },
): AddressSpace {
  const random = new Random(process.pid * 7919);
  const areas: Area[] = [];
  const runs: PageRun[] = [];
  const code = 0x55aa_1c00_0000;
  const mapFile = (fileId: number, start: number, pages: number, prot: number, offset: number) =>
    areas.push({ start, end: start + pages * PAGE, prot, status: status.regular | status.filePrivate, fileId, offset });

  mapFile(fileIds.executable, code, 16, readable, 0);
  mapFile(fileIds.executable, code + 16 * PAGE, 256, readable | executable, 16 * PAGE);
  mapFile(fileIds.executable, code + 272 * PAGE, 8, readable | writable, 272 * PAGE);
  runs.push({ address: code + 272 * PAGE, pages: 5, lazy: false });

  let left = Math.ceil(process.memory / PAGE);
  const arena = (start: number, kind: number, most: number) => {
    const dumped = Math.min(left, most / PAGE);
    left -= dumped;
    const end = fill(start, dumped, random, runs);
    areas.push({
      start,
      end: roundUp(Math.max(end, start + 33 * PAGE), PAGE),
      prot: readable | writable,
      status: kind,
    });
    return end;
  };
  const heapEnd = arena(HEAP_START, status.regular | status.heap | status.anonymousPrivate, ARENA_DUMPED);
  for (let start = ARENAS_START; left > 0; start += 2 * ARENA) {
    arena(start, status.regular | status.anonymousPrivate, ARENA_DUMPED);
  }

  mapFile(fileIds.library, LIBRARY_START, 40, readable, 0);
  mapFile(fileIds.library, LIBRARY_START + 40 * PAGE, 344, readable | executable, 40 * PAGE);
  mapFile(fileIds.library, LIBRARY_START + 384 * PAGE, 6, readable | writable, 384 * PAGE);
  runs.push({ address: LIBRARY_START + 384 * PAGE, pages: 6, lazy: false });

  const stackTop = HIGHEST_STACK - random.between(0, 0xffff) * PAGE;
  const stack = stackOf(process, stackTop);
  const stackSize = Math.max(STACK_SIZE, stack.content.length + PAGE);
  areas.push({
    start: stackTop - stackSize,
    end: stackTop,
    prot: readable | writable,
    status: status.regular | status.stack | status.anonymousPrivate,
    flags: growsDown,
  });
  runs.push({
    address: stackTop - stack.content.length,
    pages: stack.content.length / PAGE,
    lazy: true,
    content: stack.content,
  });
  const vdso = stackTop + 0x60_0000;
  areas.push({
    start: vdso,
    end: vdso + 2 * PAGE,
    prot: readable | executable,
    status: status.regular | status.vdso | status.anonymousPrivate,
  });
  runs.push({ address: vdso, pages: 2, lazy: false });

  const mm = {
    mm_start_code: code + 16 * PAGE,
    mm_end_code: code + 272 * PAGE,
    mm_start_data: code + 272 * PAGE,
    mm_end_data: code + 280 * PAGE,
    mm_start_stack: stack.argumentsStart - 0x400,
    mm_start_brk: HEAP_START,
    mm_brk: roundUp(heapEnd, PAGE),
    mm_arg_start: stack.argumentsStart,
    mm_arg_end: stack.environmentStart,
    mm_env_start: stack.environmentStart,
    mm_env_end: stack.environmentEnd,
    exe_file_id: fileIds.executable,
    mm_saved_auxv: auxiliaryVector(vdso, code),
    vmas: [...areas.map(vmaEntry), vsyscall],
    dumpable: 1,
    thp_disabled: false,
  };
  return { mm, runs };
}

/** pagemap_entry messages. Until CRIU 4.1 the page count stood in the field that is called compat_nr_pages today. */
export function pagemapEntries(runs: readonly PageRun[], countInOldField: boolean): Fields[] {
  return runs.map(({ address, pages, lazy }) => ({
    vaddr: address,
    compat_nr_pages: countInOldField ? pages : 0,
    flags: presentFlag | (lazy ? lazyFlag : 0),
    ...(!countInOldField && { nr_pages: pages }),
  }));
}

/** Dumped runs with untouched pages between them; returns where they end. */
function fill(start: number, pages: number, random: Random, runs: PageRun[]): number {
  let address = start;
  for (let left = pages; left > 0;) {
    const length = Math.min(left, random.between(32, 1024));
    runs.push({ address, pages: length, lazy: true });
    left -= length;
    address += (length + (left > 0 ? random.between(1, 16) : 0)) * PAGE;
  }
  return address;
}

/** The kernel's order below the top: arguments, environment, the executable's path, eight zero bytes. */
function stackOf(
  process: SyntheticProcess,
  top: number,
): {
  readonly content: Buffer;
  readonly argumentsStart: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
} {
  const strings = (items: readonly string[]) => Buffer.from(items.map((item) => `${item}\0`).join(''));
  const args = strings(process.arguments);
  const environment = strings(process.environment);
  const path = strings([process.executable]);
  const tail = Buffer.concat([args, environment, path, Buffer.alloc(8)]);
  const pages = Math.ceil(tail.length / PAGE) + 3;
  const content = Buffer.alloc(pages * PAGE);
  const random = new Random(process.pid);
  for (let offset = 0; offset + tail.length + 8 < content.length; offset += 8) {
    if (random.word() % 3 === 0) content.writeBigUInt64LE(BigInt(top - random.between(0, STACK_SIZE)), offset);
  }
  tail.copy(content, content.length - tail.length);
  const argumentsStart = top - tail.length;
  const environmentStart = argumentsStart + args.length;
  return { content, argumentsStart, environmentStart, environmentEnd: environmentStart + environment.length };
}

function vmaEntry(area: Area): Fields {
  const anonymous = area.fileId === undefined;
  return {
    start: area.start,
    end: area.end,
    pgoff: area.offset ?? 0,
    shmid: area.fileId ?? 0,
    prot: area.prot,
    flags: mapPrivate | (anonymous ? mapAnonymous : 0) | (area.flags ?? 0),
    status: area.status,
    fd: -1,
    ...(!anonymous && { fdflags: 0 }),
  };
}

function auxiliaryVector(vdso: number, code: number): number[] {
  return [
    33,
    vdso,
    51,
    3376,
    6,
    PAGE,
    17,
    100,
    3,
    code + 64,
    4,
    56,
    5,
    13,
    7,
    LIBRARY_START,
    8,
    0,
    9,
    code + 0x5000,
    11,
    0,
    23,
    0,
    0,
    0,
  ];
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
