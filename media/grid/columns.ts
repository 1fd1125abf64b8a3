import type { ColumnKind, GridColumn } from '../../src/protocol/grid.ts';

/** A flexible column never gets less than this, and as much again for each share that it has. */
const MIN_FLEX = 60;
export const MIN_COLUMN = 36;
const DEFAULT_WIDTH = 90;

/** Pixels that a column of the kind needs for its text never to be cut, where that is known. */
export type LeastWidths = Partial<Record<ColumnKind, number>>;

/**
 * Column widths in pixels. A width set by hand wins; columns with `flex` share what the others leave, but never fall
 * below a readable minimum: then the grid scrolls sideways.
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
  const widths = columns.map(
    (column, index) =>
      fixed[index] ??
      Math.max(column.width ?? MIN_FLEX * (1 + (column.flex ?? 0)), Math.floor((left * (column.flex ?? 0)) / shares)),
  );
  return fillUp(widths, fixed, available);
}

/** Gives the pixels lost to rounding to the last flexible column. */
function fillUp(widths: number[], fixed: readonly (number | undefined)[], available: number): readonly number[] {
  const rest = available - widths.reduce((sum, width) => sum + width, 0);
  const last = fixed.lastIndexOf(undefined);
  if (rest > 0 && last >= 0) widths[last] = (widths[last] ?? 0) + rest;
  return widths;
}
