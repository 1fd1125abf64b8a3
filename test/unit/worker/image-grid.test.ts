import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DecodedImage } from '../../../src/core/checkpoint/raw/decoded-image.ts';
import { valueNode } from '../../../src/core/checkpoint/raw/field-nodes.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { JsonValue } from '../../../src/core/criu/json-text.ts';
import type { GridQuery, GridWindow } from '../../../src/protocol/grid.ts';
import { ImageGrid } from '../../../src/worker/grids/image/image-grid.ts';

const { signal } = new AbortController();

interface MadeUp extends DecodedImage {
  /** Which entries were read, in order. */
  readonly read: DecodedImage['read'];
  readonly asked: number[];
}

/** An image whose entries are made when they are read. */
function imageOf(count: number, entry: (index: number) => JsonValue): MadeUp {
  const asked: number[] = [];
  return {
    facts: { name: 'checkpoint/made-up.img', notes: [] },
    count,
    notes: [],
    asked,
    read: (indices) => {
      asked.push(...indices);
      return Promise.resolve(indices.map((index) => valueNode(entry(index), String(index), `[${String(index)}]`)));
    },
  };
}

function query(parts: Partial<GridQuery> = {}): GridQuery {
  return { grid: 'image', filter: '', toggled: [], start: 0, count: 100, ...parts };
}

const window = (image: DecodedImage, parts: Partial<GridQuery> = {}): Promise<GridWindow> =>
  new ImageGrid(image).window(query(parts), signal);

/** Rows as a person sees them. */
const draw = ({ rows }: GridWindow): string[] =>
  rows.map(({ depth, expandable, expanded, context, cells }) => {
    const [name, value] = cells.map((cell) => String(cell.value));
    return `${'  '.repeat(depth)}${expandable ? (expanded ? '▾' : '▸') : ' '}${name ?? ''}: ${value ?? ''}${context ? ' *' : ''}`;
  });

const file = (id: number): JsonValue => ({ id, reg: { name: `/file/${String(id)}`, flags: '' }, fds: [1, 2, 3] });

