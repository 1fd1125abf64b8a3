import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { GridQuery } from '../../../src/protocol/grid.ts';
import { Table, TOP, uniqueIds, type TableKind } from '../../../src/worker/grids/table.ts';
import { TableView } from '../../../src/worker/grids/table-view.ts';

interface Row {
  readonly id: string;
  readonly parent?: string;
  readonly size?: number;
  readonly context?: boolean;
}

const KIND: TableKind<Row> = {
  columns: [
    {
      id: 'name',
      label: 'Name',
      kind: 'text',
      tree: true,
      flex: 1,
      value: ({ id }) => id,
      cell: ({ id }) => ({ value: id, icon: 'file' }),
    },
    { id: 'size', label: 'Size', kind: 'size', width: 90, value: ({ size }) => size ?? null },
  ],
  hidden: [{ id: 'parent', kind: 'text', value: ({ parent }) => parent ?? null }],
  file: ({ id }) => ({ path: `/${id}`, openable: id.includes('.') }),
  isContext: ({ context }) => context ?? false,
};

function viewOf(rows: readonly Row[]): TableView<Row> {
  return new TableView(
    new Table(KIND, rows, uniqueIds(rows.map(({ id }) => id)), ({ parent }) =>
      rows.findIndex(({ id }) => id === parent),
    ),
  );
}

function query(parts: Partial<GridQuery> = {}): GridQuery {
  return { grid: 'changes', filter: '', toggled: [], start: 0, count: 100, ...parts };
}

/** The rows as an indented list, `+` folded, `-` unfolded, `(…)` shown for what is below. */
function draw(view: TableView<Row>, parts: Partial<GridQuery> = {}): string[] {
  return view.window(query(parts)).rows.map((row) => {
    const twistie = row.expandable ? (row.expanded ? '- ' : '+ ') : '';
    return `${'  '.repeat(row.depth)}${twistie}${row.context ? `(${row.id})` : row.id}`;
  });
}

const TREE: readonly Row[] = [
  { id: 'etc', context: true },
  { id: 'hosts', parent: 'etc', size: 30 },
  { id: 'ssl', parent: 'etc', size: 5 },
  { id: 'cert10', parent: 'ssl', size: 1 },
  { id: 'cert9', parent: 'ssl', size: 20 },
  { id: 'var', size: 100 },
  { id: 'log', parent: 'var' },
];

