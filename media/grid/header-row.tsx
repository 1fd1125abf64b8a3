import { useRef } from 'preact/hooks';
import type { GridColumn } from '../../src/protocol/grid.ts';
import { t } from '../text.ts';
import { isRightAligned } from './cell-text.ts';
import { MIN_COLUMN } from './columns.ts';

interface HeaderProps {
  readonly columns: readonly GridColumn[];
  readonly widths: readonly number[];
  readonly sort: { readonly column: string; readonly descending: boolean } | undefined;
  readonly onSort: (column: string) => void;
  readonly onResize: (column: string, width: number) => void;
  /** Width that the rows in view need. */
  readonly onFit: (column: string) => void;
}

const KEY_STEP = 10;

/**
 * Column titles: a click sorts, the border at the right drags. One stop for Tab; arrows go from title to title, Enter
 * sorts, Shift with arrows changes the width.
 */
export function HeaderRow(props: HeaderProps) {
  const { columns, widths, sort } = props;
  const row = useRef<HTMLDivElement>(null);
  const current = useRef(0);
  const focus = (index: number) => {
    const cells = row.current?.querySelectorAll<HTMLElement>('[role=columnheader]');
    const cell = cells?.[Math.min(columns.length - 1, Math.max(0, index))];
    if (!cell) return;
    cells.forEach((other) => (other.tabIndex = other === cell ? 0 : -1));
    cell.focus();
  };
  const sortBy = (column: GridColumn) => {
    if (!column.unsorted) props.onSort(column.id);
  };
  const key = (event: KeyboardEvent, column: GridColumn, index: number) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (arrow !== undefined && event.shiftKey) props.onResize(column.id, (widths[index] ?? 0) + arrow * KEY_STEP);
    else if (arrow !== undefined) focus(index + arrow);
    else if (event.key === 'Home') focus(0);
    else if (event.key === 'End') focus(columns.length - 1);
    else if (event.key === 'ArrowDown') row.current?.closest<HTMLElement>('[role=treegrid]')?.focus();
    else if (event.key === 'Enter' || event.key === ' ') sortBy(column);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="row header-row" role="row" aria-rowindex={1} ref={row}>
      {columns.map((column, index) => (
        <div
          key={column.id}
          class={`cell head ${isRightAligned(column.kind) ? 'right' : ''} ${column.unsorted ? 'unsorted' : ''}`}
          role="columnheader"
          tabIndex={index === current.current ? 0 : -1}
          aria-sort={
            column.unsorted
              ? undefined
              : sort?.column === column.id
                ? sort.descending
                  ? 'descending'
                  : 'ascending'
                : 'none'
          }
          title={column.unsorted ? undefined : t('{0}: sort by it', t(column.label))}
          onClick={() => sortBy(column)}
          onFocus={() => (current.current = index)}
          onKeyDown={(event) => key(event, column, index)}
        >
          <span class="text">{t(column.label)}</span>
          {sort?.column === column.id && (
            <span class={`codicon codicon-${sort.descending ? 'arrow-down' : 'arrow-up'}`} aria-hidden="true" />
          )}
          <span
            class="resizer"
            aria-hidden="true"
            title={t('Drag to change the width; double-click to fit')}
            onClick={(event) => event.stopPropagation()}
            onDblClick={() => props.onFit(column.id)}
            onPointerDown={(event) => resize(event, widths[index] ?? 0, (width) => props.onResize(column.id, width))}
          />
        </div>
      ))}
    </div>
  );
}

function resize(event: PointerEvent, width: number, onWidth: (width: number) => void): void {
  const handle = event.currentTarget;
  if (event.button !== 0 || !(handle instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopPropagation();
  const from = event.clientX;
  const move = (at: PointerEvent) => onWidth(Math.max(MIN_COLUMN, width + at.clientX - from));
  handle.setPointerCapture(event.pointerId);
  handle.addEventListener('pointermove', move);
  handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), { once: true });
}
