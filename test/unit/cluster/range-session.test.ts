import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecSession } from '../../../src/core/cluster/exec/exec.ts';
import { RangeSession } from '../../../src/core/cluster/node-source/range-session.ts';
import { failureOf } from './support.ts';

const STATE = { size: 100, modified: 1, inode: '7' };

/** A session with a node that does what the test does for it. */
function begin(silence?: number): { readonly ranges: RangeSession; readonly stdout: PassThrough } {
  const ranges = new RangeSession('archive.tar', silence);
  const stdout = new PassThrough();
  const session: ExecSession = {
    stdout,
    stderr: '',
    exit: new Promise(() => undefined),
    write: () => Promise.resolve(),
    resize: () => Promise.resolve(),
    resume: () => undefined,
    close: () => void stdout.destroy(),
  };
  ranges.start(session);
  ranges.expect(STATE);
  return { ranges, stdout };
}

describe('a node that is asked for bytes', () => {
  test('and says nothing is given up, though its connection stands', async () => {
    const { ranges } = begin(50);
    const error = await failureOf(ranges.read(0, 4));
    assert.equal(error.reason, 'timeout');
    assert.match(error.message, /^archive\.tar could not be read: its node has sent nothing of it for 1 seconds\./);
    await ranges.ended;
  });

  test('and sends them slowly is waited for, and nothing is waited for where nothing was asked', async () => {
    const { ranges, stdout } = begin(200);
    const read = ranges.read(0, 4);
    for (const letter of 'abcd') {
      await sleep(100);
      stdout.write(letter);
    }
    ranges.onStderr(Buffer.from('0 100 1 7\n'));
    assert.equal(Buffer.from(await read).toString(), 'abcd');
    await sleep(400);
    const next = ranges.read(4, 1);
    await sleep(20);
    stdout.write('e');
    ranges.onStderr(Buffer.from('0 100 1 7\n'));
    assert.equal(Buffer.from(await next).toString(), 'e');
    ranges.close();
  });

  test('and reports without end is not listened to for ever', async () => {
    const { ranges } = begin();
    const read = failureOf(ranges.read(0, 4));
    await sleep(1);
    for (let count = 0; count < 40; count++) ranges.onStderr(Buffer.alloc(64 * 1024, 65));
    assert.match((await read).message, /The connection over which archive\.tar is read broke off/);
  });
});
