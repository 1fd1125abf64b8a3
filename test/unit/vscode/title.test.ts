import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '../../../src/protocol/overview.ts';
import { titleOf } from '../../../src/vscode/editor/title.ts';

function overviewOf(name?: string): Overview {
  return { container: { ...(name !== undefined && { name }) } } as Overview;
}

test('a document has the name of its container, or else of what it lies in', () => {
  assert.equal(titleOf('/data/a.tar', overviewOf('web')), 'web');
  assert.equal(titleOf('/data/a.tar', overviewOf()), 'a.tar');
  assert.equal(titleOf('/data/a.tar'), 'a.tar');
});

test('what would reorder or hide it is written out', () => {
  assert.equal(titleOf('/data/a.tar', overviewOf('web\u202erat.\n')), 'web\\u202erat.\\n');
  assert.equal(titleOf('/data/a\u202ewow.tar'), 'a\\u202ewow.tar');
});
