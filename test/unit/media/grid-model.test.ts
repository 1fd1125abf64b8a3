import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setTimeout as nextTurn } from 'node:timers/promises';
import type { GridQuery, GridRow, GridWindow } from '../../../src/protocol/grid.ts';
import { GridModel } from '../../../media/grid/grid-model.ts';
import { GridSource } from '../../../media/grid/grid-source.ts';
import { NEW_PAGE, type GridState } from '../../../media/state/persisted.ts';

/** A tree of folders with files, answered as the worker does. */
class FakeGrid {
  files: string[] = [];
  queries: GridQuery[] = [];
  /** Answers wait for this. */
  gate: Promise<void> = Promise.resolve();
  /** Cells that come for who asks again. */
  late = false;
  /** It answers also what was cancelled. */
  deaf = false;

  constructor(folders: number, filesEach: number) {
    for (let folder = 0; folder < folders; folder++) {
      this.files.push(`f${String(folder)}`);
      for (let file = 0; file < filesEach; file++) this.files.push(`f${String(folder)}/${String(file)}`);
    }
  }

  readonly fetch = async (query: GridQuery, signal: AbortSignal): Promise<GridWindow> => {
    this.queries.push(query);
    await this.gate;
    if (!this.deaf) signal.throwIfAborted();
    const folded = new Set(query.toggled);
    const parent = query.reveal?.includes('/') ? query.reveal.split('/')[0] : undefined;
    const unfolds = parent !== undefined && folded.delete(parent);
    const matching = this.files.filter((id) => id.includes(query.filter));
    const visible = matching.filter((id) => !id.includes('/') || !folded.has(id.split('/')[0] ?? ''));
    if (query.sort?.descending) visible.reverse();
    return {
      columns: [{ id: 'name', label: 'Name', kind: 'text', flex: 1, tree: true }],
      total: this.files.length,
      matched: matching.length,
      visible: visible.length,
      start: query.start,
      rows: visible.slice(query.start, query.start + query.count).map((id) => this.#row(id, folded, query.late)),
      ...(this.late && !query.late && { late: true as const }),
      ...(query.reveal !== undefined && { revealed: visible.indexOf(query.reveal) }),
      ...(query.find && { found: visible.findIndex((id) => id.startsWith(query.find?.text ?? '')) }),
      ...(unfolds && { toggled: [...folded] }),
      complete: true,
    };
  };

  #row(id: string, folded: ReadonlySet<string>, late = false): GridRow {
    const [folder = '', file] = id.split('/');
    return {
      id,
      depth: file === undefined ? 0 : 1,
      expandable: file === undefined,
      expanded: file === undefined && !folded.has(id),
      position: 1,
      siblings: 1,
      ...(file !== undefined && { parent: folder }),
      cells: [{ value: file ?? folder }, ...(late ? [{ value: id.length }] : [])],
    };
  }
}

let grid: FakeGrid;
let state: GridState;
let model: GridModel;

function makeModel(from: Partial<GridState> = {}, firstRow = false): GridModel {
  state = { ...NEW_PAGE.grids.changes, ...from };
  const { filter, toggled, sort } = state;
  const source = new GridSource('changes', grid.fetch, { filter, toggled, ...(sort && { sort }) });
  const made = new GridModel(
    source,
    {
      get: () => state,
      set: (patch) => {
        state = { ...state, ...patch };
      },
    },
    firstRow,
  );
  // What the view does: it draws 20 rows and tells where.
  made.subscribe(() => look(made));
  return made;
}

let top = 0;
function look(at: GridModel): void {
  top = at.takeScroll() ?? top;
  at.scrolled(top, 20);
}

