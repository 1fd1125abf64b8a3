import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gridAction, type Key, moveTo } from '../../../media/grid/keys.ts';

function press(key: string, modifiers: Partial<Key> = {}): ReturnType<typeof gridAction> {
  return gridAction({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...modifiers });
}

describe('keys in a grid', () => {
  test('arrows move, Shift extends, Ctrl moves the focus alone', () => {
    assert.deepEqual(press('ArrowDown'), { type: 'move', to: 'down', how: 'select' });
    assert.deepEqual(press('End', { shiftKey: true }), { type: 'move', to: 'last', how: 'extend' });
    assert.deepEqual(press('ArrowUp', { ctrlKey: true }), { type: 'move', to: 'up', how: 'focus' });
  });

  test('Space reveals, with Ctrl it selects', () => {
    assert.equal(press(' ')?.type, 'reveal');
    assert.equal(press(' ', { ctrlKey: true })?.type, 'toggle-selection');
  });

  test('copy and select all work with Ctrl and with Cmd', () => {
    assert.equal(press('c', { ctrlKey: true })?.type, 'copy');
    assert.equal(press('A', { metaKey: true })?.type, 'select-all');
  });

  test('letters of any script are typed ahead', () => {
    assert.deepEqual(press('x'), { type: 'type', text: 'x' });
    assert.deepEqual(press('é'), { type: 'type', text: 'é' });
    assert.deepEqual(press('🐳'), { type: 'type', text: '🐳' });
    assert.deepEqual(press('.'), { type: 'type', text: '.' });
  });

  test('what belongs to VS Code or to the page is left alone', () => {
    for (const key of ['/', 'Tab', 'F1', 'F10', 'Shift', 'Dead', 'Process']) assert.equal(press(key), undefined, key);
    assert.equal(press('ArrowLeft', { altKey: true }), undefined);
    assert.equal(press('p', { ctrlKey: true }), undefined);
    assert.equal(press('c', { ctrlKey: true, shiftKey: true }), undefined);
    assert.equal(press('constructor'), undefined);
  });

  test('Shift+F10 and the menu key open the context menu', () => {
    assert.equal(press('F10', { shiftKey: true })?.type, 'menu');
    assert.equal(press('ContextMenu')?.type, 'menu');
  });
});

test('moves stay within the rows, and a page leaves one row of the last in view', () => {
  assert.equal(moveTo('up', 0, 100, 20), 0);
  assert.equal(moveTo('down', 99, 100, 20), 99);
  assert.equal(moveTo('page-down', 10, 100, 20), 29);
  assert.equal(moveTo('page-up', 10, 100, 20), 0);
  assert.equal(moveTo('page-down', 95, 100, 20), 99);
  assert.equal(moveTo('first', 50, 100, 20), 0);
  assert.equal(moveTo('last', 50, 100, 20), 99);
  assert.equal(moveTo('page-down', 10, 100, 1), 11);
});
