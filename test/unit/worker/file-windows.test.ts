import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import type { FileView } from '../../../src/core/checkpoint/file-view.ts';
import { FileWindows } from '../../../src/worker/file-windows.ts';
import { fakeView } from './fake-checkpoint.ts';

const { signal } = new AbortController();

/** Counts how often each file is opened and closed. */
function counted(): { view: FileView; opened: string[]; closed: string[] } {
  const opened: string[] = [];
  const closed: string[] = [];
  const view: FileView = {
    ...fakeView({}),
    open: (path) => {
      opened.push(path);
      if (path === '/bad') return Promise.reject(new Error('no'));
      const source = memorySource(new TextEncoder().encode(path), path);
      return Promise.resolve({ ...source, close: () => (closed.push(path), Promise.resolve()) });
    },
  };
  return { view, opened, closed };
}

test('a file that is read window by window is opened once', async () => {
  const { view, opened, closed } = counted();
  const windows = new FileWindows(view);
  await Promise.all([windows.read('/a', 0, 1, signal), windows.read('/a', 1, 1, signal)]);
  await windows.read('/a', 0, 9, signal);
  assert.deepEqual([opened, closed], [['/a'], []]);
  await windows.drop();
  assert.deepEqual(closed, ['/a']);
});

test('only the last few stay open', async () => {
  const { view, closed } = counted();
  const windows = new FileWindows(view);
  for (const path of ['/1', '/2', '/3', '/4', '/1', '/5', '/6']) await windows.read(path, 0, 1, signal);
  await Promise.resolve();
  assert.deepEqual(closed, ['/2', '/3']);
  await windows.drop();
  assert.deepEqual(closed.toSorted(), ['/1', '/2', '/3', '/4', '/5', '/6']);
});

test('a file that could not be opened is tried again', async () => {
  const { view, opened } = counted();
  const windows = new FileWindows(view);
  await assert.rejects(windows.read('/bad', 0, 1, signal), /no/);
  await assert.rejects(windows.read('/bad', 0, 1, signal), /no/);
  assert.equal(opened.length, 2);
  await windows.drop();
});

test('a file being read is closed when that is done', async () => {
  let finish: (bytes: Uint8Array) => void = () => undefined;
  let closed = 0;
  const windows = new FileWindows({
    ...fakeView({}),
    open: () =>
      Promise.resolve({
        name: 'slow',
        size: 1,
        read: () => new Promise<Uint8Array>((resolve) => (finish = resolve)),
        close: () => (closed++, Promise.resolve()),
      }),
  });
  const reading = windows.read('/slow', 0, 1, signal);
  await Promise.resolve();
  await windows.drop();
  assert.equal(closed, 0);
  finish(Uint8Array.of(7));
  assert.deepEqual(await reading, Uint8Array.of(7));
  assert.equal(closed, 1);
});
