import type { ConnectionEdge, ConnectionNode } from '../../src/protocol/connections.ts';

/** Where a node stands, pixels. */
export interface Box {
  readonly node: ConnectionNode;
  readonly x: number;
  readonly y: number;
  readonly column: number;
}

/** How a line goes. */
export interface Line {
  readonly edge: ConnectionEdge;
  /** An SVG path from the node that speaks to the one that hears. */
  readonly path: string;
  /** Where its label stands. */
  readonly label: Point;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export const BOX = { width: 164, height: 38 } as const;
const GAP = { x: 48, y: 14 } as const;
const MARGIN = 16;
const STEP = BOX.height + GAP.y;
/** Deeper processes stand in the last of their columns. */
const MAX_DEPTH = 4;
/** How often the columns are put in order by what they are connected to: more changes nothing. */
const SWEEPS = 8;
/** Of more lines each takes the straight way, behind the nodes. */
const MAX_ROUTED = 120;
/** Room of a line that passes a column, in rows. */
const PASSAGE = 0.3;

/** What stands in a column: a node, or a line that goes by. */
interface Item {
  readonly id: string;
  readonly node?: ConnectionNode;
  /** In rows. */
  readonly size: number;
}

/**
 * Puts the nodes into columns, who comes from outside on the left, processes by their depth in the tree, who is outside
 * on the right, and orders each column so that few lines cross. The same graph is always drawn the same way.
 */
export function layOut(nodes: readonly ConnectionNode[], edges: readonly ConnectionEdge[]): Drawing {
  const columns: Item[][] = inColumns(nodes).map((column) => column.map((node) => ({ id: node.id, node, size: 1 })));
  const columnOf = new Map(columns.flatMap((column, number) => column.map(({ id }) => [id, number] as const)));
  const known = edges.filter(({ from, to }) => columnOf.has(from) && columnOf.has(to));
  const routes = known.map((edge, number) => {
    const passages = known.length > MAX_ROUTED ? [] : passagesOf(edge, number, columnOf);
    for (const { id, column } of passages) columns[column]?.push({ id, size: PASSAGE });
    return { edge, passages };
  });
  const neighbours = neighboursOf(routes);
  const centers = new Map<string, number>();
  for (const column of columns) column.forEach(({ id }, index) => centers.set(id, index - (column.length - 1) / 2));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? columns : columns.toReversed();
    for (const column of order) arrange(column, neighbours, centers);
  }
  const top = Math.min(...centers.values(), 0);
  const bottom = Math.max(...centers.values(), 0);
  const yOf = (id: string): number => MARGIN + ((centers.get(id) ?? 0) - top) * STEP;
  const boxes = columns.flatMap((column, number) =>
    column.flatMap(({ id, node }): Box[] =>
      node ? [{ node, column: number, x: xOf(number), y: Math.round(yOf(id)) }] : [],
    ),
  );
  const lines = drawLines(
    boxes,
    routes.map(({ edge, passages }) => ({
      edge,
      through: passages.map(({ id, column }) => ({ column, y: yOf(id) + BOX.height / 2 })),
    })),
  );
  return {
    boxes,
    lines,
    width: 2 * MARGIN + columns.length * BOX.width + Math.max(0, columns.length - 1) * GAP.x,
    height: 2 * MARGIN + (bottom - top) * STEP + BOX.height,
  };
}

function xOf(column: number): number {
  return MARGIN + column * (BOX.width + GAP.x);
}

/** Columns without a node are left out. */
function inColumns(nodes: readonly ConnectionNode[]): ConnectionNode[][] {
  const columns = new Map<number, ConnectionNode[]>();
  for (const node of nodes) {
    const rank = rankOf(node);
    const column = columns.get(rank);
    if (column) column.push(node);
    else columns.set(rank, [node]);
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, column]) => column);
}

function rankOf({ kind, depth }: ConnectionNode): number {
  switch (kind) {
    case 'clients':
      return 0;
    case 'listener':
      return 1;
    case 'process':
    case 'processes':
      return 2 + Math.min(depth, MAX_DEPTH);
    case 'shared':
      return 3 + MAX_DEPTH;
    case 'remote':
    case 'outside':
    case 'kernel':
      return 4 + MAX_DEPTH;
  }
}