describe('the tree of an image', () => {
  test('of few entries shows these unfolded, and what they hold in one line', async () => {
    assert.deepEqual(draw(await window(imageOf(2, file))), [
      '▾[0]: id 0, reg {name /file/0}, fds [1, 2, 3]',
      '   id: 0',
      '  ▸reg: name /file/0',
      '  ▸fds: 1, 2, 3',
      '▾[1]: id 1, reg {name /file/1}, fds [1, 2, 3]',
      '   id: 1',
      '  ▸reg: name /file/1',
      '  ▸fds: 1, 2, 3',
    ]);
  });

  test('of many entries shows them folded', async () => {
    const { rows, total, visible } = await window(imageOf(21, file));
    assert.deepEqual([rows.length, total, visible], [21, 21, 21]);
    assert.ok(rows.every(({ expandable, expanded }) => expandable && !expanded));
  });

  test('unfolds and folds what is asked for, at any depth', async () => {
    assert.deepEqual(draw(await window(imageOf(30, file), { toggled: ['1', '1.reg', '1.fds'], count: 10 })), [
      '▸[0]: id 0, reg {name /file/0}, fds [1, 2, 3]',
      '▾[1]: id 1, reg {name /file/1}, fds [1, 2, 3]',
      '   id: 1',
      '  ▾reg: name /file/1',
      '     name: /file/1',
      '     flags: ""',
      '  ▾fds: 1, 2, 3',
      '     [0]: 1',
      '     [1]: 2',
      '     [2]: 3',
    ]);
    assert.equal((await window(imageOf(2, file), { toggled: ['0'] })).visible, 5);
  });

  test('tells places for assistive technology', async () => {
    const { rows } = await window(imageOf(30, file), { toggled: ['1', '1.reg'] });
    const of = (id: string): unknown[] => {
      const row = rows.find((candidate) => candidate.id === id);
      return [row?.parent, row?.position, row?.siblings, row?.depth];
    };
    assert.deepEqual(of('1'), [undefined, 2, 30, 0]);
    assert.deepEqual(of('1.reg'), ['1', 2, 3, 1]);
    assert.deepEqual(of('1.reg.flags'), ['1.reg', 2, 2, 2]);
  });

  test('of a million entries decodes what is in the window, wherever it is', async () => {
    const image = imageOf(1_000_000, file);
    const grid = new ImageGrid(image);
    const far = await grid.window(query({ start: 999_990, count: 100, toggled: ['5', '500000'] }), signal);
    assert.equal(far.visible, 1_000_006);
    // The two that are unfolded come first: how many rows they have must be known.
    assert.deepEqual(far.rows.map(({ id }) => id).slice(0, 3), ['999984', '999985', '999986']);
    assert.equal(far.rows.at(-1)?.id, '999999');
    assert.ok(image.asked.length < 100, String(image.asked.length));
    const middle = await grid.window(query({ start: 500_001, count: 5, toggled: ['5', '500000'] }), signal);
    assert.deepEqual(
      middle.rows.map(({ id }) => id),
      ['499998', '499999', '500000', '500000.id', '500000.reg'],
    );
  });

  test('shows a long list in ranges, and these again where it is very long', async () => {
    const image = imageOf(1, () => ({ list: Array.from({ length: 2_500_000 }, (_, index) => index) }));
    const grid = new ImageGrid(image);
    const toggled = ['0.list', '0.list.~1000000-1999999', '0.list.~1500000-1500999'];
    const first = await grid.window(query({ toggled: toggled.slice(0, 1) }), signal);
    assert.deepEqual(draw(first).slice(2), [
      '    ▸[0 … 999999]: ',
      '    ▸[1000000 … 1999999]: ',
      '    ▸[2000000 … 2499999]: ',
    ]);
    const { rows } = await grid.window(query({ toggled, start: 500, count: 20 }), signal);
    const unfolded = rows.findIndex(({ id }) => id === '0.list.~1500000-1500999');
    assert.deepEqual(
      rows.slice(unfolded, unfolded + 3).map(({ id, parent, depth }) => [id, parent, depth]),
      [
        ['0.list.~1500000-1500999', '0.list.~1000000-1999999', 3],
        ['0.list.1500000', '0.list.~1500000-1500999', 4],
        ['0.list.1500001', '0.list.~1500000-1500999', 4],
      ],
    );
  });

  test('leads to a field wherever it is, and unfolds what is above it', async () => {
    const image = imageOf(1000, (index) => ({
      list: Array.from({ length: 5000 }, (_, at) => ({ value: index * at })),
    }));
    const grid = new ImageGrid(image);
    const { revealed = -1, toggled = [] } = await grid.window(
      query({ reveal: '700.list.4321.value', count: 1 }),
      signal,
    );
    assert.deepEqual(toggled, ['700', '700.list', '700.list.~4000-4999', '700.list.4321']);
    const { rows } = await grid.window(query({ toggled, start: revealed, count: 1 }), signal);
    assert.deepEqual([rows[0]?.id, rows[0]?.cells[1]?.value], ['700.list.4321.value', String(700 * 4321)]);
    // What is unfolded already is not told again.
    const again = await grid.window(query({ reveal: '700.list.4321.value', toggled, count: 1 }), signal);
    assert.deepEqual([again.revealed, again.toggled], [revealed, undefined]);
  });

  test('leads to the nearest above what is not there, and to nothing where there is no entry', async () => {
    const grid = new ImageGrid(imageOf(30, file));
    const { revealed = -1, toggled = [] } = await grid.window(query({ reveal: '3.reg.no.such' }), signal);
    const { rows } = await grid.window(query({ toggled, start: revealed, count: 1 }), signal);
    assert.equal(rows[0]?.id, '3.reg');
    for (const reveal of ['30', '-1', 'x', '1.5']) {
      const found = await grid.window(query({ reveal }), signal);
      assert.ok(reveal === '1.5' ? found.revealed === 1 : found.revealed === -1, reveal);
    }
  });

  test('shows under a filter what matches, and the way to it', async () => {
    assert.deepEqual(draw(await window(imageOf(500, file), { filter: 'file/123' })), [
      '▾[123]: id 123, reg {name /file/123}, fds [1, 2, 3] *',
      '  ▾reg: name /file/123 *',
      '     name: /file/123',
    ]);
    const { matched, visible, rows } = await window(imageOf(500, file), { filter: 'field:name -value:"file/1"' });
    assert.equal(matched, 500 - 111);
    assert.equal(visible, 3 * matched);
    assert.equal(rows[0]?.id, '0');
    assert.deepEqual(await new ImageGrid(imageOf(5, file)).window(query({ filter: 'nothing' }), signal), {
      ...(await window(imageOf(5, file), { filter: 'nothing' })),
      rows: [],
      visible: 0,
      matched: 0,
    });
  });

  test('folds under a filter what is asked for, and leads to what matches only', async () => {
    const grid = new ImageGrid(imageOf(500, file));
    const filter = 'field:name';
    const folded = await grid.window(query({ filter, toggled: ['1', '2.reg'], count: 8 }), signal);
    assert.deepEqual(
      folded.rows.map(({ id }) => id),
      ['0', '0.reg', '0.reg.name', '1', '2', '2.reg', '3', '3.reg'],
    );
    assert.equal((await grid.window(query({ filter, reveal: '7.reg.name' }), signal)).revealed, 7 * 3 + 2);
    assert.equal((await grid.window(query({ filter, reveal: '7.reg.flags' }), signal)).revealed, -1);
  });

  test('finds by typed letters the next field, or the entry of a number', async () => {
    const grid = new ImageGrid(imageOf(30, file));
    const find = (text: string, from: number) =>
      grid.window(query({ toggled: ['3'], find: { text, from }, count: 1 }), signal).then(({ found }) => found);
    assert.equal(await find('re', 0), 5);
    assert.equal(await find('12', 0), 15);
    assert.equal(await find('[2]', 10), 2);
    assert.equal(await find('zzz', 0), -1);
  });

  test('answers each of several questions at once for itself', async () => {
    const grid = new ImageGrid(imageOf(100, file));
    const all = [['1'], ['2'], [], ['3', '3.reg'], ['1']];
    const windows = await Promise.all(all.map((toggled) => grid.window(query({ toggled, count: 6 }), signal)));
    for (const [index, toggled] of all.entries()) {
      assert.deepEqual(windows[index], await window(imageOf(100, file), { toggled, count: 6 }));
    }
  });

  test('stops when it is cancelled', async () => {
    const ending = new AbortController();
    const slow = imageOf(1_000_000, file);
    const asked = new ImageGrid(slow).window(query({ filter: 'nothing' }), ending.signal);
    setTimeout(() => ending.abort(), 5);
    await assert.rejects(asked, (error) => CheckpointError.is(error, 'cancelled'));
    assert.ok(slow.asked.length < 1_000_000);
  });

  test('is copied as text with paths, and as JSON with all that a field holds', async () => {
    const grid = new ImageGrid(imageOf(30, file));
    assert.equal(await grid.copy(query(), 'text', ['3.reg.name'], signal), '3.reg.name\t/file/3\tstring');
    assert.deepEqual(JSON.parse(await grid.copy(query(), 'json', ['3.reg', '99'], signal)), [
      { path: '3.reg', type: 'object', value: { name: '/file/3', flags: '' } },
    ]);
    const all = JSON.parse(await grid.copy(query({ filter: 'file/1' }), 'json', undefined, signal)) as unknown[];
    assert.equal(all.length, 11);
    await assert.rejects(new ImageGrid(imageOf(20_000, file)).copy(query(), 'text', undefined, signal), (error) =>
      CheckpointError.is(error, 'too-large'),
    );
  });

  test('has keys with dots apart, and cuts what is long', async () => {
    const image = imageOf(1, () => ({ 'a.b': { c: 'x'.repeat(10_000) }, a: { b: 1 } }));
    const grid = new ImageGrid(image);
    const { rows } = await grid.window(query({ toggled: ['0.a%2Eb'] }), signal);
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['0', '0.a%2Eb', '0.a%2Eb.c', '0.a'],
    );
    assert.equal(String(rows[2]?.cells[1]?.value).length, 2001);
    assert.equal((await grid.window(query({ reveal: '0.a%2Eb.c' }), signal)).revealed, 2);
  });

  test('of no entry is empty', async () => {
    const { rows, total, visible } = await window(imageOf(0, file));
    assert.deepEqual([rows, total, visible], [[], 0, 0]);
  });
});
