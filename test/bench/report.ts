/** A figure, and what it may be at most. Values are milliseconds, bytes (shown in decimal megabytes, too) or a quotient. */
export interface Figure {
  readonly value: number;
  readonly unit: 'milliseconds' | 'bytes' | 'megabytes' | 'ratio';
  readonly limit?: number;
}

/** One line of the table. Figures that could not be taken are absent. */
export interface Row {
  readonly name: string;
  readonly time?: Figure;
  /** Bytes read from the archive. */
  readonly read?: Figure;
  /** Growth of the process, or for the command line the process as a whole. */
  readonly memory?: Figure;
  /** Milliseconds of what was run beside. */
  readonly peer?: { readonly name: string; readonly milliseconds: number };
  /** Time to the peer's time. */
  readonly ratio?: Figure;
  /** Milliseconds of checkpointctl for the same question. */
  readonly checkpointctl?: number;
  /** Something that must hold and does not. */
  readonly fault?: string;
  readonly remark?: string;
}

const headings = ['', 'time', 'read', 'memory', 'beside', 'ratio', 'checkpointctl'];

/** A table of aligned columns: each figure with its limit and a mark. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const shown = headings.map((_, column) => column === 0 || cells.slice(1).some((row) => row[column] !== ''));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .filter((_, column) => shown[column])
      .join('   ')
      .trimEnd(),
  );
  const rule = '─'.repeat(Math.max(...lines.map((line) => line.length)));
  const notes = rows.flatMap(({ name, remark }) => (remark === undefined ? [] : [`${name.trim()}: ${remark}`]));
  return [lines[0], rule, ...lines.slice(1), ...(notes.length > 0 ? [rule, ...notes] : [])].join('\n');
}

/** The budgets that were missed, each in one sentence. */
export function missed(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => [
    ...(row.fault === undefined ? [] : [`${row.name.trim()}: ${row.fault}`]),
    ...(['time', 'read', 'memory', 'ratio'] as const).flatMap((column) => {
      const figure = row[column];
      if (!figure || isWithin(figure)) return [];
      return [
        `${row.name.trim()}: ${column} ${formatFigure(figure)} is over ${formatFigure({ ...figure, value: figure.limit ?? 0 })}.`,
      ];
    }),
  ]);
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  if (bytes >= 1024 ** 2) return `${(bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 2 : 0)} MiB`;
  return `${(bytes / 1024).toFixed(0)} KiB`;
}

export function formatTime(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

function cellsOf(row: Row): string[] {
  const { peer, checkpointctl } = row;
  return [
    row.name,
    cellOf(row.time),
    cellOf(row.read),
    cellOf(row.memory),
    peer ? `${peer.name} ${formatTime(peer.milliseconds)}` : '',
    cellOf(row.ratio),
    checkpointctl === undefined ? '' : formatTime(checkpointctl),
  ];
}

function cellOf(figure: Figure | undefined): string {
  if (!figure) return '';
  if (figure.limit === undefined) return formatFigure(figure);
  return `${formatFigure(figure)} ≤ ${formatFigure({ ...figure, value: figure.limit })} ${isWithin(figure) ? 'ok  ' : 'MISS'}`;
}

function formatFigure({ value, unit }: Figure): string {
  switch (unit) {
    case 'milliseconds':
      return formatTime(value);
    case 'bytes':
      return formatBytes(value);
    case 'megabytes':
      return `${(value / 1_000_000).toFixed(0)} MB`;
    case 'ratio':
      return `${value.toFixed(2)}×`;
  }
}

function isWithin({ value, limit }: Figure): boolean {
  return limit === undefined || value <= limit;
}
