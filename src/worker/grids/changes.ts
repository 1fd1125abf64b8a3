import type { ListedChange } from '../../core/checkpoint/changes.ts';
import type { ChangeFacts, ChangeKind, ChangeMark, ChangeSource, FileType } from '../../protocol/changes.ts';
import { fold } from '../../protocol/filter.ts';
import { TYPE_BITS } from '../../protocol/format.ts';
import type { GridCell } from '../../protocol/grid.ts';
import { compareNatural } from './natural-order.ts';
import { apart, Table, TOP, type TableKind } from './table.ts';

/** A changed path, or a folder that is there only because something in it changed: then without facts. */
export interface ChangeRow {
  readonly path: string;
  readonly name: string;
  readonly change: ListedChange | undefined;
  /** All that there is to say of the change. */
  readonly facts: ChangeFacts | undefined;
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

const MARKS: Readonly<Record<ChangeMark, { readonly label: string }>> = {
  setuid: { label: 'setuid' },
  setgid: { label: 'setgid' },
  'sticky-world-writable': { label: 'sticky-world-writable' },
  capabilities: { label: 'capabilities' },
  device: { label: 'device' },
  executable: { label: 'executable' },
  opaque: { label: 'opaque' },
};

const CHANGES: TableKind<ChangeRow> = {
  columns: [
    {
      id: 'path',
      label: 'Name',
      kind: 'code',
      flex: 3,
      width: 200,
      tree: true,
      value: ({ path }) => path,
      cell: nameCell,
    },
    {
      id: 'kind',
      label: 'Change',
      kind: 'text',
      width: 62,
      value: ({ facts }) => (facts ? letter(facts) : null),
      cell: ({ facts }) =>
        facts ? { value: letter(facts), title: facts.kind, tone: TONES[facts.kind] } : { value: null },
    },
    {
      id: 'marks',
      label: 'Marks',
      kind: 'marks',
      flex: 1,
      width: 172,
      value: marksOf,
      cell: (row) => ({
        value: marksOf(row),
        ...(row.facts?.capabilities !== undefined && { title: row.facts.capabilities }),
        ...(row.facts?.marks.some((mark) => isRemarkable(mark, row.facts)) && { tone: 'warning' }),
      }),
    },
    {
      id: 'size',
      label: 'Size',
      kind: 'size',
      width: 78,
      value: ({ bytes, isFolder }) => (isFolder ? null : bytes),
      sortBy: ({ bytes }) => bytes,
      cell: ({ bytes, isFolder }) => ({ value: bytes, ...(isFolder && { tone: 'muted' }) }),
    },
    { id: 'mode', label: 'Mode', kind: 'mode', width: 100, value: modeOf },
    { id: 'owner', label: 'Owner', kind: 'text', width: 72, value: ({ facts }) => (facts ? ownerOf(facts) : null) },
    { id: 'mtime', label: 'Modified', kind: 'time', width: 150, value: ({ facts }) => facts?.mtime ?? null },
    {
      id: 'target',
      label: 'Link target',
      kind: 'code',
      flex: 1,
      width: 120,
      value: ({ facts }) => facts?.linkTarget ?? null,
    },
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
  file: fileOf,
  isContext: ({ change }) => change === undefined,
};

/** Deeper paths than any file system takes hang at the top: each level of them would be a row. */
const MAX_LEVELS = 256;

/** Of most rows: nothing lies below them. */
const NONE: Node[] = [];

/** A row while the tree is being put together. */
class Node implements ChangeRow {
  readonly path: string;
  readonly name: string;
  readonly change: ListedChange | undefined;
  /** The name as it is compared. */
  readonly key: string;
  children = NONE;
  parent: Node | undefined;
  number = 0;
  /** The path; of several at one path only that of the one in the file view. */
  id: string;
  bytes: number | null;
  isFolder: boolean;
  inView = true;
  /** It, or something below it, is a change and not only the content of a mount. */
  isChange: boolean;

  constructor(path: string, change: ListedChange | undefined) {
    this.path = path;
    this.name = path.slice(path.lastIndexOf('/', path.length - 2) + 1);
    this.id = path;
    this.change = change;
    this.key = fold(this.name);
    this.parent = undefined;
    this.isFolder = change?.type === 'directory';
    this.bytes = this.isFolder ? 0 : contentSize(change);
    this.isChange = change !== undefined && change.kind !== 'mounted';
  }

  get facts(): ChangeFacts | undefined {
    return this.change?.facts;
  }
}

/**
 * The tree by path: changes before what lay on mounts, folders first, names as people count. Of several at one path the
 * last holds what is below.
 */
export function changeTable(changes: readonly ListedChange[]): Table<ChangeRow> {
  const nodes = inOrder(plant(changes));
  for (let number = nodes.length - 1; number >= 0; number--) {
    const node = nodes[number];
    if (node?.parent && node.bytes !== null) node.parent.bytes = (node.parent.bytes ?? 0) + node.bytes;
  }
  const ids = nodes.map(({ id }) => id);
  return new Table<ChangeRow>(CHANGES, nodes, ids, (_row, number) => nodes[number]?.parent?.number ?? TOP);
}

/** @returns the nodes at the top */
function plant(changes: readonly ListedChange[]): Node[] {
  const byPath = new Map<string, Node>();
  const nodes = changes.map((change, index) => {
    const { path } = change;
    const node = new Node(path, change);
    const earlier = byPath.get(path);
    // A deleted path has no content that could hide another's.
    const hidden = earlier && change.kind === 'deleted' ? node : earlier;
    if (hidden) {
      hidden.inView = false;
      hidden.id = apart(path, index);
    }
    if (hidden !== node) byPath.set(path, node);
    return node;
  });
  const top: Node[] = [];
  let folder: Node | undefined;
  for (const node of nodes) {
    // Archives list what is in one folder together: most often it is that of the one before.
    if (folder && liesIn(node, folder)) adopt(folder, node);
    else attach(node, byPath, top);
    folder = node.parent;
  }
  return top;
}

/** Hangs a node below its folder, which is made up where it is not known, and so on upwards. */
function attach(node: Node, byPath: Map<string, Node>, top: Node[]): void {
  const tooDeep = isDeeper(node.path, MAX_LEVELS);
  for (let child = node; ;) {
    const path = tooDeep ? '' : parentPath(child.path);
    if (path === '') {
      top.push(child);
      return;
    }
    const known = byPath.get(path);
    const folder = known ?? new Node(path, undefined);
    adopt(folder, child);
    if (known) return;
    byPath.set(path, folder);
    child = folder;
  }
}

function adopt(folder: Node, child: Node): void {
  child.parent = folder;
  if (folder.children === NONE) folder.children = [child];
  else folder.children.push(child);
  folder.isFolder = true;
  folder.bytes ??= 0;
  if (!child.isChange) return;
  for (let above: Node | undefined = folder; above && !above.isChange; above = above.parent) above.isChange = true;
}

/** Directly in it. */
function liesIn({ path, name }: Node, folder: Node): boolean {
  const slash = path.length - name.length - 1;
  return slash === folder.path.length && path.charAt(slash) === '/' && path.startsWith(folder.path);
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
    if (node.children.length > 1) node.children.sort(compareSiblings);
    for (let index = node.children.length - 1; index >= 0; index--) {
      const child = node.children[index];
      if (child) waiting.push(child);
    }
  }
  return ordered;
}

function compareSiblings(a: Node, b: Node): number {
  if (a.isChange !== b.isChange) return a.isChange ? -1 : 1;
  if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1;
  return compareNatural(a.key, b.key) || compareNatural(a.name, b.name);
}

/** Null for what has no content. */
function contentSize(change: ListedChange | undefined): number | null {
  const type = change?.type;
  return type === 'file' || type === 'sparse' || type === 'hardlink' ? (change?.size ?? 0) : null;
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

/** Devices belong on a tmpfs at /dev, but in no rootfs; /tmp is sticky by right. */
function isRemarkable(mark: ChangeMark, facts: ChangeFacts | undefined): boolean {
  if (mark === 'device') return facts?.source === 'rootfs-diff';
  return mark === 'setuid' || mark === 'setgid' || mark === 'capabilities';
}

function marksOf({ facts }: ChangeRow): string | null {
  return facts && facts.marks.length > 0 ? facts.marks.map((mark) => MARKS[mark].label).join(' ') : null;
}

function fileOf({ path, facts, inView, isFolder }: ChangeRow): { path?: string; openable?: boolean } {
  if (!inView || (facts?.kind === 'deleted' && !isFolder)) return {};
  const type = facts?.type;
  return {
    path: `/rootfs${path}`,
    openable: !isFolder && (type === 'file' || type === 'hardlink' || type === 'sparse'),
  };
}
