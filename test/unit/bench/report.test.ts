import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../../bench/children.ts';
import { formatTable, missed, type Row } from '../../bench/report.ts';

const kept: Row = {
  name: 'open 8 GiB',
  time: { value: 91.4, unit: 'milliseconds', limit: 100 },
  memory: { value: 61_500_000, unit: 'megabytes', limit: 300_000_000 },
};
const missedRatio: Row = {
  name: 'open a zstd',
  time: { value: 2345, unit: 'milliseconds' },
  read: { value: 3 * 1024 * 1024, unit: 'bytes', limit: 2 * 1024 * 1024 },
  peer: { name: 'zstd -d', milliseconds: 1000 },
  ratio: { value: 2.345, unit: 'ratio', limit: 1.5 },
};

test('each figure stands in the table with its budget and whether it is kept', () => {
  const lines = formatTable([kept, missedRatio]).split('\n');
  assert.match(lines[2] ?? '', /^open 8 GiB +91 ms ≤ 100 ms ok +62 MB ≤ 300 MB ok$/);
  assert.match(
    lines[3] ?? '',
    /^open a zstd +2\.35 s +3\.00 MiB ≤ 2\.00 MiB MISS +zstd -d 1\.00 s +2\.35× ≤ 1\.50× MISS$/,
  );
});

test('a column in which nothing was measured is left out', () => {
  assert.ok(!formatTable([kept, missedRatio]).includes('checkpointctl'));
  assert.match(formatTable([{ ...kept, checkpointctl: 56_000 }]), /checkpointctl[\s\S]*56\.00 s/);
});

test('what is missed is said: each budget, and each thing that does not hold', () => {
  assert.deepEqual(missed([kept]), []);
  assert.deepEqual(missed([missedRatio, { name: 'activation', fault: 'it loads too much' }]), [
    'open a zstd: read 3.00 MiB is over 2.00 MiB.',
    'open a zstd: ratio 2.35× is over 1.50×.',
    'activation: it loads too much',
  ]);
});

test('the median leaves out runs without a figure', () => {
  assert.equal(median([3, undefined, 1, 2]), 2);
  assert.equal(median([4, 1]), 2.5);
  assert.equal(median([undefined]), undefined);
});
