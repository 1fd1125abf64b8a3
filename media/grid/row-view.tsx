import { Component } from 'preact';
import type { Filter } from '../../src/protocol/filter.ts';
import { escapeText } from '../../src/protocol/format.ts';
import type { GridCell, GridColumn, GridName, GridRow } from '../../src/protocol/grid.ts';
import { locale } from '../text.ts';
import { cellText, cellTitle, isRightAligned } from './cell-text.ts';

interface RowProps {
  readonly grid: GridName;
  readonly columns: readonly GridColumn[];
  readonly row: GridRow | undefined;
  readonly index: number;
  /** Pixels from the top of the canvas. */
  readonly y: number;
  readonly focused: boolean;
  readonly selected: boolean;
  readonly filter: Filter;
}

export function rowId(grid: GridName, index: number): string {
  return `${grid}-row-${String(index)}`;
}

/** One row; drawn again only when something of it changed. A row that has not come yet is an empty one. */
export class RowView extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((key) => next[key] !== this.props[key]);
  }

  override render({ grid, columns, row, index, y, focused, selected, filter }: RowProps) {
    const style = { transform: `translateY(${String(y)}px)` };
    if (!row) return <div class="row waiting" role="row" aria-busy="true" aria-rowindex={index + 2} style={style} />;
    return (
      <div
        id={rowId(grid, index)}
        class={[
          'row',
          index % 2 ? 'odd' : '',
          focused ? 'focused' : '',
          selected ? 'selected' : '',
          row.context ? 'context' : '',
        ].join(' ')}
        role="row"
        data-index={index}
        aria-rowindex={index + 2}
        aria-level={row.depth + 1}
        aria-posinset={row.position}
        aria-setsize={row.siblings}
        aria-expanded={row.expandable ? row.expanded : undefined}
        aria-selected={selected}
        data-vscode-context={menuContext(grid, row)}
        style={style}
      >
        {columns.map((column, at) => (
          <CellView key={column.id} column={column} cell={row.cells[at]} row={row} filter={filter} />
        ))}
      </div>
    );
  }
}

function CellView({
  column,
  cell,
  row,
  filter,
}: {
  column: GridColumn;
  cell: GridCell | undefined;
  row: GridRow;
  filter: Filter;
}) {
  const text = cell ? cellText(cell, column.kind) : '';
  const classes = [
    'cell',
    `kind-${column.kind}`,
    column.tree ? 'tree' : '',
    cell?.tone ?? '',
    cell?.masked ? 'masked' : '',
    isRightAligned(column.kind) ? 'right' : '',
  ];
  return (
    <div
      class={classes.join(' ')}
      role="gridcell"
      title={cell && cellTitle(cell, column.kind, text, Date.now(), locale())}
    >
      {column.tree && <span class="indent" style={{ width: `${String(row.depth * INDENT)}px` }} />}
      {column.tree && (
        <span
          class={`twistie codicon ${row.expandable ? (row.expanded ? 'codicon-chevron-down' : 'codicon-chevron-right') : ''}`}
        />
      )}
      {cell?.icon !== undefined && <span class={`codicon codicon-${cell.icon}`} />}
      <span class={cell?.link ? 'text link' : 'text'}>
        {cell?.mark ? (
          <Marked cell={cell} mark={cell.mark} />
        ) : cell && !cell.masked && !filter.empty ? (
          <Highlighted text={text} field={column.id} filter={filter} />
        ) : (
          text
        )}
      </span>
    </div>
  );
}

const INDENT = 8;

/** What was looked for, in what stands around it. */
function Marked({ cell, mark: [start, end] }: { cell: GridCell; mark: NonNullable<GridCell['mark']> }) {
  const value = String(cell.value ?? '');
  return (
    <>
      {escapeText(value.slice(0, start))}
      <mark>{escapeText(value.slice(start, end))}</mark>
      {escapeText(value.slice(end))}
    </>
  );
}

function Highlighted({ text, field, filter }: { text: string; field: string; filter: Filter }) {
  let at = 0;
  const parts = filter.highlight(text, field).flatMap(([start, end]) => {
    const before = text.slice(at, start);
    at = end;
    return [before, <mark key={start}>{text.slice(start, end)}</mark>];
  });
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  );
}

/** What VS Code hands to the commands of the context menu. */
function menuContext(grid: GridName, row: GridRow): string {
  return JSON.stringify({
    webviewSection: 'row',
    grid,
    id: row.id,
    ...(row.path !== undefined && { path: row.path }),
    openable: row.openable === true,
    preventDefaultContextMenuItems: true,
  });
}