describe('a tree of rows', () => {
  const view = viewOf(TREE);

  test('is unfolded in its own order unless something else is asked for', () => {
    assert.deepEqual(draw(view), ['- (etc)', '  hosts', '  - ssl', '    cert10', '    cert9', '- var', '  log']);
  });

  test('shows only what concerns the subject, and its parents', () => {
    const kind = { ...KIND, concerns: ({ size = 0 }: Row, pid: number) => size === pid };
    const about = new TableView(
      new Table(kind, TREE, uniqueIds(TREE.map(({ id }) => id)), ({ parent }) =>
        TREE.findIndex(({ id }) => id === parent),
      ),
    );
    assert.deepEqual(draw(about, { pid: 20 }), ['- (etc)', '  - (ssl)', '    cert9']);
    assert.deepEqual(draw(about, { pid: 20, filter: 'hosts' }), []);
    assert.deepEqual(draw(view, { pid: 20 }), draw(view), 'rows that are about no process are all shown');
    assert.deepEqual(
      about.select(query({ pid: 30 })).map(({ id }) => id),
      ['hosts'],
    );
  });

  test('folds the toggled rows', () => {
    assert.deepEqual(draw(view, { toggled: ['ssl', 'var', 'not there'] }), ['- (etc)', '  hosts', '  + ssl', '+ var']);
    assert.equal(view.window(query({ toggled: ['etc', 'var'] })).visible, 2);
  });

  test('shows what matches, and what stands above it', () => {
    assert.deepEqual(draw(view, { filter: 'cert' }), ['- (etc)', '  - (ssl)', '    cert10', '    cert9']);
    assert.deepEqual(draw(view, { filter: 'ssl name:s' }), ['- (etc)', '  ssl']);
    assert.deepEqual(draw(view, { filter: 'etc -parent:etc' }), []);
  });

  test('counts rows that are more than context', () => {
    const { total, matched, visible } = view.window(query({ filter: 'cert' }));
    assert.deepEqual({ total, matched, visible }, { total: 6, matched: 2, visible: 4 });
    assert.equal(view.window(query()).matched, 6);
    assert.equal(view.window(query({ filter: 'nothing' })).matched, 0);
  });

  test('a folded row stays folded under a filter', () => {
    assert.deepEqual(draw(view, { filter: 'cert', toggled: ['ssl'] }), ['- (etc)', '  + (ssl)']);
  });

  test('sorts siblings by value, empty ones last, whichever way', () => {
    const names = (sort: NonNullable<GridQuery['sort']>) => view.window(query({ sort })).rows.map(({ id }) => id);
    assert.deepEqual(names({ column: 'size', descending: false }), [
      'var',
      'log',
      'etc',
      'ssl',
      'cert10',
      'cert9',
      'hosts',
    ]);
    assert.deepEqual(names({ column: 'size', descending: true }), [
      'var',
      'log',
      'etc',
      'hosts',
      'ssl',
      'cert9',
      'cert10',
    ]);
    assert.deepEqual(names({ column: 'name', descending: false }), [
      'etc',
      'hosts',
      'ssl',
      'cert9',
      'cert10',
      'var',
      'log',
    ]);
    assert.deepEqual(
      names({ column: 'no such', descending: true }),
      TREE.map(({ id }) => id),
    );
  });

  test('sorting keeps the order of equal rows', () => {
    const equal = viewOf(['b', 'a', 'd', 'c'].map((id) => ({ id, size: id === 'd' ? 1 : 2 })));
    const order = (descending: boolean) =>
      equal
        .window(query({ sort: { column: 'size', descending } }))
        .rows.map(({ id }) => id)
        .join('');
    assert.equal(order(false), 'dbac');
    assert.equal(order(true), 'bacd');
  });

  test('tells positions among the siblings that are shown', () => {
    const row = (id: string, parts: Partial<GridQuery>) => {
      const found = view.window(query(parts)).rows.find((candidate) => candidate.id === id);
      return found && [found.position, found.siblings, found.parent];
    };
    assert.deepEqual(row('cert9', {}), [2, 2, 'ssl']);
    assert.deepEqual(row('cert9', { filter: 'cert9' }), [1, 1, 'ssl']);
    assert.deepEqual(row('var', {}), [2, 2, undefined]);
    assert.deepEqual(row('var', { filter: 'var' }), [1, 1, undefined]);
  });

  test('gives windows, and nothing beyond the end', () => {
    assert.deepEqual(
      view.window(query({ start: 2, count: 2 })).rows.map(({ id }) => id),
      ['ssl', 'cert10'],
    );
    assert.deepEqual(
      view.window(query({ start: 6, count: 10 })).rows.map(({ id }) => id),
      ['log'],
    );
    for (const start of [7, 1e9, Infinity])
      assert.equal(view.window(query({ start })).rows.length, start === Infinity ? 7 : 0);
    for (const odd of [-5, NaN, 0.5]) assert.equal(view.window(query({ start: odd, count: 1 })).rows[0]?.id, 'etc');
    assert.equal(view.window(query({ count: -1 })).rows.length, 0);
  });

  test('finds a row, and unfolds what is above it', () => {
    assert.equal(view.window(query({ reveal: 'cert9', count: 1 })).revealed, 4);
    const folded = view.window(query({ reveal: 'cert9', toggled: ['var', 'ssl', 'etc'] }));
    assert.equal(folded.revealed, 4);
    assert.deepEqual(folded.toggled, ['var']);
    assert.equal(folded.visible, 6);
    assert.equal(view.window(query({ reveal: 'cert9', toggled: ['var'] })).toggled, undefined);
    assert.equal(view.window(query({ reveal: 'cert9', filter: 'log' })).revealed, -1);
    assert.equal(view.window(query({ reveal: 'gone' })).revealed, -1);
    assert.equal(view.window(query()).revealed, undefined);
  });

  test('finds the next row that begins with what is typed, and goes on from the top', () => {
    const found = (text: string, from: number, more: Partial<GridQuery> = {}) =>
      view.window(query({ find: { text, from }, count: 1, ...more })).found;
    const names = view.window(query({ count: 100 })).rows.map(({ id }) => id);
    assert.equal(found('LOG', 0), names.indexOf('log'));
    assert.equal(
      found('cert', 0),
      names.findIndex((name) => name.startsWith('cert')),
    );
    assert.equal(found('etc', 3), 0);
    assert.equal(found('nothing', 0), -1);
    assert.equal(found('log', 0, { filter: 'hosts' }), -1);
    assert.equal(view.window(query()).found, undefined);
  });

  test('sends columns and cells without functions', () => {
    const window = view.window(query({ count: 2 }));
    assert.deepEqual(structuredClone(window), window);
    assert.deepEqual(window.columns, [
      { id: 'name', label: 'Name', kind: 'text', flex: 1, tree: true },
      { id: 'size', label: 'Size', kind: 'size', width: 90 },
    ]);
    assert.deepEqual(window.rows[1]?.cells, [{ value: 'hosts', icon: 'file' }, { value: 30 }]);
    assert.equal(window.rows[1].path, '/hosts');
    assert.equal(window.rows[1].openable, undefined);
  });

  test('copies what matches, folded away or not, in the order of the view', () => {
    const ids = (parts: Partial<GridQuery>, wanted?: string[]) => view.select(query(parts), wanted).map(({ id }) => id);
    assert.deepEqual(ids({ toggled: ['etc'] }), ['hosts', 'ssl', 'cert10', 'cert9', 'var', 'log']);
    assert.deepEqual(ids({ filter: 'cert', sort: { column: 'name', descending: false } }), ['cert9', 'cert10']);
    assert.deepEqual(ids({ filter: 'cert' }, ['var', 'etc', 'gone']), ['etc', 'var']);
    assert.deepEqual(ids({}, []), []);
  });
});

