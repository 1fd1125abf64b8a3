import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Emitter } from '../../../src/vscode/emitter.ts';
import { SpillSweeper } from '../../../src/vscode/sessions/spill-sweeper.ts';
import { silent } from './support/log.ts';

describe('the sweeper of decompressed copies', () => {
  const ended = new Emitter<void>();
  let directory: string;
  let sweeps: number;
  let sweeper: SpillSweeper | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sweeper-'));
    sweeps = 0;
  });
  afterEach(() => {
    sweeper?.dispose();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(afterStart: number, over = directory): void {
    const sweep = () => {
      sweeps++;
      return Promise.resolve();
    };
    sweeper = new SpillSweeper({
      sessions: { onEnded: ended.event },
      directory: over,
      sweep,
      log: silent,
      afterStart,
      keepFor: -2000,
    });
  }

  async function untilSwept(times: number): Promise<void> {
    while (sweeps < times) await wait(1);
  }

  it('sweeps after the start and after a checkpoint was closed', async () => {
    writeFileSync(join(directory, 'left.part'), '');
    start(0);
    await untilSwept(1);
    ended.fire();
    await untilSwept(2);
  });

  it('starts no thread where nothing was ever decompressed', async () => {
    start(0, join(directory, 'none'));
    ended.fire();
    await wait(20);
    assert.equal(sweeps, 0);
  });

  it('rests when it is disposed of', async () => {
    writeFileSync(join(directory, 'left.part'), '');
    start(1_000_000);
    sweeper?.dispose();
    ended.fire();
    await wait(20);
    assert.equal(sweeps, 0);
  });
});
