import type { Place } from './place.ts';
import type { Sentence } from './sentence.ts';

/**
 * Tables and trees of the page. The rows live where the checkpoint is; the page asks for the window that it shows.
 * Cells carry raw values: the page formats them for its reader's clock and language.
 */
export const GRIDS = [
  'processes',
  'files',
  'sockets',
  'memory',
  'mounts',
  'changes',
  'seccomp',
  'log',
  'entries',
  'image',
  'search',
] as const;

export type GridName = (typeof GRIDS)[number];

export type CellValue = string | number | boolean | null;

export interface GridCell {
  readonly value: CellValue;
  /** What the cell says, where that is sentences: the page translates them; `value` has them in English. */
  readonly said?: readonly Sentence[];
  /** More about the cell than its width allows. */
  readonly title?: string;
  /** Codicon before the text, and its meaning for the eye. */
  readonly icon?: string;
  readonly tone?: 'added' | 'modified' | 'deleted' | 'warning' | 'muted';
  /** Part of the value that was looked for: its first character, and the one behind it. */
  readonly mark?: readonly [start: number, end: number];
  /** The value is a secret: `value` holds the mask already. */
  readonly masked?: boolean;
  /** The cell refers to something: a click leads there. */
  readonly link?: Place;
}

/**
 * What the values of a column are: `size` bytes; `time` RFC 3339; `mode` st_mode, type bits included, see formatMode;
 * `marks` words apart by spaces; `code` text in the editor's font. Text is as it stands in the checkpoint: escape it.
 */
/** `word`: one of the interface's own words, in English; the page translates it. `marks`: several, between blanks. */
export type ColumnKind = 'text' | 'word' | 'code' | 'number' | 'size' | 'time' | 'mode' | 'marks';

export interface GridColumn {
  readonly id: string;
  /** English; the page translates it. */
  readonly label: string;
  readonly kind: ColumnKind;
  /** Share of the width that is left after the fixed ones, or pixels. */
  readonly flex?: number;
  readonly width?: number;
  /** The column whose cells are indented and carry the twistie, in tree form. */
  readonly tree?: boolean;
  /** The rows have an order of their own, and no other. */
  readonly unsorted?: boolean;
}

export interface GridQuery {
  readonly grid: GridName;
  /** Of what, where there is a grid for each of several things: a process (`12`), an image (`checkpoint/core-1.img`). */
  readonly of?: string;
  /** Only rows that concern this process; grids whose rows are not about processes show all. */
  readonly pid?: number;
  /** What stands in the filter box, see filter.ts. */
  readonly filter: string;
  readonly sort?: { readonly column: string; readonly descending: boolean };
  /** Ids of rows whose expansion differs from the grid's default. */
  readonly toggled: readonly string[];
  /** First row and how many rows. */
  readonly start: number;
  readonly count: number;
  /** Find this row's position even when it is outside the window (and unfold its parents). */
  readonly reveal?: string;
  /** Also what takes longer to find out, see {@link GridWindow.late}. */
  readonly late?: true;
  /** Find the next row, from this position on and then from the top, whose tree cell begins with the text. */
  readonly find?: { readonly text: string; readonly from: number };
}

export interface GridRow {
  readonly id: string;
  readonly depth: number;
  readonly expandable: boolean;
  readonly expanded: boolean;
  /** 1-based position among its siblings, for assistive technology. */
  readonly position: number;
  readonly siblings: number;
  /** Id of the row above it in the tree; absent at the top. */
  readonly parent?: string;
  /** Shown only because something below it matches. */
  readonly context?: boolean;
  /** Where the file view has it: `/rootfs/etc/app.conf`, `/proc/1`. */
  readonly path?: string;
  /** An ordinary editor can show what is at `path`: a file whose content is here. */
  readonly openable?: boolean;
  /** In the order of the columns. */
  readonly cells: readonly GridCell[];
}

export interface GridWindow {
  readonly columns: readonly GridColumn[];
  /** Rows before any filter; rows that match; rows to scroll over (matches, their parents, unfolded ones only). */
  readonly total: number;
  readonly matched: number;
  readonly visible: number;
  readonly start: number;
  readonly rows: readonly GridRow[];
  /** Position of the row asked for by `reveal`, -1 where the filter hides it. */
  readonly revealed?: number;
  /** Position of the row asked for by `find`, -1 where there is none. */
  readonly found?: number;
  /** The query's `toggled` with what `reveal` had to unfold; absent where it unfolded nothing. */
  readonly toggled?: readonly string[];
  /** Some cells are still empty because they take longer: the same window asked for with `late` has them. */
  readonly late?: true;
  /** Something the reader must know about the whole table (left-out files, still reading). */
  readonly remark?: { readonly template: string; readonly args: readonly (string | number)[] };
  /** False while rows may still come in. */
  readonly complete: boolean;
}

export type CopyFormat = 'text' | 'json' | 'csv';
