import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { parseFilter } from '../../src/protocol/filter.ts';
import type { GridName, GridRow } from '../../src/protocol/grid.ts';
import type { Place } from '../../src/protocol/place.ts';
import { recoverFocus } from '../focus.ts';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { layoutColumns, type LeastWidths } from './columns.ts';
import type { GridModel } from './grid-model.ts';
import { HeaderRow } from './header-row.tsx';
import { gridAction, type GridAction } from './keys.ts';
import { RowView, rowId } from './row-view.tsx';
import { clampOffset, followScroll, scrollScale, toScrollTop } from './scroll-scale.ts';
import { useSize } from '../state/use-size.ts';

export const ROW_HEIGHT = 22;
const HEADER_HEIGHT = 24;
/** Rows drawn beyond the edges, so that scrolling shows no gap before they are. */
const OVERDRAW = 12;
const REST_MS = 150;

interface TreeGridProps {
  readonly grid: GridName;
  readonly label: string;
  /** What stands in place of the rows where there are none. */
  readonly empty: ComponentChildren;
  readonly onOpen: (row: GridRow) => void;
  /** Space: show or hide what is masked in the detail. */
  readonly onReveal: () => void;
  /** The person has put the focus on another row. */
  readonly onChosen?: (id: string) => void;
  /** A plain click on a row, beside what is a link. */
  readonly onClick?: (row: GridRow) => void;
}

