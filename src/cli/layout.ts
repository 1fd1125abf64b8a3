import { escapeText } from '../protocol/format.ts';

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
  yield `${escapeText(root.label)}\n`;
  // No recursion: a chain of processes may be as long as whoever was in the container wished.
  const stack = below(root, '');
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, indent, last } = next;
    yield `${indent}${last ? '└── ' : '├── '}${escapeText(node.label)}\n`;
    // One by one: a folder may have more children than a call may have arguments.
    for (const child of below(node, `${indent}${last ? '    ' : '│   '}`)) stack.push(child);
  }
}

interface Placed {
  readonly node: TreeNode;
  readonly indent: string;
  readonly last: boolean;
}

/** In reverse, ready for the stack. */
function below(node: TreeNode, indent: string): Placed[] {
  const children = node.children ?? [];
  return children.map((child, index) => ({ node: child, indent, last: index === children.length - 1 })).reverse();
}

const GAP = 3;
const MIN_WIDTH = 6;

/** A table with checkpointctl's spacing: capitals, a line of dashes, three spaces between columns. */
export function drawTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [
    header.map((title) => title.toUpperCase()),
    header.map((title) => '-'.repeat(title.length)),
    ...rows.map((row) => row.map(escapeText)),
  ];
  const widths = header.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, length(row[column] ?? '') + GAP), MIN_WIDTH),
  );
  return cells
    .map(
      (row) =>
        `${row.map((cell, column) => pad(cell, column === row.length - 1 ? 0 : (widths[column] ?? 0))).join('')}\n`,
    )
    .join('');
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - length(text)));
}

/** In characters, as Go's tabwriter counts. */
function length(text: string): number {
  return [...text].length;
}
