import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '../../../src/core/bytes/cancel.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { EndedHalfWay, Machine } from '../../../src/core/restore/sandbox/command.ts';
import { inFolder } from './support.ts';

/** Says that it began, and makes something a moment later. */
const LATE = (folder: string): readonly string[] => [
  'sh',
  '-c',
  'touch "$1/begun"; sleep 0.3; touch "$1/made"; echo done',
  'sh',
  folder,
];

async function begun(folder: string): Promise<void> {
  while (!existsSync(join(folder, 'begun'))) await sleep(10);
}

describe('a command that is cancelled', { skip: process.platform === 'win32' }, () => {
  test('comes to its end first where it makes something, so that it makes nothing after its removal', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      const work = new Machine().run(LATE(folder), { signal: stop.signal, isMaking: true });
      const failing = assert.rejects(work, (error) => {
        assert.ok(CheckpointError.is(error, 'cancelled') && !(error instanceof EndedHalfWay));
        return true;
      });
      await begun(folder);
      stop.abort();
      await failing;
      assert.ok(existsSync(join(folder, 'made')));
    }));

  test('is ended at once where it makes nothing', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      const failing = assert.rejects(new Machine().run(LATE(folder), { signal: stop.signal }), { reason: 'cancelled' });
      await begun(folder);
      stop.abort();
      await failing;
      assert.ok(!existsSync(join(folder, 'made')));
    }));

  test('is ended when it takes too long, and that is told apart', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      const machine = new Machine([], process.env, 20);
      const failing = assert.rejects(
        machine.run(LATE(folder), { signal: stop.signal, isMaking: true }),
        (error) => error instanceof EndedHalfWay && error.reason === 'cancelled',
      );
      await begun(folder);
      stop.abort();
      await failing;
    }));

  test('is told apart where it was interrupted together with this program', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      const words = [
        'sh',
        '-c',
        'touch "$1/begun"; while [ ! -e "$1/stop" ]; do sleep 0.02; done; exit 130',
        'sh',
        folder,
      ];
      const failing = assert.rejects(
        new Machine().run(words, { signal: stop.signal, isMaking: true }),
        (error) => error instanceof EndedHalfWay && error.reason === 'cancelled',
      );
      await begun(folder);
      stop.abort();
      await new Machine().run(['touch', join(folder, 'stop')]);
      await failing;
    }));

  test('gets no more of what it is given, and ends by that', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield Buffer.from('x');
          await sleep(5);
          if (stop.signal.aborted) throw cancelled();
        }
      }
      const words = ['sh', '-c', 'touch "$1/begun"; cat > "$1/got"; touch "$1/ended"', 'sh', folder];
      const failing = assert.rejects(
        new Machine().run(words, { signal: stop.signal, isMaking: true, input: endless() }),
        (error) => CheckpointError.is(error, 'cancelled') && !(error instanceof EndedHalfWay),
      );
      await begun(folder);
      await sleep(30);
      stop.abort();
      await failing;
      assert.ok(existsSync(join(folder, 'ended')));
      assert.match(readFileSync(join(folder, 'got'), 'utf8'), /^x+$/);
    }));
});
