import type { SizePart, SizePicture, SizeRest } from '../../src/protocol/size-picture.ts';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A file, a folder or what is too small to be drawn by itself; as large as its bytes are among all. */
export interface Tile extends Rectangle {
  readonly key: string;
  readonly part: SizePart | undefined;
  /** Of what is too small. */
  readonly rest: SizeRest | undefined;
  readonly bytes: number;
  /** Further tiles lie in it, below a line with its name. */
  readonly isFrame: boolean;
}

/** Pixels: the line with a folder's name, the border around what is in it, and what that takes at least. */
export const FRAME = { title: 19, border: 2, leastWidth: 72, leastHeight: 48 } as const;

/** Lays the parts of a picture out on a rectangle, frames before what lies in them. */
export function layOutSizes(picture: Pick<SizePicture, 'parts' | 'rest'>, width: number, height: number): Tile[] {
  const tiles: Tile[] = [];
  place('', picture, { x: 0, y: 0, width, height }, tiles);
  return tiles;
}

function place(
  key: string,
  { parts, rest }: Pick<SizePicture, 'parts' | 'rest'>,
  area: Rectangle,
  tiles: Tile[],
): void {
  const items = [
    ...parts.map((part) => ({ key: part.id, part, rest: undefined, bytes: part.bytes })),
    ...(rest.bytes > 0 ? [{ key: `${key}\u0000rest`, part: undefined, rest, bytes: rest.bytes }] : []),
  ].sort((one, other) => other.bytes - one.bytes);
  const areas = squarify(
    items.map(({ bytes }) => bytes),
    area,
  );
  items.forEach((item, index) => {
    const own = areas[index];
    if (!own) return;
    const inside = item.part && item.part.parts.length > 0 ? item.part : undefined;
    const isFrame = inside !== undefined && own.width >= FRAME.leastWidth && own.height >= FRAME.leastHeight;
    tiles.push({ ...item, ...own, isFrame });
    if (!isFrame) return;
    const { title, border } = FRAME;
    place(
      item.key,
      inside,
      {
        x: own.x + border,
        y: own.y + title,
        width: own.width - 2 * border,
        height: own.height - title - border,
      },
      tiles,
    );
  });
}

/**
 * Divides an area among values, the largest first, into rectangles as near to squares as rows of them allow.
 * Source: M. Bruls, K. Huizing, J. J. van Wijk, "Squarified Treemaps", 2000.
 */
export function squarify(values: readonly number[], area: Rectangle): Rectangle[] {
  const whole = values.reduce((sum, value) => sum + value, 0);
  const scale = whole > 0 ? (area.width * area.height) / whole : 0;
  const placed: Rectangle[] = [];
  let { x, y, width, height } = area;
  let from = 0;
  while (from < values.length) {
    const side = Math.min(width, height);
    let sum = 0;
    let to = from;
    let worst = Infinity;
    for (; to < values.length; to++) {
      const next = sum + (values[to] ?? 0) * scale;
      const ratio = worstRatio((values[from] ?? 0) * scale, (values[to] ?? 0) * scale, next, side);
      if (to > from && ratio > worst) break;
      worst = ratio;
      sum = next;
    }
    const across = side > 0 ? sum / side : 0;
    let along = 0;
    for (let index = from; index < to; index++) {
      const length = across > 0 ? ((values[index] ?? 0) * scale) / across : 0;
      placed.push(
        width >= height
          ? { x, y: y + along, width: across, height: length }
          : { x: x + along, y, width: length, height: across },
      );
      along += length;
    }
    if (width >= height) {
      x += across;
      width = Math.max(0, width - across);
    } else {
      y += across;
      height = Math.max(0, height - across);
    }
    from = to;
  }
  return placed;
}

/** Of a row of areas along a side: how far the least square one is from a square. */
function worstRatio(largest: number, smallest: number, sum: number, side: number): number {
  if (sum === 0 || smallest === 0) return Infinity;
  const squared = sum * sum;
  const long = side * side;
  return Math.max((long * largest) / squared, squared / (long * smallest));
}

/** The tile that an arrow key leads to: the nearest in that direction, rather straight than near. */
export function nextTile(tiles: readonly Tile[], from: string, key: string): Tile | undefined {
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const start = tiles.find((tile) => tile.key === from);
  if (!direction || !start) return undefined;
  const [dx = 0, dy = 0] = direction;
  const here = middle(start);
  let best: Tile | undefined;
  let least = Infinity;
  for (const tile of tiles) {
    const there = middle(tile);
    const ahead = (there.x - here.x) * dx + (there.y - here.y) * dy;
    const aside = dx === 0 ? there.x - here.x : there.y - here.y;
    const distance = ahead + 2 * Math.abs(aside);
    if (ahead <= 0 || distance >= least) continue;
    best = tile;
    least = distance;
  }
  return best;
}

/** Of a frame the middle of its line: the rest of it belongs to what lies in it. */
function middle({ x, y, width, height, isFrame }: Tile): { x: number; y: number } {
  return { x: x + width / 2, y: y + (isFrame ? FRAME.title : height) / 2 };
}
