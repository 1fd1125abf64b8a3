import type { ChangeFacts, ChangeKind, ChangeSource, FileType } from '../../protocol/changes.ts';
import { fold } from '../../protocol/filter.ts';
import { TYPE_BITS } from '../../protocol/format.ts';
import type { GridCell } from '../../protocol/grid.ts';
import { compareNatural } from './natural-order.ts';
import { Table, TOP, type TableKind } from './table.ts';

/** A changed path, or a folder that is there only because something in it changed: then without facts. */
export interface ChangeRow {
  readonly path: string;
  readonly name: string;
  readonly facts?: ChangeFacts;
  /** Bytes of a file, or of all files below a folder. */
  readonly bytes: number | null;
  readonly isFolder: boolean;
  /** The file view shows this one of several at the path. */
  readonly inView: boolean;
}

const LETTERS: Readonly<Record<ChangeKind, string>> = {
  added: 'A',
  modified: 'M',
  'added-or-modified': 'A/M',
  deleted: 'D',
  mounted: '',
};

const TONES: Readonly<Record<ChangeKind, NonNullable<GridCell['tone']>>> = {
  added: 'added',
  modified: 'modified',
  'added-or-modified': 'modified',
  deleted: 'deleted',
  mounted: 'muted',
};

const SOURCES: Readonly<Record<ChangeSource, string>> = {
  'rootfs-diff': 'rootfs',
  volume: 'volume',
  'dev-shm': 'shm',
  tmpfs: 'tmpfs',
};

const ICONS: Readonly<Record<FileType, string>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'file-symlink-file',
  hardlink: 'link',
  'character-device': 'circuit-board',
  'block-device': 'circuit-board',
  fifo: 'arrow-swap',
  sparse: 'file-binary',
  unknown: 'question',
};

const REMARKABLE = new Set(['setuid', 'setgid', 'sticky-world-writable', 'capabilities', 'device']);

const CHANGES: TableKind<ChangeRow> = {
  columns: [
    { id: 'path', label: 'Name', kind: 'code', flex: 3, tree: true, value: ({ path }) => path, cell: nameCell },
    {
      id: 'kind',
      label: 'Change',
      kind: 'text',
      width: 70,
      value: ({ facts }) => (facts ? letter(facts) : null),
      cell: ({ facts }) =>
        facts ? { value: letter(facts), title: facts.kind, tone: TONES[facts.kind] } : { value: null },
    },
    {
      id: 'size',
      label: 'Size',
      kind: 'size',
      width: 90,
      value: ({ bytes, isFolder }) => (isFolder ? null : bytes),
      sortBy: ({ bytes }) => bytes,
      cell: ({ bytes, isFolder }) => ({ value: bytes, ...(isFolder && { tone: 'muted' }) }),
    },
    { id: 'mode', label: 'Mode', kind: 'mode', width: 100, value: modeOf },
    { id: 'owner', label: 'Owner', kind: 'text', width: 90, value: ({ facts }) => (facts ? ownerOf(facts) : null) },
    { id: 'mtime', label: 'Modified', kind: 'time', width: 150, value: ({ facts }) => facts?.mtime ?? null },
    {
      id: 'marks',
      label: 'Marks',
      kind: 'marks',
      width: 120,
      value: marksOf,
      cell: (row) => ({
        value: marksOf(row),
        ...(row.facts?.capabilities !== undefined && { title: row.facts.capabilities }),
        ...(row.facts?.marks.some((mark) => REMARKABLE.has(mark)) && { tone: 'warning' }),
      }),
    },
    { id: 'target', label: 'Link target', kind: 'code', flex: 1, value: ({ facts }) => facts?.linkTarget ?? null },
  ],
  hidden: [
    { id: 'change', kind: 'text', value: ({ facts }) => facts?.kind ?? null },
    { id: 'type', kind: 'text', value: ({ facts }) => facts?.type ?? null },
    { id: 'source', kind: 'text', value: ({ facts }) => facts?.source ?? null },
    { id: 'uid', kind: 'number', value: ({ facts }) => facts?.uid ?? null },
    { id: 'gid', kind: 'number', value: ({ facts }) => facts?.gid ?? null },
    { id: 'capabilities', kind: 'text', value: ({ facts }) => facts?.capabilities ?? null },
    { id: 'xattr', kind: 'text', value: ({ facts }) => facts?.xattrs?.map(({ name }) => name).join('\n') ?? null },
    { id: 'entry', kind: 'text', value: ({ facts }) => facts?.entry ?? null },
  ],
  id: ({ path }) => path,
  file: fileOf,
  isContext: ({ facts }) => facts === undefined,
};

/** Deeper paths than any file system takes hang at the top: each level of them would be a row. */
const MAX_LEVELS = 256;

/** A row while the tree is being put together. */
interface Node {
  readonly path: string;
  readonly name: string;
  readonly facts: ChangeFacts | undefined;
  readonly children: Node[];
  readonly key: string;
  parent: Node | undefined;
  inView: boolean;
  bytes: number;
  number: number;
}

