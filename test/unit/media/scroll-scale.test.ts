import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { clampOffset, followScroll, maxOffset, scrollScale, toScrollTop } from '../../../media/grid/scroll-scale.ts';

const ROW = 22;

describe('scrolling few rows', () => {
  const scale = scrollScale(1_000, ROW, 440);

  test('is the browser’s own', () => {
    assert.equal(scale.physical, 22_000);
    assert.equal(followScroll(scale, 0, 0, 333.5), 333.5);
    assert.equal(toScrollTop(scale, 333.5), 333.5);
    assert.equal(maxOffset(scale), 21_560);
    assert.equal(clampOffset(scale, 99_999), 21_560);
  });
});

describe('scrolling more rows than a browser can lay out', () => {
  const rows = 50_000_000;
  const scale = scrollScale(rows, ROW, 440);

  test('the canvas stays within what a browser can lay out', () => {
    assert.ok(scale.physical <= 16_000_000);
    assert.equal(scale.virtual, rows * ROW);
  });

  test('both ends are reached', () => {
    const bottom = scale.physical - scale.viewport;
    assert.equal(followScroll(scale, 500, bottom - 100, bottom), maxOffset(scale));
    assert.equal(followScroll(scale, maxOffset(scale), 100, 0), 0);
    assert.equal(toScrollTop(scale, maxOffset(scale)), bottom);
  });

  test('the wheel moves pixel by pixel', () => {
    assert.equal(followScroll(scale, 1_000_000, 5_000, 5_100), 1_000_100);
    assert.equal(followScroll(scale, 1_000_000, 5_000, 4_900), 999_900);
  });

  test('the scroll bar goes to its share of the rows', () => {
    const middle = (scale.physical - scale.viewport) / 2;
    assert.ok(Math.abs(followScroll(scale, 0, 0, middle) - maxOffset(scale) / 2) < ROW);
  });

  test('a place is found again by its scroll position', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
        const offset = share * maxOffset(scale);
        const top = toScrollTop(scale, offset);
        const far = top > scale.physical / 2 ? 0 : scale.physical - scale.viewport;
        const found = followScroll(scale, 0, far, top);
        assert.ok(Math.abs(found - offset) <= scale.virtual / scale.physical);
      }),
    );
  });
});

test('an empty grid does not scroll', () => {
  const scale = scrollScale(0, ROW, 440);
  assert.equal(maxOffset(scale), 0);
  assert.equal(followScroll(scale, 0, 0, 10), 0);
});
