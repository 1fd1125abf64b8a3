import type { GridCell } from '../../protocol/grid.ts';
import { openFlagNames, remarksOf } from '../../protocol/open-file-words.ts';
import type { OpenFileFacts, OpenFileKind } from '../../protocol/open-files.ts';
import { say } from '../../protocol/sentence.ts';
import { Table, TOP, uniqueIds, type TableKind } from './table.ts';

/** An open descriptor and what its process is called. */
export interface FileRow {
  readonly file: OpenFileFacts;
  readonly command: string | undefined;
}

/** The word for each kind and its picture. */
const KINDS: Readonly<Record<OpenFileKind, { readonly label: string; readonly icon: string }>> = {
  file: { label: 'file', icon: 'file' },
  directory: { label: 'directory', icon: 'folder' },
  'character device': { label: 'character device', icon: 'circuit-board' },
  'block device': { label: 'block device', icon: 'circuit-board' },
  'symbolic link': { label: 'symbolic link', icon: 'file-symlink-file' },
  pipe: { label: 'pipe', icon: 'arrow-swap' },
  fifo: { label: 'fifo', icon: 'arrow-swap' },
  'TCP socket': { label: 'TCP socket', icon: 'plug' },
  'UDP socket': { label: 'UDP socket', icon: 'plug' },
  'raw socket': { label: 'raw socket', icon: 'plug' },
  'internet socket': { label: 'internet socket', icon: 'plug' },
  'UNIX socket': { label: 'UNIX socket', icon: 'plug' },
  'netlink socket': { label: 'netlink socket', icon: 'plug' },
  'packet socket': { label: 'packet socket', icon: 'plug' },
  eventfd: { label: 'eventfd', icon: 'symbol-event' },
  epoll: { label: 'epoll', icon: 'list-flat' },
  timerfd: { label: 'timerfd', icon: 'watch' },
  signalfd: { label: 'signalfd', icon: 'bell' },
  inotify: { label: 'inotify', icon: 'eye' },
  fanotify: { label: 'fanotify', icon: 'eye' },
  memfd: { label: 'memfd', icon: 'chip' },
  terminal: { label: 'terminal', icon: 'terminal' },
  pidfd: { label: 'pidfd', icon: 'server-process' },
  namespace: { label: 'namespace', icon: 'layers' },
  tun: { label: 'tun', icon: 'globe' },
  'BPF map': { label: 'BPF map', icon: 'symbol-array' },
  external: { label: 'external', icon: 'link-external' },
  unknown: { label: 'unknown', icon: 'question' },
};

/** The columns of lsof. */
const FILES: TableKind<FileRow> = {
  columns: [
    { id: 'fd', label: 'FD', kind: 'number', width: 48, value: ({ file }) => file.fd },
    {
      id: 'process',
      label: 'Process',
      kind: 'text',
      width: 112,
      value: processText,
      sortBy: ({ file }) => file.pid,
      cell: (row) => ({
        value: processText(row),
        link: { tab: 'processes', row: String(row.file.pid), pid: row.file.pid },
      }),
    },
    {
      id: 'type',
      label: 'Type',
      kind: 'word',
      width: 146,
      value: typeText,
      cell: (row) => ({ value: typeText(row), icon: KINDS[row.file.kind].icon }),
    },
    {
      id: 'target',
      label: 'Target',
      kind: 'code',
      flex: 3,
      width: 360,
      value: ({ file }) => file.target,
      cell: ({ file }) => ({ value: file.target, ...toneOf(file) }),
    },
    {
      id: 'note',
      label: 'Note',
      kind: 'text',
      flex: 2,
      width: 360,
      value: ({ file }) => noteText(file),
      cell: ({ file }) => {
        const said = remarksOf(file);
        return { value: noteText(file), ...(said.length > 0 && { said }), ...toneOf(file) };
      },
    },
    {
      id: 'flags',
      label: 'Flags',
      kind: 'code',
      flex: 1,
      width: 160,
      value: ({ file }) => openFlagNames(file).join('|'),
    },
    {
      id: 'position',
      label: 'Position',
      kind: 'number',
      width: 84,
      value: ({ file }) => (file.position === undefined ? null : Number(file.position)),
    },
  ],
  hidden: [
    { id: 'pid', kind: 'number', value: ({ file }) => file.pid },
    { id: 'path', kind: 'code', value: ({ file }) => file.path ?? null },
    { id: 'size', kind: 'size', value: ({ file }) => (file.size === undefined ? null : Number(file.size)) },
    { id: 'mode', kind: 'mode', value: ({ file }) => file.mode ?? null },
    { id: 'unread', kind: 'size', value: ({ file }) => file.unread ?? null },
    { id: 'inode', kind: 'number', value: ({ file }) => (file.inode === undefined ? null : Number(file.inode)) },
    { id: 'mount', kind: 'number', value: ({ file }) => file.mountId ?? null },
    { id: 'cloexec', kind: 'word', value: ({ file }) => file.closeOnExec },
  ],
  concerns: ({ file }, pid) => file.pid === pid,
  file: ({ file }) => {
    const [content] = file.contents ?? [];
    return { path: content?.path ?? `/proc/${file.pid}/fdinfo/${file.fd}`, openable: content !== undefined };
  },
};

/** @param commands names of processes by pid */
export function fileTable(
  files: readonly OpenFileFacts[],
  commands: ReadonlyMap<number, string | undefined>,
): Table<FileRow> {
  const rows = files.map((file) => ({ file, command: commands.get(file.pid) }));
  return new Table(FILES, rows, uniqueIds(files.map(({ pid, fd }) => `${pid}/${fd}`)), () => TOP);
}

/** CRIU's own word for a kind that is not known here. */
function typeText({ file }: FileRow): string {
  return file.kind === 'unknown' ? file.type : KINDS[file.kind].label;
}

function processText({ file, command }: FileRow): string {
  return command === undefined ? String(file.pid) : `${command} ${file.pid}`;
}

function noteText(file: OpenFileFacts): string | null {
  const said = remarksOf(file).map((remark) => say(remark));
  return said.length === 0 ? null : said.join(', ');
}

function toneOf({ deleted, missing }: OpenFileFacts): Pick<GridCell, 'tone'> {
  if (missing) return { tone: 'warning' };
  return deleted ? { tone: 'deleted' } : {};
}
