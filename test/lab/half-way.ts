import assert from 'node:assert/strict';
import { CheckpointError } from '../../src/core/errors.ts';
import type { RunOptions, SandboxRecord } from '../../src/core/restore/sandbox/sandbox.ts';

/**
 * Cancels a restore while the engine is at it. Where the machine was faster it is taken away and tried again, sooner.
 * @param pause milliseconds after the engine has begun
 */
export async function cancelHalfWay(
  pause: number,
  restore: (options: RunOptions) => Promise<SandboxRecord>,
  remove: (record: SandboxRecord) => Promise<void>,
): Promise<void> {
  for (let after = pause; ; after = Math.floor(after / 2)) {
    const stop = new AbortController();
    const onProgress: RunOptions['onProgress'] = ({ template }) => {
      if (template === 'Restoring') setTimeout(() => stop.abort(), after);
    };
    const made = await restore({ signal: stop.signal, onProgress }).catch((error: unknown) => {
      assert.ok(CheckpointError.is(error, 'cancelled'), String(error));
      return undefined;
    });
    if (!made) return;
    await remove(made);
    assert.ok(after > 0, 'It was cancelled at once, and made all the same.');
  }
}
