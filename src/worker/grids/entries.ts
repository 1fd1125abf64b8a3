import type { RawEntry } from '../../protocol/raw.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { compareNatural } from './natural-order.ts';
import { Table, TOP, type TableKind } from './table.ts';

/** An entry of the archive, or a folder that is there only because something is in it. */
interface EntryRow {
  readonly path: string;
  readonly name: string;
  readonly entry: RawEntry | undefined;
}

const ICONS: Readonly<Record<RawEntry['view'], string>> = {
  tree: 'symbol-structure',
  text: 'file-text',
  bytes: 'file-binary',
  none: 'file-symlink-file',
};

const FOLDER: { readonly label: string } = { label: 'Folder' };

const ENTRIES: TableKind<EntryRow> = {
  columns: [
    {
      id: 'name',
      label: 'Name',
      kind: 'code',
      flex: 2,
      width: 170,
      tree: true,
      value: ({ path }) => path,
      sortBy: ({ name }) => name,
      cell: ({ name, path, entry }) => ({
        value: name,
        ...(name !== path && { title: path }),
        icon: isFolder(entry) ? 'folder' : ICONS[entry?.view ?? 'none'],
        ...(entry?.linkTarget !== undefined && { title: `${path} → ${entry.linkTarget}` }),
      }),
    },
    {
      id: 'size',
      label: 'Size',
      kind: 'size',
      width: 72,
      value: ({ entry }) => (entry && !isFolder(entry) && entry.type !== 'symlink' ? entry.size : null),
    },
    {
      id: 'what',
      label: 'What it holds',
      kind: 'word',
      flex: 3,
      width: 340,
      value: ({ entry }) => entry?.what ?? FOLDER.label,
      cell: ({ entry }) => ({ value: entry?.what ?? FOLDER.label, ...(isFolder(entry) && { tone: 'muted' }) }),
    },
  ],
  hidden: [
    // CRIU's own name of it: says what the column before says, and would be cut beside the detail, which has it.
    { id: 'kind', kind: 'text', value: ({ entry }) => entry?.kind ?? null },
    { id: 'pid', kind: 'number', value: ({ entry }) => entry?.pid ?? null },
  ],
  file: ({ path, entry }) => ({
    path: `/archive/${path}`,
    ...(entry?.view === 'text' && { openable: true }),
  }),
  isContext: ({ entry }) => isFolder(entry),
};

function isFolder(entry: RawEntry | undefined): boolean {
  return entry === undefined || entry.type === 'directory';
}

/**
 * The archive as a tree of folders, each in natural order: `core-2` before `core-10`.
 * @param processes of images that belong to one thread, whose it is
 */
export function entryTable(
  entries: readonly RawEntry[],
  processes: readonly Pick<ProcessFacts, 'pid' | 'threads'>[] = [],
): Table<EntryRow> {
  const owners = new Map(processes.flatMap(({ pid, threads }) => threads.map(({ tid }) => [tid, pid] as const)));
  const byPath = new Map<string, EntryRow>();
  for (const entry of entries) {
    const pid = entry.kind === 'CORE' ? owners.get(Number(/(\d+)\.img$/.exec(entry.path)?.[1])) : undefined;
    const row = { path: entry.path, name: lastOf(entry.path), entry: pid === undefined ? entry : { ...entry, pid } };
    byPath.set(entry.path, row);
  }
  for (const path of [...byPath.keys()]) {
    for (let above = folderOf(path); above !== undefined && !byPath.has(above); above = folderOf(above)) {
      byPath.set(above, { path: above, name: lastOf(above), entry: undefined });
    }
  }
  const rows = [...byPath.values()].sort(comparePlaces);
  const numbers = new Map(rows.map(({ path }, number) => [path, number]));
  const kind: TableKind<EntryRow> = {
    ...ENTRIES,
    concerns: ({ entry }, pid) => entry?.pid === undefined || entry.pid === pid,
  };
  return new Table(
    kind,
    rows,
    rows.map(({ path }) => path),
    ({ path }) => numbers.get(folderOf(path) ?? '') ?? TOP,
  );
}

function folderOf(path: string): string | undefined {
  const end = path.lastIndexOf('/');
  return end <= 0 ? undefined : path.slice(0, end);
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Part by part, so that a folder stands before what is in it. */
function comparePlaces(a: EntryRow, b: EntryRow): number {
  const [one, other] = [a.path.split('/'), b.path.split('/')];
  for (let part = 0; part < Math.min(one.length, other.length); part++) {
    const order = compareNatural(one[part] ?? '', other[part] ?? '');
    if (order !== 0) return order;
  }
  return one.length - other.length;
}
