import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeTable } from '../../../src/worker/grids/changes.ts';
import { listed } from '../support/listed.ts';
import { sizePicture } from '../../../src/worker/grids/size-picture.ts';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';
import type { SizePart } from '../../../src/protocol/size-picture.ts';

function file(path: string, size: number, more: Partial<ChangeFacts> = {}): ChangeFacts {
  return {
    path,
    kind: 'added',
    source: 'rootfs-diff',
    type: 'file',
    size,
    marks: [],
    entry: 'rootfs-diff.tar',
    ...more,
  };
}

const names = (parts: readonly SizePart[]): readonly (readonly [string, number])[] =>
  parts.map(({ name, bytes }) => [name, bytes]);

describe('how the bytes of changed files divide', () => {
  const changes: readonly ChangeFacts[] = [
    file('/var/lib/db/data', 6000),
    file('/var/lib/db/index', 2000),
    file('/var/log/app.log', 1000),
    file('/etc/motd', 500),
    { path: '/etc/gone', kind: 'deleted', source: 'rootfs-diff', marks: [], entry: 'deleted.files' },
    file('/etc/empty', 0),
  ];
  const table = changeTable(listed(changes));

  test('the largest first, folders with what is in them', () => {
    const { bytes, files, parts, trail } = sizePicture(table, undefined, undefined);
    assert.deepEqual([bytes, files, trail], [9500, 4, []]);
    assert.deepEqual(names(parts), [
      ['var', 9000],
      ['etc', 500],
    ]);
    const [lib, log] = parts[0]?.parts ?? [];
    assert.deepEqual([lib?.name, lib?.bytes, log?.name, log?.bytes], ['lib', 8000, 'log', 1000]);
    const [data] = lib?.parts[0]?.parts ?? [];
    assert.deepEqual([data?.name, data?.path, data?.kind], ['data', '/rootfs/var/lib/db/data', 'added']);
  });

  test('of one folder, with the way to it', () => {
    const { bytes, files, parts, trail } = sizePicture(table, undefined, '/var/lib');
    assert.deepEqual([bytes, files], [8000, 2]);
    assert.deepEqual(
      trail.map(({ name }) => name),
      ['var', 'lib'],
    );
    assert.deepEqual(names(parts), [['db', 8000]]);
    assert.deepEqual(sizePicture(table, undefined, '/no/such/row').bytes, 9500);
  });

  test('of what matches alone', () => {
    const matching = new Set(table.rows.filter(({ name }) => name === 'index' || name === 'motd'));
    const { bytes, files, parts } = sizePicture(table, matching, undefined);
    assert.deepEqual([bytes, files], [2500, 2]);
    assert.deepEqual(names(parts), [
      ['var', 2000],
      ['etc', 500],
    ]);
  });

  test('counts what is too small, so that it is never more than can be drawn', () => {
    const small = Array.from({ length: 50_000 }, (_, index) => file(`/tmp/f${index}`, 1));
    const many = changeTable(listed([file('/big', 1_000_000), ...small]));
    const { parts, files, bytes } = sizePicture(many, undefined, undefined);
    assert.deepEqual([files, bytes], [50_001, 1_050_000]);
    const tmp = parts.find(({ name }) => name === 'tmp');
    assert.deepEqual([tmp?.bytes, tmp?.parts, tmp?.rest], [50_000, [], { count: 50_000, bytes: 50_000 }]);
  });
});
