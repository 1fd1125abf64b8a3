import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canStep, here, settle, startHistory, step, visit } from '../../../media/state/history.ts';

describe('back and forward', () => {
  const overview = { tab: 'overview' } as const;
  const first = { tab: 'processes', row: '1' } as const;
  const second = { tab: 'processes', row: '2' } as const;
  const mount = { tab: 'mounts', row: '100' } as const;

  test('lead through the places in their order', () => {
    let history = visit(visit(visit(startHistory(overview), first, 0), second, 5_000), mount, 10_000);
    assert.equal(canStep(history, 1), false);
    history = step(history, -1);
    assert.deepEqual(here(history), second);
    history = step(step(history, -1), -1);
    assert.deepEqual(here(history), overview);
    assert.equal(canStep(history, -1), false);
    assert.deepEqual(here(step(history, -1)), overview);
    assert.deepEqual(here(step(history, 1)), first);
  });

  test('a new place takes the place of what was ahead', () => {
    const back = step(visit(visit(startHistory(overview), first, 0), second, 5_000), -1);
    const history = visit(back, mount, 9_000);
    assert.deepEqual(here(history), mount);
    assert.equal(canStep(history, 1), false);
    assert.deepEqual(here(step(history, -1)), first);
  });

  test('rows that a held key passes are no places', () => {
    let history = visit(startHistory(overview), first, 0);
    for (let row = 2; row < 50; row++) history = visit(history, { tab: 'processes', row: String(row) }, row * 30);
    assert.deepEqual(here(history), { tab: 'processes', row: '49' });
    assert.deepEqual(here(step(history, -1)), overview);
  });

  test('where one is already is no new place', () => {
    const history = visit(startHistory(overview), first, 0);
    assert.equal(visit(history, { ...first }, 9_000), history);
  });

  test('a tab becomes the row that is chosen in it', () => {
    const history = visit(visit(startHistory(overview), { tab: 'processes' }, 0), first, 9_000);
    assert.deepEqual(here(step(history, -1)), overview);
  });

  test('a place can be named more exactly without losing what is ahead', () => {
    const back = step(visit(visit(startHistory(overview), first, 0), mount, 5_000), -1);
    const history = settle(back, second);
    assert.deepEqual(here(history), second);
    assert.deepEqual(here(step(history, 1)), mount);
  });

  test('places of one tab differ by what is shown in it', () => {
    const at = (address: string) => ({ tab: 'mounts', address }) as const;
    const history = visit(visit(startHistory(at('0x1000')), at('0x2000'), 5_000), at('0x3000'), 10_000);
    assert.deepEqual(here(step(history, -1)), at('0x2000'));
    assert.deepEqual(here(step(step(history, -1), -1)), at('0x1000'));
    assert.equal(visit(history, at('0x3000'), 20_000), history);
  });

  test('an address that was gone to is a place, however soon one goes on', () => {
    const at = (address: string, row: string) => ({ tab: 'memory', address, row }) as const;
    let history = visit(startHistory({ tab: 'memory' }), at('0x1000', 'a'), 0);
    history = visit(history, at('0x2000', 'a'), 10);
    // The row that goes with it comes a moment later.
    history = visit(history, at('0x2000', 'b'), 20);
    history = visit(history, at('0x3000', 'b'), 30);
    history = visit(history, at('0x3000', 'c'), 5_000);
    assert.deepEqual(history.places, [at('0x1000', 'a'), at('0x2000', 'b'), at('0x3000', 'c')]);
  });

  test('the oldest places are forgotten', () => {
    let history = startHistory(overview);
    for (let row = 0; row < 500; row++) history = visit(history, { tab: 'mounts', row: String(row) }, row * 2_000);
    assert.ok(history.places.length <= 100);
    assert.deepEqual(here(history), { tab: 'mounts', row: '499' });
  });
});
