import type { GridCell } from '../../protocol/grid.ts';
import type { Place } from '../../protocol/place.ts';
import { readable } from '../../protocol/readable.ts';
import type { MatchSource, SearchMatch } from '../../protocol/search.ts';
import { hex } from '../../protocol/wire.ts';
import { Table, TOP, type TableKind } from './table.ts';

const SOURCES: Readonly<Record<MatchSource, { readonly label: string; readonly icon: string }>> = {
  memory: { label: 'memory', icon: 'chip' },
  shared: { label: 'shared memory', icon: 'link' },
  'mapped-file': { label: 'mapped file', icon: 'file-symlink-file' },
  memfd: { label: 'memfd', icon: 'chip' },
  ghost: { label: 'deleted file', icon: 'trash' },
  pipe: { label: 'pipe', icon: 'arrow-swap' },
  fifo: { label: 'fifo', icon: 'arrow-swap' },
  tty: { label: 'terminal', icon: 'terminal' },
  socket: { label: 'socket', icon: 'plug' },
  'message-queue': { label: 'message queue', icon: 'mail' },
  'bpf-map': { label: 'BPF map', icon: 'symbol-array' },
  file: { label: 'file', icon: 'file' },
  archive: { label: 'archive entry', icon: 'package' },
};

/** Where each match is, whose it is, and what stands around it. */
export const SEARCH_KIND: TableKind<SearchMatch> = {
  columns: [
    {
      id: 'address',
      label: 'Address',
      kind: 'code',
      width: 132,
      value: place,
      sortBy: ({ address, offset = 0 }) => (address === null ? offset : Number(address)),
      cell: placeCell,
    },
    {
      id: 'process',
      label: 'Process',
      kind: 'text',
      width: 140,
      value: who,
      sortBy: ({ pid, holders }) => pid ?? holders?.[0]?.pid ?? null,
      cell: whoCell,
    },
    {
      id: 'source',
      label: 'Source',
      kind: 'word',
      width: 128,
      value: ({ source }) => SOURCES[source].label,
      cell: ({ source }) => ({ value: SOURCES[source].label, icon: SOURCES[source].icon }),
    },
    {
      id: 'region',
      label: 'Region',
      kind: 'code',
      flex: 1,
      value: ({ region }) => region,
      cell: ({ region }) => (region === '' ? { value: 'anonymous', tone: 'muted' } : { value: region }),
    },
    {
      id: 'context',
      label: 'Context',
      kind: 'code',
      flex: 2,
      value: (match) => contextCell(match).value,
      cell: contextCell,
    },
  ],
  hidden: [
    { id: 'pid', kind: 'number', value: ({ pid }) => pid },
    { id: 'length', kind: 'size', value: ({ length }) => length },
    { id: 'encoding', kind: 'word', value: ({ encoding }) => encoding ?? null },
    { id: 'path', kind: 'code', value: ({ path }) => path ?? null },
  ],
  file: ({ path, pid }) => (path === undefined ? {} : { path, openable: pid === null }),
};

/** One row a match, in the order in which they were found; ids are their numbers. */
export function searchTable(matches: readonly SearchMatch[]): Table<SearchMatch> {
  return new Table(
    SEARCH_KIND,
    matches,
    matches.map((_, number) => String(number)),
    () => TOP,
  );
}

/** An address, or how far from the beginning. */
function place({ address, offset = 0 }: SearchMatch): string {
  return address === null ? `+${hex(BigInt(offset))}` : address.toString(16).padStart(12, '0');
}

/** Leads to the bytes where a tab shows them, else to what holds them. */
function placeCell(match: SearchMatch): GridCell {
  const link = whereTo(match);
  return { value: place(match), ...(match.address === null && { tone: 'muted' }), ...(link && { link }) };
}

function whereTo({ pid, address, length, holders = [], path }: SearchMatch): Place | undefined {
  if (pid !== null && address !== null) return { tab: 'memory', pid, address: hex(address), length };
  const [holder] = holders;
  if (holder) return { tab: 'files', row: `${String(holder.pid)}/${String(holder.fd)}` };
  if (path?.startsWith(ROOTFS)) return { tab: 'filesystem', row: path.slice(ROOTFS.length) };
  if (path?.startsWith(ARCHIVE)) return { tab: 'raw', row: path.slice(ARCHIVE.length) };
  return undefined;
}

/** Where the file view has the container's files, and the entries of the archive. */
const ROOTFS = '/rootfs';
const ARCHIVE = '/archive/';

/** The process that has it in its memory, or those that have it open. */
function who({ pid, process, holders = [] }: SearchMatch): string | null {
  if (pid !== null) return process === null ? String(pid) : `${process} ${String(pid)}`;
  return holders.length === 0 ? null : holders.map((holder) => `${String(holder.pid)}/${String(holder.fd)}`).join(' ');
}

function whoCell(match: SearchMatch): GridCell {
  const value = who(match);
  const { pid, holders = [] } = match;
  const [holder] = holders;
  if (pid !== null) return { value, link: { tab: 'processes', row: String(pid), pid } };
  if (!holder) return { value };
  return {
    value,
    title: holders.map(({ pid: of, fd }) => `/proc/${String(of)}/fd/${String(fd)}`).join('\n'),
    link: { tab: 'files', row: `${String(holder.pid)}/${String(holder.fd)}` },
  };
}

/** What stands around a match, read as it is written itself, with the match marked unless it is alone. */
function contextCell({ context, contextOffset, length, encoding }: SearchMatch): GridCell & { readonly value: string } {
  const end = Math.min(context.length, contextOffset + length);
  // Units of two bytes are counted from the match on.
  const start = encoding?.startsWith('utf-16') ? contextOffset % 2 : 0;
  const before = readable(context.subarray(start, contextOffset), encoding);
  const found = readable(context.subarray(contextOffset, end), encoding);
  const value = before + found + readable(context.subarray(end), encoding);
  return value === found ? { value } : { value, mark: [before.length, before.length + found.length] };
}
