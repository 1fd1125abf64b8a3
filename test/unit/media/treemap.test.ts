import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAME, layOutSizes, nextTile, squarify, type Rectangle, type Tile } from '../../../media/sizes/treemap.ts';
import type { SizePart } from '../../../src/protocol/size-picture.ts';

const NO_REST = { count: 0, bytes: 0 };

function file(id: string, bytes: number): SizePart {
  return { id, name: id, bytes, kind: 'added', isFolder: false, parts: [], rest: NO_REST };
}

function folder(id: string, parts: readonly SizePart[]): SizePart {
  return {
    id,
    name: id,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    isFolder: true,
    parts,
    rest: NO_REST,
  };
}

/** Allows for rounding. */
const SLACK = 1e-6;

function overlap(one: Rectangle, other: Rectangle): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(0, width) * Math.max(0, height);
}

function contains(outer: Rectangle, inner: Rectangle): boolean {
  return (
    inner.x >= outer.x - SLACK &&
    inner.y >= outer.y - SLACK &&
    inner.x + inner.width <= outer.x + outer.width + SLACK &&
    inner.y + inner.height <= outer.y + outer.height + SLACK
  );
}

const tileOf = (tiles: readonly Tile[], key: string): Tile => {
  const tile = tiles.find((candidate) => candidate.key === key);
  assert.ok(tile, key);
  return tile;
};

describe('dividing an area among values', () => {
  test('gives each its share, all of the area, and no point twice', () => {
    const area = { x: 10, y: 20, width: 640, height: 400 };
    for (let round = 0; round < 200; round++) {
      const values = Array.from(
        { length: 1 + (round % 40) },
        (_, index) => 1 + ((index * 7919 + round * 104729) % 1000),
      );
      values.sort((one, other) => other - one);
      const whole = values.reduce((sum, value) => sum + value, 0);
      const rectangles = squarify(values, area);
      assert.equal(rectangles.length, values.length);
      rectangles.forEach((rectangle, index) => {
        const share = (rectangle.width * rectangle.height) / (area.width * area.height);
        assert.ok(Math.abs(share - (values[index] ?? 0) / whole) < SLACK);
        assert.ok(contains(area, rectangle));
        for (const other of rectangles.slice(index + 1)) assert.ok(overlap(rectangle, other) < 1e-3);
      });
    }
  });

  test('keeps equal values near to squares', () => {
    const rectangles = squarify(
      Array.from({ length: 12 }, () => 1),
      { x: 0, y: 0, width: 400, height: 300 },
    );
    for (const { width, height } of rectangles) assert.ok(Math.max(width / height, height / width) < 1.5);
  });

  test('has nothing to give without room or without values', () => {
    assert.deepEqual(squarify([], { x: 0, y: 0, width: 100, height: 100 }), []);
    for (const { width, height } of squarify([3, 2, 1], { x: 0, y: 0, width: 0, height: 0 })) {
      assert.equal(width * height, 0);
    }
  });
});

describe('the picture of sizes', () => {
  const parts = [folder('var', [file('log', 300), file('db', 500)]), file('core', 200)];

  test('puts what is in a folder below the line with its name', () => {
    const tiles = layOutSizes({ parts, rest: NO_REST }, 800, 600);
    const frame = tileOf(tiles, 'var');
    assert.ok(frame.isFrame);
    for (const key of ['log', 'db']) {
      const inner = tileOf(tiles, key);
      assert.ok(contains(frame, inner));
      assert.ok(inner.y >= frame.y + FRAME.title - SLACK);
      assert.ok(tiles.indexOf(inner) > tiles.indexOf(frame), 'it is drawn over the frame');
    }
    assert.ok(overlap(frame, tileOf(tiles, 'core')) < SLACK);
  });

  test('draws a folder without room for a name as one piece', () => {
    const tiles = layOutSizes({ parts, rest: NO_REST }, 60, 40);
    assert.deepEqual(
      tiles.map(({ key, isFrame }) => [key, isFrame]),
      [
        ['var', false],
        ['core', false],
      ],
    );
  });

  test('shows together what is too small', () => {
    const tiles = layOutSizes({ parts, rest: { count: 9, bytes: 50 } }, 800, 600);
    const small = tiles.find(({ rest }) => rest);
    assert.deepEqual([small?.bytes, small?.rest?.count, small?.part], [50, 9, undefined]);
  });

  test('is walked by arrow keys', () => {
    const tiles = layOutSizes({ parts: [file('left', 50), file('right', 50)], rest: NO_REST }, 400, 200);
    assert.equal(nextTile(tiles, 'left', 'ArrowRight')?.key, 'right');
    assert.equal(nextTile(tiles, 'right', 'ArrowLeft')?.key, 'left');
    assert.equal(nextTile(tiles, 'left', 'ArrowLeft'), undefined);
    assert.equal(nextTile(tiles, 'left', 'Enter'), undefined);
  });
});
