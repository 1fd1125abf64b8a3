import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { startDemo } from '../../cluster/demo.ts';
import { temporary } from './node-support.ts';

test('the nodes of the demo have, and make, archives of their own runtime', async () => {
  const cluster = await startDemo();
  after(() => cluster.close());
  const spill = { directory: temporary(), limit: 1 << 30 };
  for (const node of cluster.nodes.values()) {
    const atHand = readdirSync(node.checkpoints).map((name) => join(node.checkpoints, name));
    for (const locator of new Set([...atHand, ...node.archives.values()])) {
      const checkpoint = await openCheckpoint({ locator, spill });
      await checkpoint.completed;
      const { engine, compression } = await checkpoint.overview();
      assert.deepEqual([engine, compression], [node.runtime, 'none'], `${node.name}: ${locator}`);
      await checkpoint.close();
    }
  }
});