/** A table whose rows form a tree, of any length: only the rows in view exist. Looks and keys as VS Code's own lists. */
export function TreeGrid({ grid, label, empty, onOpen, onReveal, onChosen, onClick }: TreeGridProps) {
  const session = useSession();
  const model = session.grids[grid];
  const scroller = useRef<HTMLDivElement>(null);
  const size = useSize(scroller);
  const [, render] = useReducer<number, undefined>((count) => count + 1, 0);
  /** Virtual pixels, and the browser's scrollTop that goes with them. */
  const position = useRef({ offset: 0, scrollTop: 0 });
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  /** What the last key asked for is on its way: Enter means the row that it leads to. */
  const moving = useRef<Promise<unknown> | undefined>(undefined);
  const widthsChosen = useStore(session.page, (page) => page.grids[grid].widths);

  useEffect(() => {
    const stop = model.subscribe(() => render(undefined));
    model.start();
    render(undefined);
    recoverFocus();
    return stop;
  }, [model]);
  useEffect(() => {
    // VS Code's own "Select All" would mark the text around the rows.
    const unselect = () => {
      if (document.activeElement === scroller.current) getSelection()?.removeAllRanges();
    };
    document.addEventListener('selectionchange', unselect);
    return () => document.removeEventListener('selectionchange', unselect);
  }, []);

  const { facts, columns, view } = model.source;
  const rows = facts?.visible ?? 0;
  const viewport = Math.max(0, size.height - HEADER_HEIGHT);
  const scale = scrollScale(rows, ROW_HEIGHT, viewport);
  const least = useMemo(() => (scroller.current ? leastWidths(scroller.current) : {}), [size.width > 0]);
  const widths = useMemo(
    () => layoutColumns(columns, widthsChosen, size.width, least),
    [columns, widthsChosen, size.width, least],
  );
  const filter = useMemo(() => parseFilter(view.filter, columns), [view.filter, columns]);

  const scrolled = () => {
    const element = scroller.current;
    if (!element) return;
    const { offset, scrollTop } = position.current;
    position.current = {
      offset: followScroll(scale, offset, scrollTop, element.scrollTop),
      scrollTop: element.scrollTop,
    };
    tellModel();
    render(undefined);
    clearTimeout(rest.current);
    rest.current = setTimeout(() => model.rested(), REST_MS);
  };
  const tellModel = () => model.scrolled(position.current.offset / ROW_HEIGHT, Math.floor(viewport / ROW_HEIGHT));

  // Scrolling that the model asks for, and the clamping where rows or height have become fewer, before anything is painted.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !facts || viewport === 0) return;
    const asked = model.takeScroll();
    const offset = clampOffset(scale, asked === undefined ? position.current.offset : asked * ROW_HEIGHT);
    if (asked !== undefined || offset !== position.current.offset) {
      element.scrollTop = toScrollTop(scale, offset);
      position.current = { offset, scrollTop: element.scrollTop };
      render(undefined);
    }
    tellModel();
  });

  const open = () => {
    if (model.focusedRow) onOpen(model.focusedRow);
  };
  const act = (action: GridAction): Promise<unknown> | undefined => {
    switch (action.type) {
      case 'move':
        return model.move(action.to, action.how);
      case 'fold':
        return model.fold();
      case 'unfold':
        return model.unfold();
      case 'type':
        return model.type(action.text, Date.now());
      case 'open':
        if (moving.current) void moving.current.then(open, open);
        else open();
        return undefined;
      case 'reveal':
        if (model.typing) return model.type(' ', Date.now());
        onReveal();
        return undefined;
      case 'toggle-selection':
        model.toggleFocused();
        return undefined;
      case 'select-all':
        model.selectAll();
        return undefined;
      case 'clear':
        model.clearSelection();
        return undefined;
      case 'copy':
        session.copyRows(grid, 'text');
        return undefined;
      case 'menu':
        if (scroller.current) openMenu(scroller.current, grid, model);
        return undefined;
    }
  };
  const keyed = (event: KeyboardEvent) => {
    const action = event.target === event.currentTarget ? gridAction(event) : undefined;
    if (!action) return;
    event.preventDefault();
    const work = act(action)?.then(chosen);
    if (!work) return;
    const done = () => {
      if (moving.current === work) moving.current = undefined;
    };
    moving.current = work;
    work.then(done, done);
    session.run(work);
  };
  const chosen = () => {
    const { focus } = session.gridState(grid);
    if (focus !== undefined) onChosen?.(focus);
  };
  const clicked = (event: MouseEvent) => {
    const index = rowIndex(event.target);
    if (index === undefined) return;
    if (event.target instanceof Element && event.target.classList.contains('twistie')) {
      const row = model.source.row(index);
      session.run(row?.expandable ? model.toggle(index) : model.click(index, 'select'));
      return;
    }
    const how = event.shiftKey ? 'extend' : event.ctrlKey || event.metaKey ? 'toggle' : 'select';
    const link = how === 'select' ? linkOf(event.target, model.source.row(index)) : undefined;
    if (link) {
      session.go(link);
      return;
    }
    session.run(model.click(index, how).then(chosen));
    const row = model.source.row(index);
    if (how === 'select' && row) onClick?.(row);
  };
  const doubleClicked = (event: MouseEvent) => {
    const index = rowIndex(event.target);
    const row = index === undefined ? undefined : model.source.row(index);
    if (row && !(event.target instanceof Element && event.target.classList.contains('twistie'))) onOpen(row);
  };
  const menuAsked = (event: MouseEvent) => {
    const index = rowIndex(event.target);
    if (index !== undefined) {
      const row = model.source.row(index);
      if (row && !model.isSelected(row)) session.run(model.click(index, 'select'));
      return;
    }
    // By keyboard, or beside the rows: the row with the focus is meant.
    event.preventDefault();
    event.stopPropagation();
    if (event.target === scroller.current && scroller.current) openMenu(scroller.current, grid, model);
  };

  const { offset, scrollTop } = position.current;
  const first = Math.max(0, Math.floor(offset / ROW_HEIGHT) - OVERDRAW);
  const last = Math.min(rows, Math.ceil((offset + viewport) / ROW_HEIGHT) + OVERDRAW);
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  const width = widths.reduce((sum, column) => sum + column, 0);
  const focusShown = model.focus !== undefined && model.focus >= first && model.focus < last;
  return (
    <div
      ref={scroller}
      class="grid"
      data-grid={grid}
      role="treegrid"
      tabIndex={0}
      aria-label={label}
      aria-multiselectable={true}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-busy={!facts}
      aria-activedescendant={focusShown ? rowId(grid, model.focus) : undefined}
      style={{ '--columns': widths.map((pixels) => `${String(pixels)}px`).join(' '), '--width': `${String(width)}px` }}
      onScroll={scrolled}
      onKeyDown={keyed}
      onClick={clicked}
      onDblClick={doubleClicked}
      onContextMenu={menuAsked}
      onFocus={() => getSelection()?.removeAllRanges()}
    >
      <HeaderRow
        columns={columns}
        widths={widths}
        sort={view.sort}
        onSort={(column) => model.sortBy(column)}
        onResize={(column, pixels) => session.updateGrid(grid, { widths: { ...widthsChosen, [column]: pixels } })}
        onFit={(column) => {
          const index = columns.findIndex(({ id }) => id === column);
          const pixels = scroller.current && fittingWidth(scroller.current, index);
          if (pixels) session.updateGrid(grid, { widths: { ...widthsChosen, [column]: pixels } });
        }}
      />
      <div class="canvas" role="rowgroup" style={{ height: `${String(scale.physical)}px` }}>
        {shown.map((index) => {
          const row = model.source.row(index);
          return (
            <RowView
              key={row?.id ?? index}
              grid={grid}
              columns={columns}
              row={row}
              index={index}
              y={index * ROW_HEIGHT - offset + scrollTop}
              focused={model.focus === index}
              selected={row !== undefined && model.isSelected(row)}
              filter={filter}
            />
          );
        })}
      </div>
      {facts && rows === 0 && <div class="empty">{empty}</div>}
    </div>
  );
}

