import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { parseNodeLocator } from '../../../src/core/cluster/node-files/node-locator.ts';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { openNodeSource } from '../../../src/core/cluster/node-source/node-source.ts';
import { header } from '../archive/tar-support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { nodeOf, temporary, workshop } from './node-support.ts';
import { connect, failureOf, startCluster } from './support.ts';

const cluster = await startCluster();
const opened = await connect(cluster);
const node = await nodeOf(opened);

function openInPlace(name: string): Promise<Checkpoint> {
  const { files } = workshop(opened);
  const locator = `node://test/node-1${CHECKPOINTS}/${name}`;
  return openCheckpoint(
    { locator, spill: { directory: join(temporary(), 'spill'), limit: 1 << 30 } },
    {
      openRemote: (wanted, signal) =>
        openNodeSource(files, node, parseNodeLocator(wanted).path, { name: wanted, server: opened.server, signal }),
    },
  );
}

async function answers(checkpoint: Checkpoint): Promise<unknown> {
  await checkpoint.completed;
  return {
    overview: await checkpoint.overview(),
    processes: await checkpoint.processes(),
    mounts: await checkpoint.mounts(),
    changes: [...(await checkpoint.eachChange()).changes],
    notes: await checkpoint.notes(),
  };
}

test('an archive on a node answers as one on this machine, also a compressed one', async () => {
  for (const fixture of ['crio-rich', 'containerd-counter', 'podman-counter-zstd']) {
    copyFileSync(archiveOf(fixture), join(cluster.node().checkpoints, 'it.tar'));
    const spill = { directory: join(temporary(), 'spill'), limit: 1 << 30 };
    const local = await openCheckpoint({ locator: archiveOf(fixture), spill });
    const remote = await openInPlace('it.tar');
    const [there, here] = [await answers(remote), await answers(local)];
    assert.deepEqual(there, here);
    const hash = createHash('sha256')
      .update(readFileSync(archiveOf(fixture)))
      .digest('hex');
    assert.equal((await remote.hash()).hex, hash);
    await remote.close();
    await local.close();
  }
});

test('of four gigabytes a few hundred kilobytes travel before the process tree is there', async () => {
  const size = 4 * 1024 ** 3;
  const handle = await open(join(cluster.node().checkpoints, 'large.tar'), 'w');
  // Pages of somebody, with a hole of four gigabytes in their place, and then a real checkpoint.
  await handle.write(header({ name: 'checkpoint/pages-77.img', size }), 0, 512, 0);
  await handle.write(readFileSync(archiveOf('crio-rich')), 0, undefined, 512 + size);
  await handle.close();
  const before = cluster.exec.sent;
  const checkpoint = await openInPlace('large.tar');
  await checkpoint.overview();
  const processes = await checkpoint.processes();
  assert.deepEqual(
    processes
      .map(({ pid }) => pid)
      .sort((a, b) => a - b)
      .slice(0, 3),
    [1, 7, 8],
  );
  assert.ok(cluster.exec.sent - before < 1024 * 1024, String(cluster.exec.sent - before));
  await checkpoint.close();
});

test('what is not opened from here says so', async () => {
  const spill = { directory: join(temporary(), 'spill'), limit: 1 << 30 };
  for (const locator of ['node://a/b/c.tar', 'docker://registry/name']) {
    const error = await failureOf(openCheckpoint({ locator, spill }));
    assert.equal(error.reason, 'unsupported');
  }
  copyFileSync(archiveOf('crio-rich'), join(cluster.node().checkpoints, 'gone.tar'));
  assert.equal((await failureOf(openInPlace('nowhere.tar'))).reason, 'not-found');
});
