import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { memorySource } from '../../../../src/core/bytes/sources.ts';
import { LineReader, MAX_HEAD } from '../../../../src/core/checkpoint/logs/line-reader.ts';
import { LogIndex } from '../../../../src/core/checkpoint/logs/log-index.ts';
import { openLogs } from '../../../../src/core/checkpoint/logs/logs.ts';
import type { LogRecord } from '../../../../src/protocol/logs.ts';
import { memoryFiles } from '../../support/memory-files.ts';
import { withFixture } from '../isolation/support.ts';

const T = '2026-11-23T22:24:59.851555271Z';

async function recordsOf(content: string | Uint8Array, start = 0, count = 1000): Promise<readonly LogRecord[]> {
  const index = await indexOf(content);
  return index.window(start, count);
}

function indexOf(content: string | Uint8Array): Promise<LogIndex> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return LogIndex.build(memorySource(bytes, 'container.log'));
}

function texts(records: readonly LogRecord[]): readonly (readonly [number, string | undefined, string])[] {
  return records.map(({ number, stream, text }) => [number, stream, text] as const);
}

describe('the log of a container', () => {
  const cases = [
    ['containerd-counter', 'container.log', 'tick 1'],
    ['podman-counter-none', 'ctr.log', 'tick 1'],
  ] as const;
  for (const [fixture, name, text] of cases) {
    test(`${fixture}: ${name}`, () =>
      withFixture(fixture, async ({ logs }) => {
        const [log] = await logs.files();
        assert.deepEqual([log?.name, log?.kind], [name, 'container']);
        const index = await logs.index(name);
        assert.equal(index.format, 'cri');
        const [first] = await index.window(0, 1);
        assert.equal(first?.text, text);
        assert.equal(first.stream, 'stdout');
        assert.match(first.time ?? '', /^2026-11-23T22:2\d:\d\d\.\d+/);
      }));
  }

  test('of CRI-O has the name of an annotation', () =>
    withFixture('crio-rich', async ({ logs }) => {
      assert.deepEqual(
        (await logs.files()).map(({ name, kind }) => [name, kind]),
        [
          ['io.kubernetes.cri-o.LogPath', 'container'],
          ['dump.log', 'dump'],
        ],
      );
    }));

  test('has lines that were split put together, whatever came between the pieces', async () => {
    const log = [
      `${T} stdout P one, `,
      `${T} stderr F error`,
      `${T} stdout P two, `,
      `${T} stdout F three`,
      `${T} stdout F `,
      `${T} stderr F`,
      `${T} stdout F:tag with more tags`,
      `${T} stdout P never ended`,
    ].join('\n');
    const records = await recordsOf(`${log}\n`);
    assert.deepEqual(texts(records), [
      [0, 'stdout', 'one, two, three'],
      [1, 'stderr', 'error'],
      [2, 'stdout', ''],
      [3, 'stderr', ''],
      [4, 'stdout', 'with more tags'],
      [5, 'stdout', 'never ended'],
    ]);
    assert.equal(records[0]?.time, T);
    assert.deepEqual(
      records.map(({ unfinished }) => unfinished === true),
      [false, false, false, false, false, true],
    );
  });

  test('of Docker is an object a line', async () => {
    const entry = (log: string, stream = 'stdout') => `${JSON.stringify({ log, stream, time: T })}\n`;
    const records = await recordsOf(`${entry('a ')}${entry('no\n', 'stderr')}${entry('b\n')}{"log": cut off\n`);
    assert.deepEqual(texts(records), [
      [0, 'stdout', 'a b'],
      [1, 'stderr', 'no'],
      [2, undefined, '{"log": cut off'],
    ]);
    assert.equal(records[2]?.foreign, true);
  });

  test('keeps lines that are not of its format as they stand', async () => {
    const records = await recordsOf(
      `of a line that was cut off\n${T} stdout F a\n\n${T} other F b\n${T} stdout X c\n${T} stdout F d\n${T} stdout F e\n${T} stdout F f\n`,
    );
    assert.deepEqual(
      records.map(({ text, foreign }) => [text, foreign === true]),
      [
        ['of a line that was cut off', true],
        ['a', false],
        ['', true],
        [`${T} other F b`, true],
        [`${T} stdout X c`, true],
        ['d', false],
        ['e', false],
        ['f', false],
      ],
    );
  });

  test('of no known format is its lines', async () => {
    const records = await recordsOf('one\r\ntwo\nthree');
    assert.deepEqual(texts(records), [
      [0, undefined, 'one'],
      [1, undefined, 'two'],
      [2, undefined, 'three'],
    ]);
    assert.equal((await indexOf('one\n')).format, 'plain');
    assert.equal((await indexOf('')).records, 0);
  });

  test('may hold anything: NULs, escapes, what is no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${T} stdout F \0\u001b[31mred`), Buffer.of(0xff, 0xfe, 0x0a)]);
    const [record] = await recordsOf(bytes);
    assert.equal(record?.text, '\0\u001b[31mred\ufffd\ufffd');
  });

  test('may have a line longer than memory: its beginning is kept, and the rest counted', async () => {
    const long = `${T} stdout F ${'x'.repeat(3_000_000)}`;
    const records = await recordsOf(`${long}\n${T} stderr F after\n`);
    assert.equal(records.length, 2);
    assert.equal(records[0]?.text.length, 4096);
    assert.equal(records[0].cut, 3_000_000 - 4096);
    assert.equal(records[1]?.text, 'after');
    assert.equal(records[1].offset, long.length + 1);
  });

  test('is read in windows from anywhere, as if from the start', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => {
      const stream = index % 7 === 0 ? 'stderr' : 'stdout';
      return `${T} ${stream} ${index % 5 === 3 ? 'P' : 'F'} line ${index}\n`;
    });
    const index = await indexOf(lines.join(''));
    const all = await index.window(0, 5000);
    assert.equal(all.length, index.records);
    for (const start of [0, 1, 63, 64, 65, 777, 2500, index.records - 3]) {
      assert.deepEqual(await index.window(start, 20), all.slice(start, start + 20), `from ${start}`);
    }
    assert.deepEqual(await index.window(index.records, 10), []);
  });

  test('remembers few places, however many lines there are', async () => {
    const index = await indexOf('x\n'.repeat(3_000_000));
    assert.equal(index.records, 3_000_000);
    const [record] = await index.window(2_999_999, 1);
    assert.equal(record?.offset, 5_999_998);
    const middle = await index.window(1_234_567, 2);
    assert.deepEqual(
      middle.map(({ number, offset }) => [number, offset]),
      [
        [1_234_567, 2_469_134],
        [1_234_568, 2_469_136],
      ],
    );
  });

  test('whose lines never end is not read to its end for each window', async () => {
    // Every piece is 1 KiB, of one record that never ends; a window of what came before must not wait for it.
    const pieces = `${T} stderr P ${'y'.repeat(1000)}\n`.repeat(20_000);
    const index = await indexOf(`${T} stdout F first\n${pieces}`);
    const [first, second] = await index.window(0, 2);
    assert.equal(first?.text, 'first');
    assert.equal(second?.stream, 'stderr');
    assert.equal(second.text.length, 4096);
    assert.ok((second.cut ?? 0) < 6_000_000);
  });
});

