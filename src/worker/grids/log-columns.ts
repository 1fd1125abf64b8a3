import type { GridCell } from '../../protocol/grid.ts';
import type { LogFormat, LogLevel, LogRecord } from '../../protocol/logs.ts';
import type { Column, HiddenField, TableKind } from './table.ts';

const LEVELS: Readonly<Record<LogLevel, Omit<GridCell, 'value'>>> = {
  error: { icon: 'error', tone: 'deleted' },
  warning: { icon: 'warning', tone: 'warning' },
  info: {},
};

/** CRIU indents by tabs. A line's details and copies of it have them. */
const TAB = '    ';

const TEXT: Column<LogRecord> = {
  id: 'text',
  label: 'Text',
  kind: 'code',
  flex: 5,
  value: ({ text }) => text,
  cell: ({ text, foreign }) => ({ value: text.replaceAll('\t', TAB), ...(foreign && { tone: 'muted' }) }),
};

/** What a runtime wrote down of the container's output. */
const OUTPUT: readonly Column<LogRecord>[] = [
  { id: 'time', label: 'Time', kind: 'time', width: 172, value: ({ time }) => time ?? null },
  {
    id: 'stream',
    label: 'Stream',
    kind: 'word',
    width: 70,
    value: ({ stream }) => stream ?? null,
    cell: ({ stream }) => ({ value: stream ?? null, tone: stream === 'stderr' ? 'warning' : 'muted' }),
  },
  TEXT,
];

/** CRIU's log. */
const CRIU: readonly Column<LogRecord>[] = [
  {
    id: 'elapsed',
    label: 'Seconds',
    kind: 'code',
    width: 80,
    value: ({ elapsed }) => (elapsed === undefined ? null : (elapsed / 1_000_000).toFixed(6)),
    sortBy: ({ elapsed }) => elapsed ?? null,
  },
  {
    id: 'level',
    label: 'Level',
    kind: 'word',
    width: 90,
    value: ({ level }) => level ?? null,
    cell: ({ level = 'info' }) => ({ value: level === 'info' ? null : level, ...LEVELS[level] }),
  },
  TEXT,
];

const SOURCE: HiddenField<LogRecord> = { id: 'source', kind: 'code', value: ({ source }) => source ?? null };

const KINDS: Readonly<Record<LogFormat, TableKind<LogRecord>>> = {
  cri: { columns: OUTPUT, hidden: [] },
  'json-file': { columns: OUTPUT, hidden: [] },
  criu: { columns: CRIU, hidden: [SOURCE] },
  plain: { columns: [TEXT], hidden: [] },
};

/** How a log of a format is shown. */
export function logKind(format: LogFormat): TableKind<LogRecord> {
  return KINDS[format];
}
