import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import { BLOCK, END, file, header, index, names, padded, paxHeader, told } from './tar-support.ts';

const A = file('a', 'a'.repeat(700));
const B = file('b', 'b'.repeat(10));
const C = file('c', 'c'.repeat(5000));
const HUGE = Buffer.from([0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]);

function flipped(archive: Buffer, at: number): Buffer {
  const copy = Buffer.from(archive);
  copy[at] = (copy[at] ?? 0) ^ 0x04;
  return copy;
}

describe('a damaged archive', () => {
  test('whose header has a wrong checksum still gives that entry, if its size leads on', async () => {
    const tar = await index(flipped(Buffer.concat([A, B, C, END]), A.length + 137));
    assert.deepEqual(names(tar), ['a', 'b', 'c']);
    assert.deepEqual(told(tar.notes), [
      `damaged@${String(A.length)}: test.tar is damaged at byte ${String(A.length)}, in the header of an entry: its name, owner, mode or time may be wrong.`,
    ]);
    assert.equal(await tar.content('c'), 'c'.repeat(5000));
  });

  test('whose header is overwritten goes on at the next one', async () => {
    const archive = Buffer.concat([A, B, C, END]);
    archive.fill(0x55, A.length, A.length + BLOCK);
    const tar = await index(archive);
    assert.deepEqual(names(tar), ['a', 'c']);
    assert.deepEqual(told(tar.notes), [
      `damaged@${String(A.length)}: test.tar is damaged at byte ${String(A.length)}, where an entry should begin. The next entry that can be read is at byte ${String(A.length + B.length)}.`,
    ]);
  });

  test('whose first header is damaged', async () => {
    const archive = Buffer.concat([A, B, C, END]);
    archive.fill(0xff, 0, 300);
    assert.deepEqual(names(await index(archive)), ['b', 'c']);
  });

  for (const [what, size] of [
    ['2^63', HUGE],
    ['negative', Buffer.alloc(12, 0xff)],
    ['no number', Buffer.from('lots of it!!')],
  ] as const) {
    test(`with a size that is ${what}`, async () => {
      const tar = await index(Buffer.concat([A, header({ name: 'huge', size }), C, END]));
      assert.deepEqual(names(tar), ['a', 'c']);
      assert.match(
        told(tar.notes).join(),
        /^damaged@1536: test\.tar is damaged at byte 1536: the size of an entry is no number, negative, or impossibly large\. The next/,
      );
    });
  }

  test('with a pax size of 2^63', async () => {
    const tar = await index(Buffer.concat([paxHeader({ size: '9223372036854775808' }), file('x', 'x'), C, END]));
    assert.deepEqual(names(tar), ['c']);
    assert.match(told(tar.notes).join(), /the size of an entry/);
  });

  test('with a size that leads beyond its end has that entry truncated', async () => {
    const tar = await index(Buffer.concat([A, header({ name: 'b', size: 8e9 }), Buffer.alloc(1000, 1)]));
    assert.equal(tar.entry('a').truncated, undefined);
    assert.equal(tar.entry('b').truncated, true);
    assert.equal(tar.entry('b').size, 8e9);
    assert.equal(tar.files.open(tar.entry('b')).size, 1000);
    assert.deepEqual(told(tar.notes), [
      'truncated@3048: test.tar ends at byte 3048, inside b: 1000 of its 8000000000 bytes are there.',
    ]);
  });

  test('cut off at any place says so, and keeps what is whole', async () => {
    const archive = Buffer.concat([A, B, C, END]);
    const contentEnds = [A.length - 324, A.length + B.length - 502, A.length + B.length + C.length - 120];
    const ends = [A.length, A.length + B.length, A.length + B.length + C.length];
    for (let length = 1; length < archive.length - BLOCK; length += 97) {
      const tar = await index(archive.subarray(0, length));
      const isBetween = ends.some((end, at) => length >= (contentEnds[at] ?? 0) && length <= end);
      const kind = isBetween ? 'may-be-incomplete' : 'truncated';
      assert.equal(tar.notes[0]?.kind, kind, `cut at ${String(length)}`);
      const whole = contentEnds.filter((end) => end <= length).length;
      assert.equal(tar.entries.filter(({ truncated }) => truncated !== true).length, whole, `cut at ${String(length)}`);
    }
  });

  test('with an oversized or broken extended header', async () => {
    const oversized = Buffer.concat([A, header({ name: 'pax', type: 'x', size: 1 << 30 }), padded('x'), C, END]);
    assert.deepEqual(names(await index(oversized)), ['a', 'c']);
    const broken = Buffer.concat([
      header({ name: 'pax', type: 'x', size: 31 }),
      padded('12 uid=1234\n99 path=elsewhere\nxx'),
      file('kept', 'x'),
      END,
    ]);
    const tar = await index(broken);
    assert.equal(tar.entry('kept').uid, 1234);
    assert.deepEqual(told(tar.notes), [
      'damaged@524: test.tar is damaged at byte 524: part of the description of an entry cannot be read.',
    ]);
  });

  test('with an empty block between entries', async () => {
    const tar = await index(Buffer.concat([A, Buffer.alloc(BLOCK), C, END]));
    assert.deepEqual(names(tar), ['a', 'c']);
    assert.equal(tar.notes[0]?.kind, 'damaged');
  });

  test('that goes on behind its end mark shows what is there, and says so', async () => {
    const tar = await index(Buffer.concat([A, END, Buffer.alloc(8192), C, END]));
    assert.deepEqual(names(tar), ['a', 'c']);
    assert.match(told(tar.notes).join(), /goes on at byte 10752 behind its end mark/);
  });

  test('finds the rest of the outer archive although an inner one begins in the damaged part', async () => {
    const inner = Buffer.concat([file('inner', 'x'), END]);
    const outer = Buffer.concat([A, file('inner.tar', inner), C, END]);
    outer.fill(0xff, A.length, A.length + BLOCK);
    const tar = await index(outer);
    assert.deepEqual(names(tar), ['a', 'inner', 'c']);
  });

  test('with a sparse file whose list of pieces is damaged refuses that file alone', async () => {
    const list = padded('2\n0\n3\n1\n3\n');
    const tar = await index(
      Buffer.concat([
        paxHeader({
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.realsize': '9',
          'GNU.sparse.name': 's',
        }),
        file('GNUSparseFile.0/s', Buffer.concat([list, Buffer.from('abcdef')])),
        C,
        END,
      ]),
    );
    assert.equal(tar.entry('s').type, 'sparse');
    await assert.rejects(tar.content('s'), {
      reason: 'damaged',
      where: 's',
      message: /list of where they are is damaged/,
    });
    assert.equal(await tar.content('c'), 'c'.repeat(5000));
  });

  test('of millions of damaged headers does not fill the memory with notes', async () => {
    const blocks = Array.from({ length: 3000 }, () => [header({ name: 'x', size: HUGE }), file('a', 'x')]);
    const tar = await index(Buffer.concat([...blocks.flat(), END]));
    assert.ok(tar.notes.length > 10 && tar.notes.length <= 500);
    assert.deepEqual(names(tar), ['a']);
  });
});