test('numbers records alike whether it counts or reads them', async () => {
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom('stdout', 'stderr', 'other'), fc.constantFrom('F', 'P', 'X'), fc.string({ maxLength: 5 }))
      .map(([stream, tag, text]) => `${T} ${stream} ${tag} ${text.replaceAll('\n', '')}`),
    fc.constantFrom('', '{', '(00.000001) x', `{"log":"a","stream":"stdout"}`, `{"log":"b\\n"}`, `{"log":"c"}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 60 }), async (lines) => {
      const index = await indexOf(lines.join('\n'));
      const records = await index.window(0, 1000);
      assert.deepEqual(
        records.map(({ number }) => number),
        Array.from({ length: index.records }, (_, number) => number),
      );
    }),
    { numRuns: 300 },
  );
});

test('any bytes make a log', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
      const index = await indexOf(bytes);
      const records = await index.window(0, 5000);
      assert.equal(records.length, index.records);
    }),
    { numRuns: 200 },
  );
});

test('lines stand where they are, across the chunks that are read', async () => {
  const lengths = [0, 1, 255 * 1024, 10, MAX_HEAD, MAX_HEAD + 1, 256 * 1024, 700 * 1024, 3];
  const content = lengths.map((length) => 'z'.repeat(length)).join('\n');
  const reader = new LineReader(memorySource(new TextEncoder().encode(content), 'lines'), 0);
  const seen: number[] = [];
  let offset = 0;
  for (let line = await reader.next(); line; line = await reader.next()) {
    assert.equal(line.offset, offset);
    assert.equal(line.head.length, Math.min(line.length, MAX_HEAD));
    seen.push(line.length);
    offset += line.length + 1;
  }
  assert.deepEqual(seen, lengths);
});

test('a log that is not there is none, also by another name', async () => {
  const logs = openLogs({ files: memoryFiles({ 'config.dump': '{}', secret: 'x' }), imagesPrefix: 'checkpoint/' });
  assert.deepEqual(await logs.files(), []);
  await assert.rejects(logs.index('secret'), { reason: 'not-found' });
  await assert.rejects(logs.index('../../etc/passwd'), { reason: 'not-found' });
});
