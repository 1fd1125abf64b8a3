import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSupportedNode, root } from '../../../scripts/lib/node.mjs';

test('the project runs on Node 22.19, on 24, and on what comes after', () => {
  for (const version of ['22.19.0', '22.23.3', '24.0.0', '24.21.0', '26.1.0']) {
    assert.ok(isSupportedNode(version), version);
  }
  for (const version of ['18.20.8', '20.20.2', '22.18.0', '23.11.0']) assert.ok(!isSupportedNode(version), version);
});

test('the command line tells the user of an old Node in one sentence, and ends with 2', () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`;
  const start = `require(${JSON.stringify(join(root, 'src/cli/bin.cjs'))});`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', pretend + start], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^checkpoint-explorer needs Node 22\.19 or newer, and this is Node 20\.20\.2: .*\.\n$/);
});