/** A column that a line goes through on its way. */
interface Passage {
  readonly id: string;
  readonly column: number;
}

/** In the direction of the line. */
function passagesOf(edge: ConnectionEdge, number: number, columnOf: ReadonlyMap<string, number>): readonly Passage[] {
  const from = columnOf.get(edge.from) ?? 0;
  const to = columnOf.get(edge.to) ?? 0;
  const step = Math.sign(to - from);
  const passages: Passage[] = [];
  for (let column = from + step; step !== 0 && column !== to; column += step)
    passages.push({ id: `line ${String(number)} ${String(column)}`, column });
  return passages;
}

function neighboursOf(
  routes: readonly { readonly edge: ConnectionEdge; readonly passages: readonly Passage[] }[],
): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>();
  const join = (one: string, other: string): void => {
    const known = neighbours.get(one);
    if (known) known.push(other);
    else neighbours.set(one, [other]);
  };
  for (const { edge, passages } of routes) {
    const stops = [edge.from, ...passages.map(({ id }) => id), edge.to];
    stops.slice(1).forEach((stop, index) => {
      join(stop, stops[index] ?? '');
      join(stops[index] ?? '', stop);
    });
  }
  return neighbours;
}

/**
 * Orders a column by the middle of what each item is connected to, and moves the items as near to there as their order
 * and size allow. In rows.
 */
function arrange(
  column: Item[],
  neighbours: ReadonlyMap<string, readonly string[]>,
  centers: Map<string, number>,
): void {
  const wish = (id: string): number => {
    const around = (neighbours.get(id) ?? []).flatMap((other) => centers.get(other) ?? []);
    if (around.length === 0) return centers.get(id) ?? 0;
    return around.reduce((sum, center) => sum + center, 0) / around.length;
  };
  const wishes = new Map(column.map(({ id }) => [id, wish(id)]));
  column.sort((one, other) => (wishes.get(one.id) ?? 0) - (wishes.get(other.id) ?? 0));
  const places = spread(
    column.map(({ id }) => wishes.get(id) ?? 0),
    column.map(({ size }) => size),
  );
  column.forEach(({ id }, index) => centers.set(id, places[index] ?? 0));
}

/** The places nearest to the wishes, which ascend, that leave every item its room. */
function spread(wishes: readonly number[], sizes: readonly number[]): readonly number[] {
  const offsets: number[] = [];
  sizes.forEach((size, index) => {
    const before = sizes[index - 1];
    offsets.push(before === undefined ? 0 : (offsets[index - 1] ?? 0) + (before + size) / 2);
  });
  // Without the room between them the places only must not descend: neighbours that would are put together.
  const blocks: { sum: number; count: number }[] = [];
  wishes.forEach((wish, index) => {
    let block = { sum: wish - (offsets[index] ?? 0), count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: block.sum + last.sum, count: block.count + last.count };
    }
    blocks.push(block);
  });
  return blocks
    .flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count))
    .map((place, index) => place + (offsets[index] ?? 0));
}

interface Route {
  readonly edge: ConnectionEdge;
  readonly through: readonly { readonly column: number; readonly y: number }[];
}

interface Port {
  readonly line: number;
  readonly end: 'from' | 'to';
  /** Where the line comes from, to keep lines from crossing at the box. */
  readonly towards: number;
}

