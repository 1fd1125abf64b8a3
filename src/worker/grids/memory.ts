import type { GridCell } from '../../protocol/grid.ts';
import type { MemoryRegion, RegionKind } from '../../protocol/memory.ts';
import { hex } from '../../protocol/wire.ts';
import { Table, TOP, uniqueIds, type TableKind } from './table.ts';

const KINDS: Readonly<Record<RegionKind, { readonly label: string; readonly icon: string }>> = {
  code: { label: 'code', icon: 'file-binary' },
  file: { label: 'file', icon: 'file' },
  heap: { label: 'heap', icon: 'database' },
  stack: { label: 'stack', icon: 'layers' },
  anonymous: { label: 'anonymous', icon: 'primitive-square' },
  shared: { label: 'shared', icon: 'link' },
  kernel: { label: 'kernel', icon: 'gear' },
  other: { label: 'other', icon: 'question' },
};

/** The columns of pmap(1), and what the dump holds. */
const MEMORY: TableKind<MemoryRegion> = {
  columns: [
    {
      id: 'address',
      label: 'Address',
      kind: 'code',
      // The vsyscall page has sixteen digits.
      width: 134,
      value: ({ start }) => digits(start),
      sortBy: ({ start }) => Number(start),
      cell: ({ start, end }) => ({ value: digits(start), title: `${hex(start)}-${hex(end)}` }),
    },
    { id: 'size', label: 'Size', kind: 'size', width: 76, value: ({ start, end }) => Number(end - start) },
    {
      id: 'perms',
      label: 'Perms',
      kind: 'code',
      width: 52,
      value: ({ permissions }) => permissions,
      cell: permissions,
    },
    {
      id: 'dumped',
      label: 'Dumped',
      kind: 'size',
      width: 76,
      value: dumped,
      cell: (region) => ({
        value: dumped(region),
        ...(dumped(region) === 0 && { tone: 'muted' }),
      }),
    },
    {
      id: 'mapping',
      label: 'Mapping',
      kind: 'word',
      flex: 1,
      value: ({ name, kind }) => (name === '' ? KINDS[kind].label : name),
      // The end of a path is what tells it from others.
      cell: ({ name, kind }) => ({
        value: name === '' ? KINDS[kind].label : lastPart(name),
        icon: KINDS[kind].icon,
        ...(name === '' ? { tone: 'muted' } : { title: name }),
      }),
    },
  ],
  hidden: [
    { id: 'kind', kind: 'word', value: ({ kind }) => KINDS[kind].label },
    { id: 'end', kind: 'code', value: ({ end }) => digits(end) },
    { id: 'offset', kind: 'code', value: ({ offset }) => hex(offset) },
    { id: 'inode', kind: 'text', value: ({ inode }) => (inode === undefined ? null : String(inode)) },
    { id: 'device', kind: 'text', value: ({ device }) => device ?? null },
    { id: 'flags', kind: 'text', value: ({ flags, advice, status }) => [...flags, ...advice, ...status].join(' ') },
    { id: 'build', kind: 'code', value: ({ file }) => file?.buildId ?? null },
    { id: 'missing', kind: 'text', value: missing },
  ],
};

/** One row a mapping; its id is the first address, `0x…`. */
export function memoryTable(regions: readonly MemoryRegion[]): Table<MemoryRegion> {
  return new Table(MEMORY, regions, uniqueIds(regions.map(({ start }) => hex(start))), () => TOP);
}

/** Writable code is rare and what attacks leave behind. */
function permissions({ permissions: value, flags, advice, status }: MemoryRegion): GridCell {
  const title = [...flags, ...advice, ...status].join(' ');
  return { value, title, ...(value.includes('w') && value.includes('x') && { tone: 'warning' }) };
}

function dumped({ bytes }: MemoryRegion): number {
  return (bytes.own ?? 0) + (bytes.shared ?? 0);
}

/** Why bytes are not in the checkpoint, in the words of {@link MemorySource}. */
function missing({ bytes }: MemoryRegion): string {
  return Object.keys(bytes)
    .filter((source) => source !== 'own' && source !== 'shared')
    .join(' ');
}

function lastPart(name: string): string {
  return name.startsWith('/') ? (name.split('/').at(-1) ?? name) : name;
}

function digits(address: bigint): string {
  return address.toString(16).padStart(12, '0');
}
