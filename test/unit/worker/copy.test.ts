import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MASK } from '../../../src/protocol/format.ts';
import type { CellValue } from '../../../src/protocol/grid.ts';
import { copyRows } from '../../../src/worker/grids/copy.ts';
import type { TableKind } from '../../../src/worker/grids/table.ts';

type Row = Readonly<Record<string, CellValue>>;

const KIND: TableKind<Row> = {
  columns: [
    { id: 'name', label: 'Name', kind: 'code', value: (row) => row['name'] ?? null },
    { id: 'size', label: 'Size', kind: 'size', value: (row) => row['size'] ?? null },
    { id: 'mode', label: 'Mode', kind: 'mode', value: (row) => row['mode'] ?? null },
    { id: 'mtime', label: 'Modified', kind: 'time', value: (row) => row['mtime'] ?? null },
    {
      id: 'secret',
      label: 'Secret',
      kind: 'text',
      value: () => 'hunter2',
      cell: () => ({ value: MASK, masked: true }),
    },
  ],
  hidden: [],
};

const ROW: Row = { name: 'a\tb', size: 2048, mode: 0o104755, mtime: '2026-11-23T22:24:41.5Z' };

test('one row as text is the row, several come under headings', () => {
  assert.equal(copyRows(KIND, [ROW], 'text'), `a\\tb\t2.0 KiB\t-rwsr-xr-x\t2026-11-23 22:24:41 UTC\t${MASK}`);
  const [headings, ...lines] = copyRows(KIND, [ROW, { name: 'c' }], 'text').split('\n');
  assert.equal(headings, 'Name\tSize\tMode\tModified\tSecret');
  assert.equal(lines[1], `c\t\t\t\t${MASK}`);
});

test('JSON has raw values, by column', () => {
  assert.deepEqual(JSON.parse(copyRows(KIND, [ROW, {}], 'json')), [
    { name: 'a\tb', size: 2048, mode: 0o104755, mtime: '2026-11-23T22:24:41.5Z', secret: MASK },
    { name: null, size: null, mode: null, mtime: null, secret: MASK },
  ]);
  assert.equal(copyRows(KIND, [], 'json'), '[]');
});

test('CSV has headings, raw values and octal modes', () => {
  assert.equal(
    copyRows(KIND, [{ ...ROW, name: 'say "hi", you\nthere' }], 'csv'),
    `Name,Size,Mode,Modified,Secret\r\n"say ""hi"", you\nthere",2048,4755,2026-11-23T22:24:41.5Z,${MASK}\r\n`,
  );
});

test('a masked cell gives its mask in every format', () => {
  for (const format of ['text', 'json', 'csv'] as const) assert.doesNotMatch(copyRows(KIND, [ROW], format), /hunter2/);
});

/** Reads CSV by the rules of RFC 4180. */
function readCsv(text: string): string[][] {
  const records: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') records.push([]);
  }
  return records.slice(0, -1);
}

test('any text comes through CSV, and none becomes a formula', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc
          .tuple(fc.constantFrom('', '=', '+', '-', '@', '\t', '\r', "'"), fc.string({ unit: 'binary' }))
          .map((parts) => parts.join('')),
        { maxLength: 5 },
      ),
      (names) => {
        const records = readCsv(
          copyRows(
            KIND,
            names.map((name) => ({ name })),
            'csv',
          ),
        ).slice(1);
        assert.equal(records.length, names.length);
        records.forEach(([field = ''], index) => {
          const name = names[index] ?? '';
          assert.ok(!/^[=+\-@\t\r]/.test(field));
          assert.equal(/^[=+\-@\t\r\n]/.test(name) ? field.slice(1) : field, name);
        });
      },
    ),
  );
});

test('numbers stay numbers in CSV, negative ones too', () => {
  assert.match(copyRows(KIND, [{ name: 'x', size: -1 }], 'csv'), /x,-1,/);
});
