import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Presence } from '../../../src/vscode/cluster/presence.ts';

test('a person who waits for long may be elsewhere, and one who thought for long before they answered is not', () => {
  let now = 0;
  const presence = new Presence(() => now);
  now = 9000;
  assert.equal(presence.isAway, false);
  now = 11_000;
  assert.equal(presence.isAway, true);
  presence.answered();
  assert.equal(presence.isAway, false);
  now = 22_000;
  assert.equal(presence.isAway, true);
});
