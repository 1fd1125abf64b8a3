import type { MemoryRange, MemoryRegion, MemoryWindow } from '../../../src/protocol/memory.ts';
import type { ThreadRegisters } from '../../../src/protocol/registers.ts';
import { HOSTILE } from './hostile.ts';

const TERA = 2n ** 40n;

function region(start: bigint, size: bigint, facts: Partial<MemoryRegion>): MemoryRegion {
  return {
    start,
    end: start + size,
    permissions: 'rw-p',
    offset: 0n,
    kind: 'anonymous',
    name: '',
    bytes: { own: Number(size) },
    flags: ['MAP_PRIVATE'],
    status: ['VMA_AREA_REGULAR'],
    advice: [],
    ...facts,
  };
}

/** Code, a heap whose second half was never touched, a mapping of a terabyte, a name made to do harm, and a stack. */
export function sampleMemory(): MemoryRegion[] {
  return [
    region(0x400000n, 0x4000n, {
      permissions: 'r-xp',
      kind: 'code',
      name: '/usr/bin/app',
      bytes: { own: 0x1000, file: 0x3000 },
    }),
    region(0x600000n, 0x8000n, { kind: 'heap', name: '[heap]', bytes: { own: 0x4000, untouched: 0x4000 } }),
    region(0x100000000000n, TERA, { bytes: { untouched: Number(TERA) } }),
    region(0x7f0000000000n, 0x2000n, { permissions: 'rwxp', kind: 'file', name: `/srv/${HOSTILE}` }),
    region(0x7ffe00000000n, 0x2000n, { kind: 'stack', name: '[stack]' }),
  ];
}

/** Bytes count up from the start of their mapping; in the stack each word is an address in the heap. */
export function sampleWindow(regions: readonly MemoryRegion[], address: bigint, length: number): MemoryWindow {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const ranges: MemoryRange[] = [];
  const push = (start: bigint, end: bigint, range: Pick<MemoryRange, 'source' | 'present' | 'where'>): void => {
    const from = start > address ? start : address;
    const to = end < address + BigInt(length) ? end : address + BigInt(length);
    if (from < to) ranges.push({ start: from, length: Number(to - from), ...range });
  };
  let done = 0n;
  for (const { start, end, kind } of regions) {
    push(done, start, { source: 'unmapped', present: false });
    const held = kind === 'heap' ? start + 0x4000n : kind === 'anonymous' ? start : end;
    push(start, held, { source: 'own', present: true, where: 'checkpoint/pages-1.img' });
    push(held, end, { source: 'untouched', present: false });
    done = end;
  }
  push(done, 1n << 64n, { source: 'unmapped', present: false });
  for (const { start, length: size, present } of ranges) {
    const mapping = regions.find((candidate) => start >= candidate.start && start < candidate.end);
    if (!present || !mapping) continue;
    const from = Number(start - address);
    for (let at = from; at < from + size; at++) bytes[at] = Number(address + BigInt(at) - mapping.start) & 0xff;
    if (mapping.kind !== 'stack') continue;
    for (let at = from; at + 8 <= from + size; at += 8) view.setBigUint64(at, 0x600000n + BigInt(at % 0x4000), true);
  }
  return { address, bytes, ranges };
}

export function sampleRegisters(tid: number): ThreadRegisters {
  return {
    tid,
    comm: 'main',
    architecture: 'x86-64',
    byteOrder: 'little',
    pointerBytes: 8,
    general: [
      { name: 'rax', value: 0n, bits: 64 },
      { name: 'rsp', value: 0x7ffe00000100n, bits: 64, role: 'stack' },
      { name: 'rip', value: 0x400010n, bits: 64, role: 'instruction' },
    ],
    floating: [{ name: 'xmm0', bytes: Uint8Array.from({ length: 16 }, (_, index) => index) }],
  };
}
