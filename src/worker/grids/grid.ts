import type { CopyFormat, GridQuery, GridWindow } from '../../protocol/grid.ts';
import type { Sentence } from '../../protocol/sentence.ts';
import { copyRows } from './copy.ts';
import type { Table } from './table.ts';
import { TableView } from './table-view.ts';

/** A grid as it stood when it was asked for: what it answers does not depend on what kind of rows it has. */
export interface Grid {
  window(query: GridQuery, signal: AbortSignal): GridWindow | Promise<GridWindow>;
  copy(
    query: GridQuery,
    format: CopyFormat,
    ids: readonly string[] | undefined,
    signal: AbortSignal,
  ): string | Promise<string>;
}

/**
 * The grid of a table.
 * @param complete as it was before the rows were read, so that what came in between is asked for again
 */
export function gridOf<Row>(table: Table<Row>, complete: boolean, remark?: Sentence): Grid {
  const view = new TableView(table);
  return {
    window: (query) => ({ ...view.window(query), ...(remark && { remark }), complete }),
    copy: (query, format, ids) => copyRows(table.kind, view.select(query, ids), format),
  };
}
