import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fold, parseFilter, searchableText, type FilterField, type FilterRow } from '../../../src/protocol/filter.ts';
import type { CellValue } from '../../../src/protocol/grid.ts';

const FIELDS: readonly FilterField[] = [
  { id: 'name', kind: 'text' },
  { id: 'pid', kind: 'number' },
  { id: 'size', kind: 'size' },
  { id: 'mtime', kind: 'time' },
  { id: 'mode', kind: 'mode' },
  { id: 'command', label: 'Command line', kind: 'code' },
];

const NOON = new Date(2026, 10, 23, 12, 0, 30, 500);
const ROW: readonly CellValue[] = ['web-master', 12, 3 * 1024 ** 2, NOON.toISOString(), 0o104755, '/bin/sh -c "a b"'];
const BARE: readonly CellValue[] = ['web-idle', null, null, null, null, ''];

const rowOf = (values: readonly CellValue[]): FilterRow => {
  const value = (index: number) => values[index] ?? null;
  return { value, text: () => searchableText(FIELDS, value) };
};
const matches = (text: string, row = ROW) => parseFilter(text, FIELDS).matches(rowOf(row));

describe('what matches', () => {
  const yes = [
    '',
    ' ',
    'WEB',
    'web master',
    'master web',
    '"web-master"',
    '-idle',
    '"a b"',
    'name:web',
    'Name:WEB',
    'name:"web-m"',
    'commandline:sh',
    'command:"-c "',
    'pid:12',
    'pid:=12',
    'pid:0xc',
    'pid:>11',
    'pid:>=12',
    'pid:<13',
    'pid:<=12',
    '-pid:1',
    'size:3M',
    'size:3MiB',
    'size:3mb',
    'size:3145728',
    'size:>2.5m',
    'size:<1G',
    'size:>3000k',
    '3.0',
    'rws',
    'mode:4755',
    'mode:rwsr',
    'mtime:2026-11-23',
    'mtime:2026',
    'mtime:2026-11',
    'mtime:>2026-11-22',
    'mtime:>=2026-11-23',
    'mtime:<=2026-11-23',
    'mtime:<2026-11-24',
    'mtime:2026-11-23T12:00',
    'mtime:2026-11-23T12:00:30',
    'mtime:>2026-11-23T12:00:29',
    `mtime:>=${NOON.toISOString()}`,
    `mtime:<=${NOON.toISOString()}`,
    '-name:""',
    '-name:idle -size:<1k',
    'pid:',
    'pid:>',
    '-pid:',
    'size:>=',
    'name:"',
    '"',
    '-"',
  ];
  for (const text of yes) test(`yes: ${text}`, () => assert.equal(matches(text), true));

  const no = [
    'idle',
    'web idle',
    '-web',
    '-name:web',
    'name:""',
    'pid:1',
    'pid:>12',
    'pid:<12',
    'pid:-12',
    'pid:twelve',
    'pid:>x',
    'pid:12M',
    'size:3G',
    'size:>3M',
    'size:<3M',
    'mtime:2026-11-22',
    'mtime:>2026-11-23',
    'mtime:<2026-11-23',
    'mtime:2026-11-23T13',
    'mtime:tomorrow',
    'nofield:web',
    '"web master"',
    'pid:"12 "',
    '-pid:12',
    'name:>a',
  ];
  for (const text of no) test(`no: ${text}`, () => assert.equal(matches(text), false));

  test('an empty cell compares with nothing', () => {
    for (const text of ['pid:0', 'pid:<1', 'pid:>=0', 'size:<1G', 'mtime:<2100', 'mode:r']) {
      assert.equal(matches(text, BARE), false, text);
    }
    for (const text of ['pid:""', 'size:""', 'command:""', '-pid:0', '-size:<1G']) {
      assert.equal(matches(text, BARE), true, text);
    }
  });

  test('a field that does not exist is part of the word', () => {
    const row: readonly CellValue[] = ['http://host:80/x', 1, null, null, null, ''];
    assert.equal(matches('http://host', row), true);
    assert.equal(matches('-http://host', row), false);
    assert.equal(matches('host:80', row), true);
  });

  test('a dash alone is a word', () => {
    assert.equal(matches('-'), true);
    assert.equal(matches('-', ['x', 1, null, null, null, '']), false);
    assert.equal(matches('--c'), false);
  });

  test('a quoted value is no operator, and may hold a quote', () => {
    const row: readonly CellValue[] = ['say "hi" >5 c:\\x', 1, null, null, null, ''];
    assert.equal(matches('name:">5"', row), true);
    assert.equal(matches('"\\"hi\\""', row), true);
    assert.equal(matches('"c:\\\\x"', row), true);
    assert.equal(matches('c:\\x', row), true);
  });

  test('words do not reach over two cells', () => {
    assert.equal(matches('ab', ['a', null, null, null, null, 'b']), false);
  });

  test('a time of UTC is marked so', () => {
    const day = NOON.toISOString().slice(0, 10);
    assert.equal(matches(`mtime:${day}Z`), true);
    assert.equal(matches(`mtime:>${day}Z`), false);
  });
});

