import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkpointAgain } from '../../../src/core/restore/sandbox/checkpoint-again.ts';
import type { SandboxRecord } from '../../../src/core/restore/sandbox/sandbox.ts';
import { inFolder } from './support.ts';

/** A far machine with a containerd in it: whatever its crictl is to export has the container's id in it. */
const MACHINE = `case "$*" in
"crictl"*" pods --label checkpoint-explorer/sandbox=abc --quiet") printf '%064d\\n' 1 ;;
"crictl"*" ps --pod "*) [ -e "$FOLDER/ended" ] || printf '%064d\\n' 2 ;;
"crictl --timeout 600s checkpoint --export="*) [ ! -e "$FOLDER/broken" ] || { echo "criu failed" >&2; exit 1; }
  echo "$6" > "\${5#--export=}"; echo "\${5#--export=}" > "$FOLDER/exported" ;;
"cat -- "*|"rm -f -- "*) exec "$@" ;;
*) echo "what is $*" >&2; exit 1 ;;
esac`;

async function scene(
  use: (scene: { record: SandboxRecord; folder: string; exported: () => string }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const far = join(folder, 'far');
    writeFileSync(far, `#!/bin/sh\nFOLDER='${folder}'\n${MACHINE}\n`);
    chmodSync(far, 0o755);
    const record = {
      id: 'abc',
      kind: 'crio',
      name: 'checkpoint-app-abc',
      locator: 'x',
      created: 'x',
      things: [],
    } as const;
    const exported = (): string => readFileSync(join(folder, 'exported'), 'utf8').trim();
    await use({ record: { ...record, prefix: [far] }, folder, exported });
  });
}

describe('checkpointing what was restored through crictl', { skip: process.platform === 'win32' }, () => {
  test('brings the archive here, and leaves none there', () =>
    scene(async ({ record, folder, exported }) => {
      const target = join(folder, 'again.tar');
      await checkpointAgain(record, target);
      assert.match(readFileSync(target, 'utf8'), /^0+2\n$/);
      assert.match(exported(), /^\/var\/tmp\/checkpoint-app-abc-\w+\.tar$/);
      assert.equal(existsSync(exported()), false);
    }));

  test('says that it does not run any more, or why it failed, and leaves nothing', () =>
    scene(async ({ record, folder }) => {
      const target = join(folder, 'again.tar');
      writeFileSync(join(folder, 'broken'), '');
      await assert.rejects(checkpointAgain(record, target), /criu failed/);
      writeFileSync(join(folder, 'ended'), '');
      await assert.rejects(checkpointAgain(record, target), { reason: 'not-found' });
      assert.equal(existsSync(target), false);
    }));

  test('writes over nothing', () =>
    scene(async ({ record, folder }) => {
      const target = join(folder, 'again.tar');
      writeFileSync(target, 'evidence');
      for (const prefix of [record.prefix ?? [], []]) {
        await assert.rejects(checkpointAgain({ ...record, prefix }, target), { reason: 'exists' });
      }
      assert.equal(readFileSync(target, 'utf8'), 'evidence');
    }));
});