describe('damage', () => {
  test('a ring of parents, or a parent that comes later, ends at the top', () => {
    const view = viewOf([
      { id: 'a', parent: 'b' },
      { id: 'b', parent: 'a' },
      { id: 'c', parent: 'c' },
    ]);
    assert.deepEqual(draw(view), ['- a', '  b', 'c']);
  });

  test('rows of one id are told apart', () => {
    const ids = viewOf([{ id: 'a' }, { id: 'a' }, { id: 'a' }])
      .window(query())
      .rows.map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.equal(ids[0], 'a');
  });

  test('a very long cell is cut in windows, not in copies', () => {
    const long = 'x'.repeat(1_000_000);
    const view = viewOf([{ id: long }]);
    const { value } = view.window(query()).rows[0]?.cells[0] ?? {};
    assert.equal(value, `${long.slice(0, 2000)}…`);
    assert.equal(view.select(query())[0]?.id, long);
    assert.equal(view.window(query({ filter: `"${long}"` })).matched, 1);
  });

  test('a very deep tree is shown', () => {
    const rows = Array.from({ length: 50_000 }, (_, number) => ({ id: String(number) }));
    const view = new TableView(
      new Table(
        KIND,
        rows,
        rows.map(({ id }) => id),
        (_row, number) => number - 1,
      ),
    );
    assert.equal(view.window(query({ filter: '49999' })).visible, 50_000);
  });
});

/** A tree, as for each row the number of a row before it, or TOP. */
const trees = fc
  .array(fc.nat(), { maxLength: 40 })
  .map((seeds) => seeds.map((seed, number) => (seed % (number + 1)) - 1));

test('whatever is filtered, sorted and folded, the windows show one consistent tree', () => {
  const words = fc.constantFrom('', '1', '-1', 'size:>5', '1 2', 'name:3');
  fc.assert(
    fc.property(
      trees,
      words,
      fc.option(fc.boolean()),
      fc.array(fc.nat({ max: 40 })),
      fc.nat({ max: 9 }),
      (parents, filter, descending, folded, count) => {
        const rows = parents.map((parent, number) => ({
          id: `r${number}`,
          parent: `r${parent}`,
          size: (number * 7) % 10,
        }));
        const view = new TableView(
          new Table(
            KIND,
            rows,
            rows.map(({ id }) => id),
            (_row, number) => parents[number] ?? TOP,
          ),
        );
        const asked: Partial<GridQuery> = {
          filter,
          toggled: folded.map((number) => `r${number}`),
          ...(descending !== null && { sort: { column: 'size', descending } }),
        };
        const all = view.window(query({ ...asked, count: 1000 }));
        assert.equal(all.rows.length, all.visible);
        const places = new Map(all.rows.map((row, place) => [row.id, place]));
        assert.equal(places.size, all.visible);
        const siblings = Map.groupBy(all.rows, (row) => row.parent);
        for (const row of all.rows) {
          const above = row.parent === undefined ? undefined : all.rows[places.get(row.parent) ?? -1];
          assert.equal(row.depth, above ? above.depth + 1 : 0);
          if (above) assert.ok(above.expanded && (places.get(above.id) ?? 0) < (places.get(row.id) ?? 0));
          const beside = siblings.get(row.parent) ?? [];
          assert.equal(row.siblings, beside.length);
          assert.equal(beside[row.position - 1], row);
          assert.equal(row.expanded, siblings.has(row.id));
        }
        for (let start = 0; start < all.visible; start += count + 1) {
          assert.deepEqual(
            view.window(query({ ...asked, start, count: count + 1 })).rows,
            all.rows.slice(start, start + count + 1),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
