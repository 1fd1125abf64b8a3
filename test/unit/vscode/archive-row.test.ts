import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ArchiveItem } from '../../../src/vscode/archives/archive-list.ts';
import { archiveRow, escapeMarkdown, type RowOptions } from '../../../src/vscode/archives/archive-row.ts';

const options: RowOptions = {
  now: Date.parse('2026-11-24T12:02:00Z'),
  locale: 'en',
  translate: (template) => template,
  words: (error) => String(error),
};

const item: ArchiveItem = {
  path: '/data/checkpoint-web.tar',
  kind: 'archive',
  size: 31 * 1024 * 1024,
  mtime: 0,
  metadata: {
    engine: 'cri-o',
    compression: 'none',
    namespace: 'shop',
    pod: 'webapp-x2x7q',
    container: 'web',
    checkpointed: '2026-11-24T12:00:00Z',
    archiveSize: 31 * 1024 * 1024,
  },
};

describe('a row of Local Archives', () => {
  it('says whose container it is, then what one would ask next', () => {
    const { label, description } = archiveRow(item, options);
    assert.equal(label, 'shop / webapp-x2x7q / web');
    assert.match(description, /^2 min[^·]* · CRI-O · 31(\.0)? MiB$/);
  });

  it('names a container without a pod alone, and says how it is compressed', () => {
    const row = archiveRow(
      { ...item, metadata: { engine: 'podman', compression: 'zstd', container: 'redis' } },
      options,
    );
    assert.equal(row.label, 'redis');
    assert.match(row.description, / · Podman · .* · zstd$/);
  });

  it('names what has no name by its file', () => {
    const row = archiveRow({ ...item, kind: 'folder', metadata: { engine: 'criu', compression: 'none' } }, options);
    assert.equal(row.label, 'checkpoint-web.tar');
    assert.match(row.description, / · CRIU · folder$/);
  });

  it('says why an archive cannot be read', () => {
    const { metadata: _none, ...broken } = item;
    const row = archiveRow({ ...broken, error: 'It ends too early.' }, options);
    assert.equal(row.label, 'checkpoint-web.tar');
    assert.equal(row.description, 'It ends too early.');
  });

  it('shows hostile names as text', () => {
    const name = 'a|b](command:evil) ![x](https://x) <img src=x> $(zap)\n# big\u202etxt.exe\u0007';
    const { label, tooltip } = archiveRow(
      { ...item, metadata: { engine: 'cri-o', compression: 'none', container: name } },
      options,
    );
    for (const invisible of ['\u202e', '\u0007', '\n']) assert.ok(!label.includes(invisible));
    const lines = tooltip.split('\n');
    const container = lines.find((line) => line.includes('evil')) ?? '';
    assert.ok(container.includes('a\\|b\\]\\(command\\:evil\\)'));
    assert.ok(!container.includes('<img'));
    assert.ok(!/(^|[^\\])\$\(/.test(container));
  });

  it('escapes all that Markdown understands', () => {
    assert.equal(escapeMarkdown('`*_{}[]()#+-.!|~'), '`*_{}[]()#+-.!|~'.replace(/./g, '\\$&'));
    assert.equal(escapeMarkdown('a\\|b'), 'a\\\\\\|b');
  });
});
