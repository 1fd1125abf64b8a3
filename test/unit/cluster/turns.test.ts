import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { processMark } from '../../../src/core/bytes/process-mark.ts';
import { SharedTurn } from '../../../src/core/cluster/checkpoint/shared-turn.ts';
import { Turns } from '../../../src/core/cluster/checkpoint/turns.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { temporary } from './node-support.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

/** When work began and ended, by the clock that all processes share. */
type Span = readonly [begun: number, ended: number];

async function worked(turns: Turns, name = 'a container', milliseconds = 20): Promise<Span> {
  return turns.take(
    name,
    async () => {
      const begun = Date.now();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return [begun, Date.now()] as const;
    },
    () => true,
  );
}

function apart(one: Span, other: Span): number {
  return one[0] < other[0] ? other[0] - one[1] : one[0] - other[1];
}

describe('the turns of a container', () => {
  test('are taken by all who use the folder, one after the other and a second apart', async () => {
    const folder = temporary();
    const [one, other] = await Promise.all([worked(new Turns(folder)), worked(new Turns(folder))]);
    assert.ok(apart(one, other) >= 1000, `${String(apart(one, other))} ms`);
    // One that comes afterwards, as the next command of a script does.
    const third = await worked(new Turns(folder));
    assert.ok(third[0] - Math.max(one[1], other[1]) >= 1000);
    // Another container's are its own.
    const [begun] = await worked(new Turns(folder), 'another');
    assert.ok(begun - third[1] < 1000);
  });

  test('are taken by other processes as well', async () => {
    const folder = temporary();
    const program = `
      import { Turns } from './src/core/cluster/checkpoint/turns.ts';
      const begun = await new Turns(process.argv[1]).take('a container', async () => {
        console.log(Date.now());
        await new Promise((resolve) => setTimeout(resolve, 300));
        return Date.now();
      }, () => true);
      console.log(begun);
      process.exit(0);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], { cwd: REPOSITORY });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await once(child.stdout, 'data');
    const mine = await worked(new Turns(folder));
    if (child.exitCode === null) await once(child, 'close');
    const [begun = 0, ended = 0] = printed.trim().split('\n').map(Number);
    assert.ok(apart([begun, ended], mine) >= 1000, printed);
  });

  test('go on after a process that ended in its turn', async () => {
    const folder = temporary();
    await worked(new Turns(folder));
    const [ended = ''] = readdirSync(folder);
    const turn = join(folder, ended.replace('.ended', '.turn'));
    // No process has this number: Linux's go up to 4194304.
    writeFileSync(turn, processMark().replace(/^\d+/, '4999999'));
    await worked(new Turns(folder));
    // Killed before it could write who it is.
    writeFileSync(turn, '');
    utimesSync(turn, new Date(0), new Date(0));
    await worked(new Turns(folder));
    assert.deepEqual(readdirSync(folder), [ended]);
  });

  test('go on after one on another machine that gives no more sign of life, and not before', async () => {
    const folder = temporary();
    await worked(new Turns(folder));
    const [ended = ''] = readdirSync(folder);
    const turn = join(folder, ended.replace('.ended', '.turn'));
    // Of another machine: whether it runs is not known.
    writeFileSync(turn, '1-1-0-0');
    let isAlive = true;
    const alive = setInterval(() => utimesSync(turn, new Date(), new Date()), 50);
    setTimeout(() => {
      isAlive = false;
      clearInterval(alive);
    }, 600);
    const taken = await SharedTurn.take(folder, 'a container', 0, undefined, 300);
    assert.equal(isAlive, false);
    await taken?.end(false);
  });

  test('are given up by who no longer wants to wait', async () => {
    const folder = temporary();
    const turns = new Turns(folder);
    const hasBegun = Promise.withResolvers<undefined>();
    const isOver = Promise.withResolvers<undefined>();
    const work = (): Promise<undefined> => {
      hasBegun.resolve(undefined);
      return isOver.promise;
    };
    const first = turns.take('a container', work, () => true);
    await hasBegun.promise;
    const giveUp = new AbortController();
    const waiting = new Turns(folder).take('a container', () => Promise.resolve(), () => true, giveUp.signal); // prettier-ignore
    setTimeout(() => giveUp.abort(), 50);
    await assert.rejects(waiting, (error) => CheckpointError.is(error, 'cancelled'));
    isOver.resolve(undefined);
    await first;
    assert.equal(readdirSync(folder).length, 1);
  });

  test('are those of a process alone where the folder cannot be made', async () => {
    const file = join(temporary(), 'file');
    writeFileSync(file, '');
    await worked(new Turns(join(file, 'turns')));
  });
});