/** The tree by path: folders first, names as people count. Of several at one path the last holds what is below. */
export function changeTable(changes: readonly ChangeFacts[]): Table<ChangeRow> {
  const nodes = inOrder(plant(changes));
  for (const node of nodes.toReversed()) {
    node.bytes += contentSize(node.facts);
    if (node.parent) node.parent.bytes += node.bytes;
  }
  const rows = nodes.map(toRow);
  return new Table(CHANGES, rows, (_row, number) => nodes[number]?.parent?.number ?? TOP);
}

/** @returns the nodes at the top */
function plant(changes: readonly ChangeFacts[]): Node[] {
  const top: Node[] = [];
  const known = new Map<string, Node>();
  for (const facts of changes) {
    const node = makeNode(facts.path, facts);
    const hidden = known.get(facts.path);
    // A deleted path has no content that could hide another's.
    if (hidden && facts.kind !== 'deleted') hidden.inView = false;
    if (!hidden || facts.kind !== 'deleted') known.set(facts.path, node);
    top.push(node);
  }
  const shown = top.splice(0);
  for (const node of shown) attach(node, known, top);
  return top;
}

/** Hangs a node below its folder, which is made up where it is not known, and so on upwards. */
function attach(node: Node, known: Map<string, Node>, top: Node[]): void {
  const tooDeep = isDeeper(node.path, MAX_LEVELS);
  for (let child = node; ;) {
    const path = tooDeep ? '' : parentPath(child.path);
    if (path === '') {
      top.push(child);
      return;
    }
    const parent = known.get(path);
    if (parent) {
      child.parent = parent;
      parent.children.push(child);
      return;
    }
    const folder = makeNode(path, undefined);
    known.set(path, folder);
    child.parent = folder;
    folder.children.push(child);
    child = folder;
  }
}

function makeNode(path: string, facts: ChangeFacts | undefined): Node {
  const name = path.slice(path.lastIndexOf('/', path.length - 2) + 1);
  return { path, name, facts, children: [], key: fold(name), parent: undefined, inView: true, bytes: 0, number: 0 };
}

/** Without the slash at the end; empty at the top. */
function parentPath(path: string): string {
  let end = path.lastIndexOf('/', path.length - 2);
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, Math.max(0, end));
}

function isDeeper(path: string, levels: number): boolean {
  let count = 0;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    if (++count > levels) return true;
  }
  return false;
}

/** Depth first, and numbered so. */
function inOrder(top: Node[]): Node[] {
  const ordered: Node[] = [];
  const waiting = top.sort(compareSiblings).reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    node.number = ordered.length;
    ordered.push(node);
    node.children.sort(compareSiblings);
    for (let index = node.children.length - 1; index >= 0; index--) {
      const child = node.children[index];
      if (child) waiting.push(child);
    }
  }
  return ordered;
}

function compareSiblings(a: Node, b: Node): number {
  return Number(isFolder(b)) - Number(isFolder(a)) || compareNatural(a.key, b.key) || compareNatural(a.name, b.name);
}

function isFolder(node: Node): boolean {
  return node.facts?.type === 'directory' || node.children.length > 0;
}

function contentSize(facts: ChangeFacts | undefined): number {
  return facts && (facts.type === 'file' || facts.type === 'sparse' || facts.type === 'hardlink')
    ? (facts.size ?? 0)
    : 0;
}

function toRow(node: Node): ChangeRow {
  const { path, name, facts, inView } = node;
  const folder = isFolder(node);
  const hasBytes = folder || facts?.type === 'file' || facts?.type === 'sparse' || facts?.type === 'hardlink';
  return { path, name, ...(facts && { facts }), bytes: hasBytes ? node.bytes : null, isFolder: folder, inView };
}

function nameCell({ name, facts, isFolder }: ChangeRow): GridCell {
  const icon = isFolder ? 'folder' : facts?.kind === 'deleted' ? 'trash' : ICONS[facts?.type ?? 'unknown'];
  return { value: name, icon, tone: facts ? TONES[facts.kind] : 'muted' };
}

/** The letter of git; what lay on a mount was never part of the container image, so it says on which. */
function letter({ kind, source }: ChangeFacts): string {
  return kind === 'mounted' ? SOURCES[source] : LETTERS[kind];
}

function modeOf({ facts }: ChangeRow): number | null {
  return facts?.mode === undefined ? null : facts.mode | TYPE_BITS[facts.type ?? 'unknown'];
}

function ownerOf({ uid, gid, userName, groupName }: ChangeFacts): string | null {
  if (uid === undefined && gid === undefined) return null;
  return `${nameOr(userName, uid)}:${nameOr(groupName, gid)}`;
}

/** Archives made by an engine have numbers only; an empty name is none. */
function nameOr(name: string | undefined, id: number | undefined): string {
  return name === undefined || name === '' ? String(id ?? '?') : name;
}

function marksOf({ facts }: ChangeRow): string | null {
  return facts && facts.marks.length > 0 ? facts.marks.join(' ') : null;
}

function fileOf({ path, facts, inView, isFolder }: ChangeRow): { path?: string; openable?: boolean } {
  if (!inView || (facts?.kind === 'deleted' && !isFolder)) return {};
  const type = facts?.type;
  return {
    path: `/rootfs${path}`,
    openable: !isFolder && (type === 'file' || type === 'hardlink' || type === 'sparse'),
  };
}
