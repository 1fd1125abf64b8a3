import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { openLogs } from '../../../src/core/checkpoint/logs/logs.ts';
import type { GridQuery } from '../../../src/protocol/grid.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { isolationOf, logRecordOf } from '../../../src/worker/isolation-answers.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { withFixture } from '../checkpoint/isolation/support.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { fakeCheckpoint } from './fake-checkpoint.ts';

const NEVER = new AbortController().signal;
const QUERY: GridQuery = { grid: 'seccomp', filter: '', toggled: [], start: 0, count: 5 };

describe('the instructions of a seccomp filter', () => {
  test('are rows', () =>
    withFixture('podman-webapp-host', async (checkpoint) => {
      const grids = new Grids(checkpoint);
      const window = await grids.window({ ...QUERY, of: '1:0', start: 3, count: 2 }, NEVER);
      assert.equal(window.total, 1161);
      assert.deepEqual(
        window.rows.map(({ id, cells }) => [id, ...cells.map(({ value }) => value)]),
        [
          ['3', 3, 'A = nr', '0020 00 00 00000000'],
          ['4', 4, 'if (A == read) goto 0131', '0015 7e 00 00000000'],
        ],
      );
      assert.ok((await grids.window({ ...QUERY, of: '1:0', filter: 'return' }, NEVER)).matched > 3);
    }));

  test('of a filter that is not there are none', () =>
    withFixture('podman-counter-none', async (checkpoint) => {
      for (const name of ['1:77', '', 'x:y', '1:-1']) {
        const window = await new Grids(checkpoint).window({ ...QUERY, of: name }, NEVER);
        assert.equal(window.visible, 0, name);
      }
    }));

  test('say what is wrong with them', async () => {
    const line = { index: 0, raw: 'ffff 00 00 00000000', text: 'unknown' };
    const checkpoint = fakeCheckpoint();
    const grids = new Grids({
      ...checkpoint,
      isolation: {
        ...checkpoint.isolation,
        seccompListing: () =>
          Promise.resolve({
            filter: { index: 0, instructions: 1, flags: [], offset: 0 },
            lines: [{ ...line, problem: { template: 'No kernel takes this.', args: [] } }],
            left: { template: 'There is more.', args: [] },
          }),
      },
    });
    const window = await grids.window({ ...QUERY, of: '1:0' }, NEVER);
    assert.equal(window.rows[0]?.cells[1]?.title, 'No kernel takes this.');
    assert.equal(window.remark && say(window.remark), 'There is more.');
  });
});

describe('questions', () => {
  test('about a process that is not there are answered so', async () => {
    await assert.rejects(isolationOf(fakeCheckpoint(), 7, NEVER), { reason: 'not-found' });
  });

  test('about a line of a log give more of it than a row has, but not without end', async () => {
    const long = 'x'.repeat(100_000);
    const files = memoryFiles({ 'dump.log': `(00.000001) ${long}\n(00.000002) short\n` });
    const checkpoint: Checkpoint = fakeCheckpoint({ logs: openLogs({ files, imagesPrefix: 'checkpoint/' }) });
    const record = await logRecordOf(checkpoint, 'dump.log', 0, NEVER);
    assert.ok(record.text.length > 65_000 && record.text.length <= 64 * 1024);
    assert.equal(record.text.length + (record.cut ?? 0), long.length);
    assert.equal((await logRecordOf(checkpoint, 'dump.log', 1, NEVER)).text, 'short');
    for (const number of [2, -1, 0.5, NaN, Infinity, 2 ** 60]) {
      await assert.rejects(logRecordOf(checkpoint, 'dump.log', number, NEVER), { reason: 'not-found' });
    }
    await assert.rejects(logRecordOf(checkpoint, '/etc/passwd', 0, NEVER), { reason: 'not-found' });
  });
});
