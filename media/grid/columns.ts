import type { ColumnKind, GridColumn } from '../../src/protocol/grid.ts';

/** A flexible column never gets less than this, and as much again for each share that it has. */
const MIN_FLEX = 60;
/** A flexible column that asks for a width can do with this share of it. */
const LEAST_SHARE = 0.6;
export const MIN_COLUMN = 36;
const DEFAULT_WIDTH = 90;

/** Pixels that a column of the kind needs for its text never to be cut, where that is known. */
export type LeastWidths = Partial<Record<ColumnKind, number>>;

/**
 * Column widths in pixels. A width set by hand wins; columns with `flex` share what the others leave. Where that is
 * less than the widths that they ask for, they shrink to a readable minimum; only then does the grid scroll sideways.
 */
export function layoutColumns(
  columns: readonly GridColumn[],
  chosen: Readonly<Record<string, number>>,
  available: number,
  least: LeastWidths = {},
): readonly number[] {
  const fixed = columns.map((column) => {
    const own = Object.hasOwn(chosen, column.id) ? chosen[column.id] : undefined;
    if (own !== undefined) return Math.max(MIN_COLUMN, Math.round(own));
    return column.flex === undefined ? Math.max(column.width ?? DEFAULT_WIDTH, least[column.kind] ?? 0) : undefined;
  });
  const taken = fixed.reduce<number>((sum, width) => sum + (width ?? 0), 0);
  const shares = columns.reduce((sum, column, index) => sum + (fixed[index] === undefined ? (column.flex ?? 0) : 0), 0);
  const left = Math.max(0, available - taken);
  const asked = columns.map((column, index) => fixed[index] ?? column.width ?? leastOf(column));
  const wanted = columns.map(
    (column, index) => fixed[index] ?? Math.max(asked[index] ?? 0, Math.floor((left * (column.flex ?? 0)) / shares)),
  );
  // First goes what a share is above what was asked for.
  const fitting = shrink(wanted, asked, available);
  const floors = columns.map((column, index) => fixed[index] ?? leastOf(column));
  return fillUp(shrink(fitting, floors, available), fixed, available);
}

/** What a flexible column is never cut below: some of the width that it asks for; the names of a tree keep theirs. */
function leastOf({ width, flex = 0, tree = false }: GridColumn): number {
  if (width === undefined) return MIN_FLEX * (1 + flex);
  return tree ? width : Math.max(MIN_FLEX, Math.round(width * LEAST_SHARE));
}

/** Where the columns do not fit, each gives up some of what it has above its floor, in proportion. */
function shrink(widths: readonly number[], floors: readonly number[], available: number): number[] {
  const over = widths.reduce((sum, width) => sum + width, 0) - available;
  const spare = widths.map((width, index) => Math.max(0, width - (floors[index] ?? 0)));
  const most = spare.reduce((sum, width) => sum + width, 0);
  if (over <= 0 || most === 0) return [...widths];
  const share = Math.min(1, over / most);
  return widths.map((width, index) => width - Math.ceil((spare[index] ?? 0) * share));
}

/** Gives the pixels lost to rounding to the last flexible column. */
function fillUp(widths: number[], fixed: readonly (number | undefined)[], available: number): readonly number[] {
  const rest = available - widths.reduce((sum, width) => sum + width, 0);
  const last = fixed.lastIndexOf(undefined);
  if (rest > 0 && last >= 0) widths[last] = (widths[last] ?? 0) + rest;
  return widths;
}
