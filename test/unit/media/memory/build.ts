import { AddressMap } from '../../../../media/memory/address-map.ts';
import type { RegionOutline } from '../../../../src/protocol/memory.ts';
import { toWire } from '../../../../src/protocol/wire.ts';

export function region(start: bigint, end: bigint, facts: Partial<RegionOutline> = {}): RegionOutline {
  return {
    start,
    end,
    permissions: 'rw-p',
    offset: 0n,
    kind: 'anonymous',
    name: '',
    bytes: { own: Number(end - start) },
    ...facts,
  };
}

export const regions: readonly RegionOutline[] = [
  region(0x400000n, 0x401000n, { name: '/usr/bin/app', kind: 'file' }),
  region(0x401000n, 0x405000n, { name: '/usr/bin/app', kind: 'code', offset: 0x1000n, permissions: 'r-xp' }),
  region(0x600000n, 0x610000n, { name: '[heap]', kind: 'heap' }),
  region(0x610000n, 0x611000n),
  region(0x7f0000001000n, 0x7f0000003000n, { name: '/usr/lib/lib-c++.so.6', kind: 'code', offset: 0x1000n }),
  region(0x7ffe00000000n, 0x7ffe00002000n, { name: '[stack]', kind: 'stack' }),
  region(0xffffffffff600000n, 0xffffffffff601000n, { name: '[vsyscall]', kind: 'kernel', bytes: { kernel: 4096 } }),
];

export function addressMap(pointerBytes: 4 | 8 = 8, some = regions): AddressMap {
  return new AddressMap(
    toWire({
      pid: 1,
      pageSize: 4096,
      pointerBytes,
      byteOrder: 'little' as const,
      regions: some,
      threads: [{ tid: 1 }],
    }),
  );
}
