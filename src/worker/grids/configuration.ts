import type { ConfigurationNode, ConfigurationTree } from '../../protocol/logs.ts';
import { MASK } from '../../protocol/format.ts';
import type { CellValue } from '../../protocol/grid.ts';
import { Table, type TableKind } from './table.ts';

const ICONS: Readonly<Partial<Record<ConfigurationNode['kind'], string>>> = { object: 'json', list: 'symbol-array' };

/** A file of JSON as a tree. Values of the environment are masked; the file in an editor has them. */
const CONFIGURATION: TableKind<ConfigurationNode> = {
  columns: [
    {
      id: 'key',
      label: 'Name',
      kind: 'text',
      flex: 2,
      tree: true,
      value: ({ key }) => key,
      cell: ({ key, kind }) => ({ value: key, ...(ICONS[kind] && { icon: ICONS[kind] }) }),
    },
    {
      id: 'value',
      label: 'Value',
      kind: 'code',
      flex: 4,
      value: valueOf,
      cell: (node) => ({
        value: valueOf(node),
        ...(node.secret && { masked: true }),
        ...((node.value === undefined || node.embedded) && { tone: 'muted' }),
      }),
    },
  ],
  hidden: [],
};

/** What may be seen, filtered and copied. What a text unfolds to stands below it: the text itself has its secrets. */
function valueOf({ kind, value, secret, embedded, members = 0 }: ConfigurationNode): CellValue {
  if (kind === 'object') return `{${members}}`;
  if (kind === 'list') return `[${members}]`;
  if (kind === 'null') return 'null';
  if (embedded) return `"{${members}}"`;
  if (secret === 'value') return MASK;
  if (secret === 'assignment' && typeof value === 'string') return `${value.slice(0, value.indexOf('=') + 1)}${MASK}`;
  return typeof value === 'boolean' ? String(value) : (value ?? null);
}

export function configurationTable({ nodes }: ConfigurationTree): Table<ConfigurationNode> {
  return new Table(
    CONFIGURATION,
    nodes,
    nodes.map((_, number) => String(number)),
    ({ parent }) => parent,
  );
}