describe('any text is a filter', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '"',
          '-',
          ':',
          '\\',
          ' ',
          '>',
          '<',
          '=',
          'pid',
          'size',
          'name',
          'a',
          '1',
          'M',
          '\u0000',
          '\ud800',
          'İ',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  const values: fc.Arbitrary<CellValue[]> = fc.tuple(
    fc.string(),
    fc.option(fc.integer()),
    fc.option(fc.double()),
    fc.option(fc.string()),
    fc.option(fc.nat()),
    fc.string(),
  );

  test('no text, on no row, throws', () => {
    fc.assert(
      fc.property(anything, values, (text, row) => {
        const filter = parseFilter(text, FIELDS);
        assert.equal(typeof filter.matches(rowOf(row)), 'boolean');
        filter.highlight(String(row[0]), 'name');
      }),
    );
  });

  test('a longer list of terms never matches more', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom('web', 'pid:12', '-name:idle', 'size:>1M'), values, (text, more, row) => {
        if (text.includes('"') || text.endsWith('\\')) return;
        if (parseFilter(`${text} ${more}`, FIELDS).matches(rowOf(row))) {
          assert.equal(parseFilter(text, FIELDS).matches(rowOf(row)), true);
        }
      }),
    );
  });

  test('a word and its negation part all rows', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.]{1,4}$/), values, (text, row) => {
        assert.notEqual(
          parseFilter(text, FIELDS).matches(rowOf(row)),
          parseFilter(`-${text}`, FIELDS).matches(rowOf(row)),
        );
      }),
    );
  });

  test('any text can be looked for in quotes', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.includes('\0')),
        (text) => {
          const quoted = `"${text.replace(/["\\]/g, '\\$&')}"`;
          assert.equal(parseFilter(quoted, FIELDS).matches(rowOf([text])), true);
          assert.equal(parseFilter(`name:${quoted}`, FIELDS).matches(rowOf([text])), true);
        },
      ),
    );
  });
});

describe('highlight', () => {
  const ranges = (text: string, shown: string, field?: string) => parseFilter(text, FIELDS).highlight(shown, field);

  test('marks words everywhere and field terms in their field', () => {
    assert.deepEqual(ranges('ab name:x', 'xABx', 'name'), [[0, 4]]);
    assert.deepEqual(ranges('ab name:x', 'xABx', 'command'), [[1, 3]]);
    assert.deepEqual(ranges('ab name:x', 'xABx'), [[1, 3]]);
  });

  test('marks nothing for negations and comparisons', () => {
    assert.deepEqual(ranges('-ab pid:12 size:>1', 'ab 12 1', 'pid'), []);
  });

  test('marks the right letters where lower case is longer', () => {
    assert.deepEqual(ranges('stanbul', 'İstanbul'), [[1, 8]]);
    assert.deepEqual(ranges('ΟΔΟΣ', 'οδος ΟΔΟΣΑ'), [
      [0, 4],
      [5, 9],
    ]);
  });

  test('ranges are in order, apart, inside, and bounded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'ab', 'aa')),
        fc.stringMatching(/^[abAB]{0,400}$/),
        (words, shown) => {
          const found = ranges(words.join(' '), shown);
          assert.ok(found.length <= 100);
          let last = -1;
          for (const [start, end] of found) {
            assert.ok(start > last && end > start && end <= shown.length);
            last = end;
          }
        },
      ),
    );
  });

  test('folding keeps positions', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(fold(text).length, text.length)));
  });
});
