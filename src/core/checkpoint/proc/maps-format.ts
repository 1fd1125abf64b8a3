import type { MemoryMapping, MemoryRegion, MemorySource } from '../../../protocol/memory.ts';
import { bytesAsText, textAsBytes } from '../../bytes/byte-text.ts';
import { MACHINE } from '../../criu/architectures.ts';
import type { MemoryWalk } from '../memory/memory.ts';

/** Where the names of mappings begin, which depends on the size of a pointer. Source: fs/proc/task_mmu.c. */
function nameColumn(machine: number | undefined): number {
  return 24 + 6 * (machine === MACHINE.arm ? 4 : 8);
}

/**
 * /proc/PID/maps. Device and inode stand as zeros where no image tells them. Source of the columns: the kernel's
 * fs/proc/task_mmu.c, show_vma_header_prefix and show_map_vma.
 * @param machine core_entry.mtype
 */
export function formatMaps(mappings: AsyncIterable<MemoryMapping>, machine: number | undefined): Promise<Uint8Array> {
  const column = nameColumn(machine);
  return encoded(mappings, (mapping) => mapsLine(mapping, column));
}

/** Letters that are encoded at once. */
const PIECE = 1 << 16;

/** As bytes piece by piece: of a quarter of a million mappings the lines alone would be a hundred megabytes. */
async function encoded<T>(items: AsyncIterable<T>, format: (item: T) => string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let text = '';
  for await (const item of items) {
    text += format(item);
    if (text.length < PIECE) continue;
    pieces.push(textAsBytes(text));
    text = '';
  }
  return Buffer.concat([...pieces, textAsBytes(text)]);
}

function mapsLine(mapping: MemoryMapping, column: number): string {
  const { start, end, permissions, offset, device = '00:00', inode = 0n, nameBytes } = mapping;
  const name = nameBytes === undefined ? mapping.name : bytesAsText(Buffer.from(nameBytes, 'base64'));
  const head = `${address(start)}-${address(end)} ${permissions} ${address(offset)} ${device} ${String(inode)}`;
  return name === '' ? `${head} \n` : `${head.padEnd(column)} ${name.replaceAll('\n', '\\012')}\n`;
}

/** What the dump holds of a mapping, by the name of its line: none that the kernel has. */
const BYTES: readonly (readonly [source: MemorySource, name: string])[] = [
  ['own', 'Dumped'],
  ['shared', 'DumpedShared'],
  ['parent', 'InParent'],
  ['lazy', 'Lazy'],
  ['file', 'InFile'],
  ['untouched', 'Untouched'],
  ['guard', 'Guard'],
  ['kernel', 'Kernel'],
  ['lost', 'Lost'],
];

/**
 * /proc/PID/smaps, as far as a checkpoint knows it: sizes and VmFlags are the kernel's, in its order; how much was
 * resident is not recorded, and in its place stands what the dump holds.
 */
export function formatSmaps({ regions, pageSize }: MemoryWalk, machine: number | undefined): Promise<Uint8Array> {
  const column = nameColumn(machine);
  return encoded(regions, (region) => {
    const size = Number(region.end - region.start);
    const lines = [
      kilobytes('Size', size),
      kilobytes('KernelPageSize', region.hugePageBytes ?? pageSize),
      ...BYTES.flatMap(([source, name]) => {
        const bytes = region.bytes[source];
        return bytes === undefined ? [] : [kilobytes(name, bytes)];
      }),
      `VmFlags: ${flagWords(region)
        .map((word) => `${word} `)
        .join('')}\n`,
    ];
    return mapsLine(region, column) + lines.join('');
  });
}

/** Source: fs/proc/task_mmu.c, show_smap: `%-15s %8lu kB`. */
function kilobytes(name: string, bytes: number): string {
  return `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
}

/** The two letters of each flag that CRIU keeps, in the order of fs/proc/task_mmu.c, show_smap_vma_flags. */
const FLAGS: readonly (readonly [word: string, letters: string])[] = [
  ['MAP_SHARED', 'sh'],
  ['MAP_GROWSDOWN', 'gd'],
  ['MAP_LOCKED', 'lo'],
  ['MADV_SEQUENTIAL', 'sr'],
  ['MADV_RANDOM', 'rr'],
  ['MADV_DONTFORK', 'dc'],
  ['MAP_NORESERVE', 'nr'],
  ['MAP_HUGETLB', 'ht'],
  ['MADV_WIPEONFORK', 'wf'],
  ['MADV_DONTDUMP', 'dd'],
  ['MADV_HUGEPAGE', 'hg'],
  ['MADV_NOHUGEPAGE', 'nh'],
  ['MADV_MERGEABLE', 'mg'],
  ['VMA_AREA_SHSTK', 'ss'],
  ['MAP_DROPPABLE', 'dp'],
];

function flagWords({ permissions, flags, advice, status }: MemoryRegion): readonly string[] {
  const has = new Set([...flags, ...advice, ...status]);
  const access = [
    ['r', 'rd'],
    ['w', 'wr'],
    ['x', 'ex'],
  ].flatMap(([letter = '', word = '']) => (permissions.includes(letter) ? [word] : []));
  return [...access, ...FLAGS.flatMap(([word, letters]) => (has.has(word) ? [letters] : []))];
}

function address(value: bigint): string {
  return value.toString(16).padStart(8, '0');
}
