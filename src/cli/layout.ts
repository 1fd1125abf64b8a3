import { escapeField } from './escape.ts';

/** A node of a drawn tree. Labels may hold anything: they are escaped when drawn. */
export interface TreeNode {
  readonly label: string;
  readonly children?: readonly TreeNode[];
}

/** A branch without those of its children that are not known. */
export function branch(label: string, ...children: readonly (TreeNode | undefined)[]): TreeNode {
  return { label, children: children.filter((child) => child !== undefined) };
}

/** A leaf, or nothing where its value is not known. */
export function leaf(label: string, value: string | number | bigint | undefined): TreeNode | undefined {
  return value === undefined || value === '' ? undefined : { label: `${label}: ${String(value)}` };
}

/** Draws a tree with lines, as tree(1) does; each label is one line. Ends with a line break. */
export function drawTree(root: TreeNode): string {
  return [...treeLines(root)].join('');
}

/** The same line by line, each with its line break. */
export function* treeLines(root: TreeNode): Generator<string> {
  yield `${escapeField(root.label)}\n`;
  // No recursion: a chain of processes may be as long as whoever was in the container wished.
  const open: Open[] = [{ children: root.children ?? [], next: 0, indent: '' }];
  for (let folder = open.at(-1); folder; folder = open.at(-1)) {
    const { children, indent } = folder;
    const node = children[folder.next++];
    if (!node) {
      open.pop();
      continue;
    }
    const isLast = folder.next === children.length;
    yield `${indent}${isLast ? '└── ' : '├── '}${escapeField(node.label)}\n`;
    open.push({ children: node.children ?? [], next: 0, indent: `${indent}${isLast ? '    ' : '│   '}` });
  }
}

/** A node whose children are being drawn. */
interface Open {
  readonly children: readonly TreeNode[];
  next: number;
  readonly indent: string;
}

const GAP = 3;
const MIN_WIDTH = 6;

/** A table with checkpointctl's spacing: capitals, a line of dashes, three spaces between columns. */
export function drawTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [...tableLines(header, rows)].join('');
}

/** The same line by line, each with its line break. */
export function* tableLines(header: readonly string[], rows: Iterable<readonly string[]>): Generator<string> {
  const table = new Table(header);
  for (const row of rows) table.add(row);
  yield* table.lines();
}

/** Rows that are drawn when all of them are known. They may be many: of each only its text is kept. */
export class Table {
  readonly #texts = new Texts();
  readonly #widths: number[];

  constructor(header: readonly string[]) {
    this.#widths = header.map(() => MIN_WIDTH);
    this.#addCells(header.map((title) => title.toUpperCase()));
    this.#addCells(header.map((title) => '-'.repeat(title.length)));
  }

  add(row: readonly string[]): void {
    // What is escaped has neither a NUL nor a line break.
    this.#addCells(row.map(escapeField));
  }

  #addCells(cells: readonly string[]): void {
    const widths = this.#widths;
    // Measured without the last, which is not padded.
    for (let column = 0; column < cells.length - 1; column++)
      widths[column] = Math.max(widths[column] ?? 0, length(cells[column] ?? '') + GAP);
    this.#texts.add(cells.join('\0'));
  }

  /** Line by line, each with its line break. */
  *lines(): Generator<string> {
    for (const line of this.#texts) {
      const cells = line.split('\0');
      const last = cells.length - 1;
      yield `${cells.map((cell, column) => (column === last ? cell : pad(cell, this.#widths[column] ?? 0))).join('')}\n`;
    }
  }
}

/** Texts of one line each, kept as bytes: strings of their own would take three times as much memory. */
class Texts implements Iterable<string> {
  readonly #full: Buffer[] = [];
  #lines: string[] = [];
  #length = 0;

  add(line: string): void {
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length < 64 * 1024) return;
    this.#full.push(Buffer.from(this.#lines.join('\n')));
    this.#lines = [];
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<string> {
    for (const bytes of this.#full) yield* bytes.toString().split('\n');
    yield* this.#lines;
  }
}

const PLAIN = /^[ -~]*$/;

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - length(text)));
}

/** In characters, as Go's tabwriter counts. */
function length(text: string): number {
  return PLAIN.test(text) ? text.length : [...text].length;
}
