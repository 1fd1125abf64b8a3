import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { TreeChanges } from '../../../src/vscode/tree-changes.ts';

/** A minute, in which timers may set others. */
function passTime(): void {
  for (let steps = 0; steps < 600; steps++) mock.timers.tick(100);
}

describe('rows that change', () => {
  let told: (string | undefined)[];
  let unfolded: (string | undefined)[];
  let changes: TreeChanges<string>;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    told = [];
    unfolded = [undefined, 'cluster', 'cluster/namespace'];
    changes = new TreeChanges({
      tell: (row) => told.push(row),
      unfolded: (row) => unfolded.filter((one) => row === undefined || one?.startsWith(row) === true),
    });
  });

  afterEach(() => {
    changes.dispose();
    mock.timers.reset();
  });

  test('are told once where VS Code asks for what is below them', () => {
    changes.changed('cluster');
    changes.asked('cluster');
    changes.asked('cluster/namespace');
    passTime();
    assert.deepEqual(told, ['cluster']);
  });

  test('are told again where it does not, until it does', () => {
    changes.changed('cluster/namespace');
    mock.timers.tick(600);
    assert.deepEqual(told, ['cluster/namespace', 'cluster/namespace']);
    changes.asked('cluster/namespace');
    passTime();
    assert.equal(told.length, 2);
  });

  test('take with them what is unfolded below', () => {
    changes.changed();
    changes.asked();
    changes.asked('cluster');
    mock.timers.tick(600);
    assert.deepEqual(told, [undefined, 'cluster/namespace']);
  });

  test('are told once where nothing is below them in sight', () => {
    changes.changed('cluster/namespace/pod');
    unfolded = [];
    changes.changed('cluster');
    passTime();
    assert.deepEqual(told, ['cluster/namespace/pod', 'cluster']);
  });

  test('are not told for ever, nor once they are folded, nor after the end', () => {
    changes.changed('cluster');
    passTime();
    assert.deepEqual(
      told.filter((row) => row === 'cluster'),
      Array.from({ length: 5 }, () => 'cluster'),
    );
    told = [];
    changes.changed('cluster');
    unfolded = [];
    passTime();
    assert.equal(told.length, 1);
    unfolded = ['cluster'];
    changes.changed('cluster');
    changes.dispose();
    passTime();
    assert.equal(told.length, 2);
  });
});
