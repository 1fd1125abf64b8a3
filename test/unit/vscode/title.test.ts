import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '../../../src/protocol/overview.ts';
import { titleOf } from '../../../src/vscode/editor/title.ts';

function overviewOf(name?: string): Overview {
  return { container: { ...(name !== undefined && { name }) } } as Overview;
}

test('a document has the name of its container, or else of what it lies in', () => {
  assert.equal(titleOf(overviewOf('web'), '/data/a.tar'), 'web');
  assert.equal(titleOf(overviewOf(), '/data/a.tar'), 'a.tar');
});

test('what would reorder or hide it is written out', () => {
  assert.equal(titleOf(overviewOf('web\u202erat.\n'), '/data/a.tar'), 'web\\u202erat.\\n');
});