describe('an archive that cannot be read to its end', () => {
  const failing = (archive: Buffer, from: number, error: Error): ByteSource => ({
    ...memorySource(archive, 'test.tar'),
    read: (offset, length) =>
      offset + length > from ? Promise.reject(error) : Promise.resolve(archive.subarray(offset, offset + length)),
  });

  test('keeps the entries before that and has a note', async () => {
    const changed = new CheckpointError('changed', sentence('It was changed.'), { where: 'test.tar', offset: 99 });
    const large = file('large', Buffer.alloc(100_000));
    const tar = await index(failing(Buffer.concat([large, C, END]), 50_000, changed));
    assert.deepEqual(names(tar), ['large']);
    assert.deepEqual(told(tar.notes), ['stale@99: It was changed.']);
    assert.equal(await tar.files.find('nothing'), undefined);
  });

  test('rejects where not even the first entry was read', async () => {
    const error = new CheckpointError('unreadable', sentence('It cannot be read.'));
    const files = openTar(failing(A, 0, error));
    await assert.rejects(files.completed, error);
    await assert.rejects(files.find('a'), error);
  });

  test('stops when it is cancelled or closed', async () => {
    const many = Buffer.concat([...Array.from({ length: 5000 }, (_, at) => file(String(at), 'x')), END]);
    const stop = new AbortController();
    const files = openTar(memorySource(many, 'test.tar'), stop.signal);
    const waiting = files.find('nothing', AbortSignal.timeout(10_000));
    stop.abort();
    await assert.rejects(files.completed, { reason: 'cancelled' });
    await assert.rejects(waiting, { reason: 'cancelled' });
    await files.close();
  });
});