/** Times and modes always have the same length: their columns must hold it in whatever font there is. */
function leastWidths(scroller: HTMLElement): LeastWidths {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return {};
  const style = getComputedStyle(scroller);
  const mono = style.getPropertyValue('--mono');
  const width = (text: string, family: string) => {
    context.font = `${style.fontSize} ${family}`;
    return Math.ceil(context.measureText(text).width) + CELL_PADDING;
  };
  return { time: width('0000-00-00 00:00:00', style.fontFamily), mode: width('-rwxr-xr-x', mono) };
}

const CELL_PADDING = 14;

function rowIndex(target: EventTarget | null): number | undefined {
  const index = target instanceof Element ? target.closest<HTMLElement>('[data-index]')?.dataset['index'] : undefined;
  return index === undefined ? undefined : Number(index);
}

/** Where the cell that was clicked leads, if it does. */
function linkOf(target: EventTarget | null, row: GridRow | undefined): Place | undefined {
  const cell = target instanceof Element ? target.closest<HTMLElement>('.text.link')?.closest('.cell') : undefined;
  return cell ? row?.cells[[...(cell.parentElement?.children ?? [])].indexOf(cell)]?.link : undefined;
}

/** Opens VS Code's context menu at the row with the focus, as a right click on it would. */
function openMenu(scroller: HTMLElement, grid: GridName, model: GridModel): void {
  const row = model.focus === undefined ? null : document.getElementById(rowId(grid, model.focus));
  if (!row) return;
  const box = row.getBoundingClientRect();
  const left = scroller.getBoundingClientRect().left + ROW_HEIGHT;
  row.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      view: window,
      clientX: left,
      clientY: box.bottom,
    }),
  );
}

/** The width that the column's cells in view need. */
function fittingWidth(scroller: HTMLElement, column: number): number {
  const cells = scroller.querySelectorAll<HTMLElement>(`.row > .cell:nth-child(${String(column + 1)})`);
  let widest = 0;
  for (const cell of cells) {
    const text = cell.querySelector<HTMLElement>('.text');
    if (text) widest = Math.max(widest, cell.clientWidth - text.clientWidth + text.scrollWidth);
  }
  return widest === 0 ? 0 : widest + 4;
}
