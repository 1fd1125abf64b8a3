import { escapeText, formatMode, formatSize, formatTime } from '../../protocol/format.ts';
import type { CellValue, ColumnKind, CopyFormat, GridCell } from '../../protocol/grid.ts';
import type { Column, TableKind } from './table.ts';

/**
 * Rows for the clipboard.
 *
 * `text`: as shown, apart by tabs, several rows under their headings; times in UTC. `json`: an array of objects by
 * column id with raw values. `csv`: RFC 4180 with raw values, modes in octal; what a spreadsheet would take for a
 * formula is preceded by an apostrophe. A masked cell gives its mask everywhere.
 */
export function copyRows<Row>(kind: TableKind<Row>, rows: readonly Row[], format: CopyFormat): string {
  switch (format) {
    case 'json':
      return JSON.stringify(
        rows.map((row) => Object.fromEntries(kind.columns.map((column) => [column.id, rawValue(column, row)]))),
        null,
        2,
      );
    case 'csv':
      return [
        kind.columns.map(({ label }) => csvField(label)),
        ...rows.map((row) => kind.columns.map((column) => csvField(csvText(rawValue(column, row), column.kind)))),
      ]
        .map((fields) => `${fields.join(',')}\r\n`)
        .join('');
    case 'text': {
      const lines = rows.map((row) => kind.columns.map((column) => shownText(rawValue(column, row), column.kind)));
      const headings = kind.columns.map(({ label }) => label);
      return (rows.length > 1 ? [headings, ...lines] : lines).map((fields) => fields.join('\t').trimEnd()).join('\n');
    }
  }
}

function rawValue<Row>(column: Column<Row>, row: Row): CellValue {
  const cell: GridCell | undefined = column.cell?.(row);
  return cell?.masked ? cell.value : column.value(row);
}

function csvText(value: CellValue, kind: ColumnKind): string {
  if (value === null) return '';
  if (typeof value === 'number' && kind === 'mode') return (value & 0o7777).toString(8).padStart(4, '0');
  return typeof value === 'string' ? withoutFormula(value) : String(value);
}

/** Spreadsheets run what begins so, also after blanks of their own. */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function shownText(value: CellValue, kind: ColumnKind): string {
  if (value === null) return '';
  if (typeof value === 'number' && kind === 'size') return formatSize(value);
  if (typeof value === 'number' && kind === 'mode') return formatMode(value);
  if (typeof value === 'string' && kind === 'time') return formatTime(value, { utc: true });
  return escapeText(String(value));
}
