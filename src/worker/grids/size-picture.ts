import type { SizePart, SizePicture, SizeRest } from '../../protocol/size-picture.ts';
import type { ChangeRow } from './changes.ts';
import { at, TOP, type Table } from './table.ts';

/** What is smaller than this share of the whole is counted, not drawn: so there are never more than a few hundred parts. */
const LEAST_SHARE = 1 / 400;

/** A folder of at least this share is divided in turn. */
const DIVIDED_SHARE = 1 / 40;

/** Folders within folders that one looks into at once. */
const MAX_DEPTH = 4;

/**
 * How the bytes of changed files divide.
 * @param matching rows that count; all where it is undefined
 * @param folder id of a row; the top where there is no such row
 */
export function sizePicture(
  table: Table<ChangeRow>,
  matching: ReadonlySet<ChangeRow> | undefined,
  folder: string | undefined,
): SizePicture {
  const sums = sumUp(table, matching);
  const number = (folder === undefined ? undefined : table.numberOf(folder)) ?? TOP;
  const bytes = sums.bytes[number + 1] ?? 0;
  return {
    trail: trailTo(table, number),
    bytes,
    files: sums.files[number + 1] ?? 0,
    ...divide(table, sums, number, bytes, MAX_DEPTH),
  };
}

/** By the number of the row and 1; the whole at 0. */
interface Sums {
  readonly bytes: Float64Array;
  readonly files: Float64Array;
}

function sumUp({ rows, parents }: Table<ChangeRow>, matching: ReadonlySet<ChangeRow> | undefined): Sums {
  const bytes = new Float64Array(rows.length + 1);
  const files = new Float64Array(rows.length + 1);
  // Children come after their parents.
  for (let number = rows.length - 1; number >= 0; number--) {
    const row = rows[number];
    if (row && !row.isFolder && row.bytes !== null && row.bytes > 0 && (matching?.has(row) ?? true)) {
      bytes[number + 1] = (bytes[number + 1] ?? 0) + row.bytes;
      files[number + 1] = (files[number + 1] ?? 0) + 1;
    }
    const above = at(parents, number) + 1;
    bytes[above] = (bytes[above] ?? 0) + (bytes[number + 1] ?? 0);
    files[above] = (files[above] ?? 0) + (files[number + 1] ?? 0);
  }
  return { bytes, files };
}

function trailTo(table: Table<ChangeRow>, number: number): SizePicture['trail'] {
  const trail: { id: string; name: string }[] = [];
  for (let above = number; above !== TOP; above = at(table.parents, above)) {
    trail.unshift({ id: table.idOf(above), name: table.row(above).name });
  }
  return trail;
}

function divide(
  table: Table<ChangeRow>,
  sums: Sums,
  number: number,
  whole: number,
  depth: number,
): { parts: readonly SizePart[]; rest: SizeRest } {
  const start = at(table.starts, number + 1);
  const end = at(table.starts, number + 2);
  const parts: SizePart[] = [];
  const rest = { count: 0, bytes: 0 };
  for (const child of table.children.subarray(start, end)) {
    const bytes = sums.bytes[child + 1] ?? 0;
    if (bytes === 0) continue;
    if (bytes < whole * LEAST_SHARE) {
      rest.count += sums.files[child + 1] ?? 0;
      rest.bytes += bytes;
      continue;
    }
    const row = table.row(child);
    const divided = row.isFolder && depth > 1 && bytes >= whole * DIVIDED_SHARE;
    const file = table.kind.file?.(row);
    parts.push({
      id: table.idOf(child),
      name: row.name,
      bytes,
      ...(row.change && { kind: row.change.kind }),
      isFolder: row.isFolder,
      ...(file?.openable && file.path !== undefined && { path: file.path }),
      ...(divided ? divide(table, sums, child, whole, depth - 1) : { parts: [], rest: { count: 0, bytes: 0 } }),
    });
  }
  parts.sort((one, other) => other.bytes - one.bytes);
  return { parts, rest };
}
