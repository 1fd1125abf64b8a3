import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry, FileSet } from '../../../src/core/archive/file-set.ts';
import { detectLayout } from '../../../src/core/archive/layout.ts';
import { openNested } from '../../../src/core/archive/nested.ts';
import { openLocator } from '../../../src/core/archive/open-locator.ts';
import { archiveOf, archives, expectedText } from '../support/fixtures.ts';

const SPILL = { directory: '', limit: 1 << 30 };

describe('every archive of the fixtures', () => {
  before(async () => {
    SPILL.directory = join(await mkdtemp(join(tmpdir(), 'fixtures-')), 'spill');
  });
  after(() => rm(join(SPILL.directory, '..'), { recursive: true }));

  for (const name of archives) {
    test(`${name}: lists what GNU tar lists`, async () => {
      const opened = await openLocator(archiveOf(name), { spill: SPILL });
      try {
        await opened.files.completed;
        assert.deepEqual(opened.files.notes, []);
        assert.equal(opened.wrapping, 'archive');
        assertListing(opened.files, expectedText(name, 'tvf'));
        const engine = name.startsWith('crio') ? 'cri-o' : name.replace(/-.*/, '');
        assert.deepEqual(await detectLayout(opened.files), { engine, imagesPrefix: 'checkpoint/' });
        const listing = expectedText(name, 'rootfs-diff.tvf');
        if (listing !== undefined) await assertNested(opened.files, listing);
      } finally {
        await opened.close();
      }
    });
  }
});

async function assertNested(files: FileSet, listing: string): Promise<void> {
  const entry = await files.find('rootfs-diff.tar');
  assert.ok(entry);
  const diff = await openNested(files, entry, SPILL);
  await diff.completed;
  assert.deepEqual(diff.notes, []);
  assertListing(diff, listing);
  await diff.close();
}

function assertListing(files: FileSet, listing: string | undefined): void {
  // Two fixtures have no listing.
  if (listing === undefined) return;
  const lines = [...files.entries.values()].map(lineOf);
  assert.deepEqual(lines, listing.trimEnd().split('\n').map(withoutPadding));
}

/** `-rw-r--r-- 0/0 48 2026-11-23 22:24:01 name`, as `tar tvf --numeric-owner --full-time` in UTC, without its columns. */
function lineOf(entry: Entry): string {
  const time = new Date(Number(entry.mtime / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ');
  const isDevice = entry.deviceMajor !== undefined;
  const size = isDevice ? `${String(entry.deviceMajor)},${String(entry.deviceMinor)}` : String(entry.size);
  const link =
    entry.type === 'symlink'
      ? ` -> ${quote(entry.linkTarget)}`
      : entry.type === 'hardlink'
        ? ` link to ${quote(entry.linkTarget)}`
        : '';
  return `${modeOf(entry)} ${String(entry.uid)}/${String(entry.gid)} ${size} ${time} ${quote(entry.path)}${entry.type === 'directory' ? '/' : ''}${link}`;
}

function withoutPadding(line: string): string {
  const [, mode = '', owner = '', size = '', time = '', name = ''] =
    /^(\S+) (\S+) +(\S+) (\S+ \S+) (.*)$/.exec(line) ?? [];
  return `${mode} ${owner} ${size} ${time} ${name.replace(/^\.?\/(?=.)/, '')}`;
}

const LETTERS: Readonly<Record<string, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
};

function modeOf({ type, mode }: Entry): string {
  const letters = Array.from('rwxrwxrwx', (letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  for (const [bit, at, letter] of [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const) {
    if (mode & bit) letters[at] = letters[at] === '-' ? letter.toUpperCase() : letter;
  }
  return (LETTERS[type] ?? '?') + letters.join('');
}

/** GNU tar's way with names that would spoil its columns. */
function quote(name = ''): string {
  return name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}
