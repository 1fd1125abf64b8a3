import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { say, sentence } from '../../../src/protocol/sentence.ts';

function missing(id: number, template = '{0} is missing.'): Note {
  const where = `core-${String(id)}.img`;
  return { kind: 'missing', where, text: sentence(template, where) };
}

test('a finding is kept once, in the order of places', () => {
  const notebook = new Notebook();
  notebook.add(missing(2), missing(1), missing(2));
  notebook.add(missing(1), missing(1, '{0} is short.'));
  assert.deepEqual(
    notebook.list().map(({ text }) => say(text)),
    ['core-1.img is missing.', 'core-1.img is short.', 'core-2.img is missing.'],
  );
});

test('of very many findings of one kind some are told, that there are more, and all of other kinds', () => {
  const notebook = new Notebook();
  for (let id = 0; id < 20_000; id++) notebook.add(missing(id));
  notebook.add(missing(7, '{0} is short.'), missing(3));
  const notes = notebook.list();
  assert.equal(notes.filter(({ text }) => text.template === '{0} is missing.').length, 5000);
  const [more, ...others] = notes
    .filter(({ text }) => text.template !== '{0} is missing.')
    .map(({ text }) => say(text));
  assert.match(more ?? '', /^Of core-5000\.img and others the same is to be said as of 5000 other places/);
  assert.deepEqual(others, ['core-7.img is short.']);
  assert.ok(notes.every(({ kind }) => kind === 'missing'));
});
