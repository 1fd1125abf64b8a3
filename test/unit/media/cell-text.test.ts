import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellText, cellTitle } from '../../../media/grid/cell-text.ts';

const NOW = Date.parse('2026-11-23T22:30:00Z');

test('cells are shown by their kind, their exact value in the tooltip', () => {
  assert.equal(cellText({ value: 1536 }, 'size'), '1.5 KiB');
  assert.equal(cellTitle({ value: 1536 }, 'size', '1.5 KiB', NOW, 'en'), '1,536 bytes');
  assert.equal(cellText({ value: 20_000 }, 'number'), '20000', 'process numbers have no separators');
  assert.equal(cellText({ value: 0o10_4755 }, 'mode'), '-rwsr-xr-x');
  assert.equal(cellTitle({ value: 0o10_4755 }, 'mode', '', NOW, 'en'), '4755');
  const mtime = '2026-11-23T22:22:40.5Z';
  assert.match(cellText({ value: mtime }, 'time'), /^2026-11-2\d \d\d:\d\d:40$/);
  assert.equal(cellTitle({ value: mtime }, 'time', '', NOW, 'en'), '2026-11-23 22:22:40 UTC\n7 min ago');
});

test('nothing is shown as nothing', () => {
  for (const kind of ['text', 'code', 'number', 'size', 'time', 'mode', 'marks'] as const) {
    assert.equal(cellText({ value: null }, kind), '');
    assert.equal(cellText({ value: '' }, kind), '');
  }
});

test('what one would not see is escaped, in text and tooltip', () => {
  const cell = { value: 'a\u202eb\n', title: 'x\u0007\ny' };
  assert.equal(cellText(cell, 'code'), String.raw`a\u202eb\n`);
  assert.equal(cellTitle(cell, 'code', '', NOW, 'en'), 'x\\u0007\ny');
});

test('a text that may be cut is whole in the tooltip', () => {
  const long = '/a/very/long/path/to/something';
  assert.equal(cellTitle({ value: long }, 'code', long, NOW, 'en'), long);
  assert.equal(cellTitle({ value: 'short' }, 'code', 'short', NOW, 'en'), undefined);
});
