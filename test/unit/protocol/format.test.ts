import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  escapeJson,
  escapeText,
  formatAge,
  formatCount,
  formatDuration,
  formatExactBytes,
  formatMode,
  formatSize,
  formatTime,
  parseTime,
  TYPE_BITS,
} from '../../../src/protocol/format.ts';

describe('sizes', () => {
  const cases: [number | bigint, string][] = [
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [31 * 1024 ** 2, '31.0 MiB'],
    [8 * 1024 ** 3, '8.0 GiB'],
    [2n ** 63n, '8.0 EiB'],
    [2n ** 70n, '1024.0 EiB'],
    [-2048, '-2.0 KiB'],
  ];
  for (const [bytes, text] of cases) test(`${String(bytes)} is ${text}`, () => assert.equal(formatSize(bytes), text));

  test('no size is printed as 1024 of a unit that has a next one', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        assert.match(formatSize(bytes), /^(\d{1,3}\.\d|\d{1,4}|10[01]\d\.\d|102[0-3]\.\d) ([KMGTPE]iB|B)$/);
      }),
    );
  });

  test('exact bytes have all digits', () => {
    assert.equal(formatExactBytes(32_505_856), '32,505,856 bytes');
    assert.equal(formatExactBytes(1), '1 byte');
    assert.equal(formatExactBytes(1n), '1 byte');
    assert.equal(formatExactBytes(999), '999 bytes');
    assert.equal(formatCount(-1234567), '-1,234,567');
    assert.equal(formatCount(12345678901234567890n), '12,345,678,901,234,567,890');
  });
});

describe('times', () => {
  test('in UTC, to the second, whatever zone it was written in', () => {
    assert.equal(formatTime('2026-11-23T22:22:40.123456789Z', { utc: true }), '2026-11-23 22:22:40 UTC');
    assert.equal(formatTime('2026-11-24T00:22:40+02:00', { utc: true }), '2026-11-23 22:22:40 UTC');
    assert.equal(formatTime('2026-11-23t22:22:40z', { utc: true }), '2026-11-23 22:22:40 UTC');
  });

  test('local time is what Date says', () => {
    const date = new Date(2026, 10, 3, 4, 5, 6);
    assert.equal(formatTime(date.toISOString()), '2026-11-03 04:05:06');
  });

  test('what is no time stays as it is', () => {
    for (const text of ['', 'never', '2026-11-23', '2026-13-40T00:00:00Z', '99999999999999999999 ns']) {
      assert.equal(formatTime(text), text);
      assert.equal(parseTime(text), undefined);
      assert.equal(formatAge(text, 0), '');
    }
  });

  test('nanoseconds are kept', () => {
    assert.deepEqual(parseTime('1970-01-01T00:00:01.123456789Z'), { milliseconds: 1123, nanoseconds: 456789 });
    assert.deepEqual(parseTime('1970-01-01T00:00:01.5Z'), { milliseconds: 1500, nanoseconds: 0 });
  });

  const now = new Date(2026, 10, 24, 12, 0, 0).getTime();
  const ages: [number, string][] = [
    [0, 'now'],
    [59_999, 'now'],
    [2 * 60_000, '2 min ago'],
    [3 * 3_600_000, '3 hr ago'],
    [25 * 3_600_000, 'yesterday'],
    [37 * 3_600_000, '2 days ago'],
    [90 * 86_400_000, '2 mo ago'],
    [800 * 86_400_000, '2 yr ago'],
    [-3 * 3_600_000, 'in 3 hr'],
  ];
  for (const [milliseconds, text] of ages) {
    test(`${String(milliseconds)} ms before is ${text}`, () => {
      assert.equal(formatAge(new Date(now - milliseconds).toISOString(), now), text);
    });
  }

  test('an age speaks the language of its reader', () => {
    assert.equal(formatAge(new Date(now - 120_000).toISOString(), now, 'de'), 'vor 2 Min.');
  });
});

describe('durations', () => {
  const cases: [number | bigint, string][] = [
    [0, '0 µs'],
    [850, '850 µs'],
    [12_345, '12.3 ms'],
    [999_949, '999.9 ms'],
    [999_950, '1.00 s'],
    [1_240_000n, '1.24 s'],
    [59_999_000, '1 min 0 s'],
    [125_000_000, '2 min 5 s'],
    [3_600_000_000, '1 h 0 min'],
    [-850, '-850 µs'],
  ];
  for (const [microseconds, text] of cases) {
    test(`${String(microseconds)} is ${text}`, () => assert.equal(formatDuration(microseconds), text));
  }
});

describe('modes', () => {
  const cases: [number, string][] = [
    [0o100644, '-rw-r--r--'],
    [0o104755, '-rwsr-xr-x'],
    [0o104644, '-rwSr--r--'],
    [0o102755, '-rwxr-sr-x'],
    [0o041777, 'drwxrwxrwt'],
    [0o041776, 'drwxrwxrwT'],
    [0o120777, 'lrwxrwxrwx'],
    [0o020660, 'crw-rw----'],
    [0o060660, 'brw-rw----'],
    [0o010600, 'prw-------'],
    [0o140755, 'srwxr-xr-x'],
    [0o000600, '?rw-------'],
  ];
  for (const [mode, text] of cases) test(`${mode.toString(8)} is ${text}`, () => assert.equal(formatMode(mode), text));

  test('a type given apart gives the same as the type bits', () => {
    for (const type of [
      'file',
      'directory',
      'symlink',
      'character-device',
      'block-device',
      'fifo',
      'unknown',
    ] as const) {
      assert.equal(formatMode(0o4755, type), formatMode(TYPE_BITS[type] | 0o4755));
    }
    assert.equal(formatMode(0o755, 'hardlink'), '-rwxr-xr-x');
  });
});

describe('text from a checkpoint', () => {
  const cases: [string, string][] = [
    ['plain ä 漢字 🙂', 'plain ä 漢字 🙂'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\u0000\u001b[31m\u007f\u009b', '\\u0000\\u001b[31m\\u007f\\u009b'],
    ['gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['a\u200bb\u2060c\ufeff', 'a\\u200bb\\u2060c\\ufeff'],
    ['\u{e0041}', '\\u{e0041}'],
    ['half \ud800 pair', 'half \\ud800 pair'],
    ['\u00a0\u3000\u2028', '\\u00a0\\u3000\\u2028'],
    ['\u3164\u2800', '\\u3164\\u2800'],
    ['replaced \ufffd', 'replaced \ufffd'],
    ['back\\slash', 'back\\slash'],
    ['<img src=x>', '<img src=x>'],
  ];
  for (const [raw, shown] of cases) test(JSON.stringify(raw), () => assert.equal(escapeText(raw), shown));

  test('comes out visible, once and for all, and nothing is dropped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        const shown = escapeText(raw);
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u);
        assert.equal(escapeText(shown), shown);
        assert.ok(shown.length >= raw.length);
      }),
    );
  });
});

test('JSON that is shown says the same without what nobody sees', () => {
  const value = { 'a\u202eb': ['\u0007\u200b', '\u{e0041}', 'für "x"'] };
  const shown = escapeJson(JSON.stringify(value, undefined, 2));
  assert.deepEqual(JSON.parse(shown), value);
  assert.match(shown, /^[\n -~ü]*$/);
  assert.match(shown, /a\\u202eb/);
});
