import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NEW_PAGE, restoreState } from '../../../media/state/persisted.ts';

describe('what the page remembers', () => {
  test('comes back as it was', () => {
    const state = {
      ...NEW_PAGE,
      tab: 'mounts' as const,
      split: 0.4,
      subject: 7,
      tabs: {
        ...NEW_PAGE.tabs,
        overview: { filter: 'pod', scroll: 120, spot: { address: '0x7f00', length: 24 }, choices: { view: 'graph' } },
      },
      grids: {
        ...NEW_PAGE.grids,
        processes: {
          filter: 'state:zombie',
          sort: { column: 'pid', descending: true },
          toggled: ['1'],
          focus: '7',
          selected: ['7', '8'],
          everything: false,
          top: 12.5,
          widths: { name: 300 },
        },
      },
    };
    assert.deepEqual(restoreState(JSON.parse(JSON.stringify(state))), state);
  });

  test('of another version is forgotten as a whole', () => {
    assert.deepEqual(restoreState({ ...NEW_PAGE, version: 1, tab: 'mounts' }), NEW_PAGE);
    assert.deepEqual(restoreState(undefined), NEW_PAGE);
  });

  test('is put right where it is damaged, and the rest is kept', () => {
    const state = restoreState({ version: 2, tab: 'nowhere', split: 7, grids: { changes: { filter: 'x', top: -1 } } });
    assert.equal(state.tab, 'overview');
    assert.equal(state.split, 0.85);
    assert.equal(state.grids.changes.filter, 'x');
    assert.equal(state.grids.changes.top, 0);
  });

  test('does not grow without bounds', () => {
    const selected = Array.from({ length: 100_000 }, (_, index) => String(index));
    const state = restoreState({ ...NEW_PAGE, grids: { changes: { selected, focus: 'x'.repeat(100_000) } } });
    assert.ok(state.grids.changes.selected.length <= 5_000);
    assert.equal(state.grids.changes.focus, undefined);
  });

  test('may be anything without harm', () => {
    fc.assert(
      fc.property(fc.anything(), (grids) => {
        const state = restoreState({ version: 2, grids, tabs: grids, split: grids, tab: grids, subject: grids });
        assert.ok(state.split > 0 && state.split < 1);
        assert.equal(typeof state.grids.mounts.filter, 'string');
        assert.equal(typeof state.tabs.overview.filter, 'string');
      }),
    );
  });
});
