import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { keyOf, LocatorTable } from '../../../src/vscode/locators/locator-table.ts';

describe('the table of locators', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'locators-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('gives a key that is short, fit for a URI, and always the same', async () => {
    const key = await new LocatorTable(directory).remember('/data/a b.tar');
    assert.match(key, /^[0-9a-f]{16}$/);
    assert.equal(key, keyOf('/data/a b.tar'));
    assert.notEqual(key, keyOf('/data/b.tar'));
  });

  it('knows a locator after a restart, by its key', async () => {
    const key = await new LocatorTable(join(directory, 'new')).remember('/data/a.tar');
    assert.equal(await new LocatorTable(join(directory, 'new')).locator(key), '/data/a.tar');
  });

  it('says that it does not know a key', async () => {
    const table = new LocatorTable(directory);
    for (const key of ['0123456789abcdef', '', '../secret', '.']) {
      await assert.rejects(table.locator(key), { reason: 'unknown-document' });
    }
  });

  it('does not follow a file that was changed by hand', async () => {
    const key = await new LocatorTable(directory).remember('/data/a.tar');
    writeFileSync(join(directory, key), JSON.stringify({ locator: '/etc/passwd' }));
    await assert.rejects(new LocatorTable(directory).locator(key), { reason: 'unknown-document' });
    writeFileSync(join(directory, key), 'null');
    await assert.rejects(new LocatorTable(directory).locator(key), { reason: 'unknown-document' });
  });

  it('remembers a thousand and lets the oldest go', async () => {
    for (let i = 0; i < 1005; i++) writeFileSync(join(directory, i.toString(16).padStart(16, '0')), '{}');
    const table = new LocatorTable(directory);
    const key = await table.remember('/data/a.tar');
    const names = readdirSync(directory);
    assert.equal(names.length, 1000);
    assert.ok(names.includes(key));
  });
});
