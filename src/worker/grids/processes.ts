import type { GridCell } from '../../protocol/grid.ts';
import type { OpenCounts } from '../../protocol/open-files.ts';
import type { ProcessFacts, TaskState } from '../../protocol/processes.ts';
import { Table, TOP, uniqueIds, type TableKind } from './table.ts';

const STATES: Readonly<Record<TaskState, { readonly label: string } & Omit<GridCell, 'value'>>> = {
  running: { label: 'running', icon: 'play' },
  stopped: { label: 'stopped', icon: 'debug-pause', tone: 'warning' },
  zombie: { label: 'zombie', icon: 'circle-slash', tone: 'warning' },
  unknown: { label: 'unknown', icon: 'question', tone: 'warning' },
};

/** A process, and how much it had open, which is found out later. */
export interface ProcessRow extends ProcessFacts {
  readonly open?: OpenCounts | undefined;
}

/** The columns of `ps`; never anything of the environment. */
const PROCESSES: TableKind<ProcessRow> = {
  columns: [
    {
      id: 'name',
      label: 'Name',
      kind: 'text',
      flex: 1,
      width: 148,
      tree: true,
      value: ({ comm }) => comm ?? null,
      cell: ({ comm, complete }) => ({
        value: comm ?? null,
        icon: 'server-process',
        ...(!complete && { tone: 'muted' }),
      }),
    },
    { id: 'pid', label: 'PID', kind: 'number', width: 54, value: ({ pid }) => pid },
    {
      id: 'state',
      label: 'State',
      kind: 'word',
      width: 84,
      value: stateText,
      cell: (process) => {
        const { label: _label, ...look } = STATES[process.state];
        return { value: stateText(process), ...look };
      },
    },
    { id: 'threads', label: 'Threads', kind: 'number', width: 66, value: ({ threads }) => threads.length },
    { id: 'command', label: 'Command line', kind: 'code', flex: 3, width: 300, value: commandLine },
    {
      id: 'user',
      label: 'User',
      kind: 'number',
      width: 48,
      value: effectiveUser,
      cell: (process) => ({ value: effectiveUser(process), ...withTitle(identity(process)) }),
    },
    { id: 'dumped', label: 'Dumped', kind: 'size', width: 76, value: ({ dumpedBytes }) => dumpedBytes ?? null },
    { id: 'mapped', label: 'Mapped', kind: 'size', width: 84, value: ({ mappedBytes }) => mappedBytes ?? null },
    { id: 'files', label: 'Files', kind: 'number', width: 48, value: ({ open }) => open?.files ?? null },
    { id: 'sockets', label: 'Sockets', kind: 'number', width: 68, value: ({ open }) => open?.sockets ?? null },
    {
      id: 'cwd',
      label: 'Working directory',
      kind: 'code',
      flex: 1,
      value: ({ workingDirectory }) => workingDirectory ?? null,
    },
  ],
  hidden: [
    { id: 'ppid', kind: 'number', value: ({ ppid }) => ppid },
    { id: 'session', kind: 'number', value: ({ sid }) => sid },
    { id: 'group', kind: 'number', value: ({ pgid }) => pgid },
    { id: 'executable', kind: 'code', value: ({ executable }) => executable ?? null },
    {
      id: 'thread',
      kind: 'text',
      value: ({ threads }) => threads.map(({ tid, comm }) => `${tid} ${comm ?? ''}`).join('\n'),
    },
  ],
  file: ({ pid }) => ({ path: `/proc/${pid}` }),
};

/** @param processes parents before their children, in the order of pstree.img */
export function processTable(processes: readonly ProcessRow[]): Table<ProcessRow> {
  const numbers = new Map<number, number>();
  processes.forEach(({ pid }, number) => {
    if (!numbers.has(pid)) numbers.set(pid, number);
  });
  const ids = uniqueIds(processes.map(({ pid }) => String(pid)));
  return new Table(PROCESSES, processes, ids, ({ ppid }) => numbers.get(ppid) ?? TOP);
}

function stateText({ state, stateNumber }: ProcessFacts): string {
  return state === 'unknown' && stateNumber !== undefined ? `unknown (${stateNumber})` : STATES[state].label;
}

/** Arguments as they could be typed into a shell again. */
export function commandLine({ arguments: words }: Pick<ProcessFacts, 'arguments'>): string | null {
  return words?.map(quoteWord).join(' ') ?? null;
}

function quoteWord(word: string): string {
  return /^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function effectiveUser({ uids }: ProcessFacts): number | null {
  return uids?.[1] ?? null;
}

/** In the words of id(1). */
function identity({ uids, gids, groups }: ProcessFacts): string | undefined {
  if (!uids) return undefined;
  const [real, effective] = uids;
  const parts = [`uid=${real}`];
  if (gids) parts.push(`gid=${gids[0]}`);
  if (effective !== real) parts.push(`euid=${effective}`);
  if (gids && gids[1] !== gids[0]) parts.push(`egid=${gids[1]}`);
  if (groups && groups.length > 0) parts.push(`groups=${groups.join(',')}`);
  return parts.join(' ');
}

function withTitle(title: string | undefined): { title?: string } {
  return title === undefined ? {} : { title };
}