function drawLines(boxes: readonly Box[], routes: readonly Route[]): readonly Line[] {
  const byId = new Map(boxes.map((box) => [box.node.id, box]));
  const drawn = routes.flatMap((route) => {
    const [from, to] = [byId.get(route.edge.from), byId.get(route.edge.to)];
    return from && to ? [{ ...route, from, to }] : [];
  });
  const sides = new Map<string, Port[]>();
  const join = (box: Box, side: string, port: Port): void => {
    const key = `${box.node.id}\n${side}`;
    const ports = sides.get(key);
    if (ports) ports.push(port);
    else sides.set(key, [port]);
  };
  drawn.forEach(({ from, to, through }, line) => {
    join(from, sideTowards(from, to), { line, end: 'from', towards: through[0]?.y ?? to.y });
    join(to, sideTowards(to, from), { line, end: 'to', towards: through.at(-1)?.y ?? from.y });
  });
  const offsets = drawn.map(() => ({ from: 0, to: 0 }));
  for (const ports of sides.values()) {
    ports.sort((one, other) => one.towards - other.towards);
    const step = Math.min(9, (BOX.height - 10) / ports.length);
    ports.forEach(({ line, end }, index) => {
      (offsets[line] as { from: number; to: number })[end] = (index - (ports.length - 1) / 2) * step;
    });
  }
  return drawn.map(({ edge, from, to, through }, line) => {
    const start = portOf(from, sideTowards(from, to), offsets[line]?.from ?? 0);
    const end = portOf(to, sideTowards(to, from), offsets[line]?.to ?? 0);
    return { edge, ...(from.column === to.column ? around(start, end) : along(start, end, through)) };
  });
}

/** Lines between nodes of one column go round on the right. */
function sideTowards(box: Box, other: Box): 'left' | 'right' {
  return other.column < box.column ? 'left' : 'right';
}

function portOf({ x, y }: Box, side: 'left' | 'right', offset: number): Point {
  return { x: side === 'left' ? x : x + BOX.width, y: y + BOX.height / 2 + offset };
}

function around(start: Point, end: Point): Pick<Line, 'path' | 'label'> {
  const bend = GAP.x * 0.6;
  const path = `M ${text(start)} C ${text({ x: start.x + bend, y: start.y })}, ${text({ x: end.x + bend, y: end.y })}, ${text(end)}`;
  return { path, label: { x: start.x + bend * 0.75, y: (start.y + end.y) / 2 } };
}

/** From gap to gap in a curve, past a column straight. */
function along(start: Point, end: Point, through: Route['through']): Pick<Line, 'path' | 'label'> {
  const direction = Math.sign(end.x - start.x);
  const pieces = [`M ${text(start)}`];
  let at = start;
  const curveTo = (to: Point): void => {
    const middle = (at.x + to.x) / 2;
    pieces.push(`C ${text({ x: middle, y: at.y })}, ${text({ x: middle, y: to.y })}, ${text(to)}`);
    at = to;
  };
  for (const { column, y } of through) {
    const [near, far] = direction > 0 ? [xOf(column), xOf(column) + BOX.width] : [xOf(column) + BOX.width, xOf(column)];
    curveTo({ x: near, y });
    at = { x: far, y };
    pieces.push(`L ${text(at)}`);
  }
  const last = at;
  curveTo(end);
  const [first] = through;
  // A label has room where the line passes a column.
  const label = first
    ? { x: xOf(first.column) + BOX.width / 2, y: first.y }
    : { x: (last.x + end.x) / 2, y: (last.y + end.y) / 2 };
  return { path: pieces.join(' '), label };
}

function text({ x, y }: Point): string {
  return `${String(Math.round(x * 10) / 10)} ${String(Math.round(y * 10) / 10)}`;
}

/** The node that an arrow key leads to: the nearest in that direction, rather straight than near. */
export function nextBox(boxes: readonly Box[], from: string, key: string): Box | undefined {
  const here = boxes.find(({ node }) => node.id === from);
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const [dx = 0, dy = 0] = direction ?? [];
  if (!here || !direction) return undefined;
  let best: Box | undefined;
  let least = Infinity;
  for (const box of boxes) {
    const [ahead, aside] = dx === 0 ? [(box.y - here.y) * dy, box.x - here.x] : [(box.x - here.x) * dx, box.y - here.y];
    const distance = ahead + 2 * Math.abs(aside);
    // Up and down stay in the column.
    if (ahead <= 0 || distance >= least || (dx === 0 && box.column !== here.column)) continue;
    best = box;
    least = distance;
  }
  return best;
}