/** Lets everything under way come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

beforeEach(async () => {
  top = 0;
  grid = new FakeGrid(10, 100);
  model = makeModel();
  model.start();
  await settled();
});

describe('the rows of a grid', () => {
  test('are fetched as they come into view, in windows', async () => {
    assert.equal(model.rows, 1_010);
    assert.equal(model.source.row(0)?.id, 'f0');
    assert.equal(model.source.row(500), undefined);
    model.scrolled(500, 20);
    await settled();
    assert.equal(model.source.row(510)?.id, grid.files[510]);
    assert.ok(grid.queries.length <= 3);
    assert.ok(grid.queries.every(({ count }) => count <= 200));
  });

  test('get what takes longer when they are shown, unless others have come in their place', async () => {
    grid.late = true;
    model = makeModel();
    model.start();
    await settled();
    assert.equal(model.source.row(3)?.cells.length, 1);
    await nextTurn();
    await settled();
    assert.equal(model.source.row(3)?.cells[1]?.value, 4);
    model.scrolled(500, 20);
    await settled();
    assert.equal(model.source.row(510)?.cells.length, 1);
    await nextTurn();
    await settled();
    assert.equal(model.source.row(510)?.cells[1]?.value, 4);
    const before = grid.queries.length;
    model.scrolled(800, 20);
    await settled();
    grid.late = false;
    model.setFilter('f0');
    await settled();
    await nextTurn();
    assert.deepEqual(
      grid.queries.slice(before).filter(({ late }) => late),
      [],
    );
  });

  test('while one window is under way only the newest wish waits', async () => {
    let open: () => void = () => undefined;
    grid.gate = new Promise((resolve) => (open = resolve));
    const before = grid.queries.length;
    for (let at = 200; at <= 900; at += 50) model.scrolled(at, 20);
    assert.equal(grid.queries.length, before + 1);
    top = 900;
    grid.gate = Promise.resolve();
    open();
    await settled();
    assert.equal(grid.queries.length, before + 2);
    assert.equal(model.source.row(905)?.id, grid.files[905]);
  });

  test('stay while the answer to a new query is on its way', async () => {
    let open: () => void = () => undefined;
    grid.gate = new Promise((resolve) => (open = resolve));
    model.setFilter('f7');
    await settled();
    assert.equal(model.source.row(3)?.id, 'f0/2');
    open();
    await settled();
    assert.equal(model.source.row(0)?.id, 'f7');
    assert.equal(model.rows, 101);
  });

  test('a query that a newer one has overtaken changes nothing', async () => {
    model.setFilter('f7');
    model.setFilter('f8');
    await settled();
    assert.equal(model.source.row(0)?.id, 'f8');
    assert.equal(state.filter, 'f8');
  });

  test('an answer that comes after its query was given up changes nothing', async () => {
    grid.deaf = true;
    let open: () => void = () => undefined;
    grid.gate = new Promise((resolve) => (open = resolve));
    model.scrolled(500, 20);
    grid.gate = Promise.resolve();
    top = 0;
    model.setFilter('f7');
    await settled();
    open();
    await settled();
    assert.equal(model.rows, 101);
    assert.equal(model.source.row(500), undefined);
  });

  test('a failure is told, and the next answer takes it back', async () => {
    grid.gate = Promise.reject(new Error('gone'));
    model.setFilter('f1');
    await settled();
    assert.match(String(model.source.error), /gone/);
    grid.gate = Promise.resolve();
    model.setFilter('f2');
    await settled();
    assert.equal(model.source.error, undefined);
  });
});

describe('the focus', () => {
  test('moves by keys and is remembered by its row', async () => {
    await model.move('down', 'select');
    assert.equal(state.focus, 'f0');
    await model.move('last', 'select');
    await settled();
    assert.equal(state.focus, 'f9/99');
    assert.deepEqual(state.selected, ['f9/99']);
    assert.equal(top, 1_010 - 20);
  });

  test('follows its row when rows come in above it, which stays where it is in view', async () => {
    await model.click(15, 'select');
    const { focus } = state;
    const below = 15 - top;
    let gaps = 0;
    model.subscribe(() => (gaps += model.source.row(model.focus ?? 0) ? 0 : 1));
    grid.files.splice(1, 0, ...Array.from({ length: 700 }, (_, index) => `f0/new${String(index)}`));
    model.refresh();
    await settled();
    assert.equal(state.focus, focus);
    assert.equal(model.focus, 715);
    assert.equal(top, 715 - below);
    assert.equal(gaps, 0, 'the row is there whenever it is drawn');
  });

  test('is not looked for in vain: what is in view stays when the focus is elsewhere', async () => {
    await model.click(3, 'select');
    top = 400;
    model.scrolled(400, 20);
    await settled();
    const inView = model.source.row(400)?.id;
    grid.files.splice(1, 0, 'f0/new');
    model.refresh();
    await settled();
    assert.equal(model.source.row(401)?.id, inView);
    assert.equal(top, 401);
    await model.move('down', 'select');
    assert.equal(state.focus, 'f0/3', 'the row after the one that had it, wherever that is now');
  });

  test('goes to the folder when its row is folded away, and stays on its row when another folder is folded', async () => {
    await model.click(5, 'select');
    await model.toggle(0);
    assert.equal(state.focus, 'f0');
    assert.equal(model.focus, 0);
    await model.toggle(0);
    grid = new FakeGrid(10, 4);
    model = makeModel();
    model.start();
    await settled();
    await model.click(6, 'select');
    await model.toggle(0);
    assert.equal(state.focus, 'f1/0');
    assert.equal(model.focus, 2);
    assert.equal(model.source.known('f1/0'), 2);
  });

  test('goes left to the parent and right to the first child', async () => {
    await model.click(5, 'select');
    await model.fold();
    assert.equal(state.focus, 'f0');
    await model.fold();
    assert.deepEqual(state.toggled, ['f0']);
    await model.unfold();
    assert.deepEqual(state.toggled, []);
    await model.unfold();
    assert.equal(state.focus, 'f0/0');
  });

  test('is found again after the page was away, without moving what was in view', async () => {
    top = 0;
    model = makeModel({ focus: 'f5/50', top: 480.5 });
    model.start();
    await settled();
    assert.equal(top, 480.5);
    assert.equal(model.focus, grid.files.indexOf('f5/50'));
  });

  test('comes to the first row at the start only where it is asked to', async () => {
    assert.equal(state.focus, undefined);
    model = makeModel({}, true);
    model.start();
    await settled();
    assert.equal(state.focus, 'f0');
    assert.deepEqual(state.selected, ['f0']);
  });
});

describe('leading to a row', () => {
  test('unfolds what hides it and remembers that', async () => {
    await model.toggle(0);
    assert.equal(await model.reveal('f0/50'), true);
    assert.deepEqual(state.toggled, []);
    assert.equal(state.focus, 'f0/50');
    assert.ok(model.focus !== undefined && model.focus >= top && model.focus < top + 20);
  });

  test('says so where the filter hides it', async () => {
    model.setFilter('f7');
    await settled();
    assert.equal(await model.reveal('f0/50'), false);
  });

  test('does not scroll where the row is in view already', async () => {
    top = 100;
    model.scrolled(100, 20);
    await settled();
    await model.reveal(grid.files[110] ?? '');
    assert.equal(top, 100);
  });
});

describe('the selection', () => {
  test('reaches from its anchor to where Shift leads, also over rows that were never in view', async () => {
    await model.click(2, 'select');
    await model.move('last', 'extend');
    assert.equal(state.selected.length, 1_008);
    await model.move('first', 'extend');
    assert.deepEqual(state.selected, ['f0', 'f0/0', 'f0/1']);
  });

  test('of everything is no list of rows', () => {
    model.selectAll();
    assert.equal(model.selectedIds(), undefined);
    assert.equal(model.selectedCount, 1_010);
    assert.equal(state.selected.length, 0);
  });

  test('of everything ends with another filter, because it meant other rows', async () => {
    model.selectAll();
    model.setFilter('f7');
    await settled();
    assert.deepEqual(model.selectedIds(), []);
  });

  test('with Ctrl takes rows in and out', async () => {
    await model.click(1, 'select');
    await model.click(4, 'toggle');
    await model.click(1, 'toggle');
    assert.deepEqual(state.selected, ['f0/3']);
    assert.equal(model.clearSelection(), false);
  });

  test('is the row with the focus where nothing is selected', async () => {
    await model.click(1, 'select');
    await model.click(1, 'toggle');
    assert.deepEqual(model.selectedIds(), ['f0/0']);
  });
});

test('sorting goes up, down and back to the grid’s own order, and keeps the focus in view', async () => {
  await model.click(5, 'select');
  const { focus } = state;
  model.sortBy('name');
  await settled();
  assert.deepEqual(state.sort, { column: 'name', descending: false });
  model.sortBy('name');
  await settled();
  assert.equal(model.source.row(model.focus ?? -1)?.id, focus);
  assert.ok(model.focus !== undefined && model.focus >= top && model.focus < top + 20);
  model.sortBy('name');
  await settled();
  assert.equal(state.sort, undefined);
});

test('typed letters lead to a row anywhere', async () => {
  await model.type('f8', 0);
  await settled();
  assert.equal(state.focus, 'f8');
});
