/** The Filesystem tab on a real checkpoint, as a picture of sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { labForEach } from './page-lab/each.ts';
import { called } from './page-lab/until.ts';

const ARCHIVE = 'test/fixtures/podman-webapp-host/webapp-host.tar.zst';

const lab = labForEach(ARCHIVE, async ({ page }) => {
  await page.getByRole('tab', { name: 'Filesystem' }).click();
  await page.getByRole('button', { name: 'By size' }).click();
  await page.getByRole('button', { name: /^sparse / }).waitFor();
});

const tile = (name: string): Locator => lab.page.getByRole('button', { name: new RegExp(`^${name} `) });
/** Below the line with its name lies what is in the folder. */
const clickTitle = (name: string): Promise<void> => tile(name).click({ position: { x: 20, y: 8 } });
const detail = (): Locator => lab.page.getByRole('region', { name: 'Details' });
const trail = (): Locator => lab.page.getByRole('navigation', { name: 'Folder' });

test('a file is as large as its bytes, and choosing it shows what it is', async () => {
  const [large, small] = [await tile('sparse').boundingBox(), await tile('mapped.dat').boundingBox()];
  assert.ok(large && small);
  const ratio = (large.width * large.height) / (small.width * small.height);
  assert.ok(ratio > 13 && ratio < 19, `1 MiB is 16 times 64 KiB, and was drawn ${ratio} times as large`);
  await tile('mapped.dat').click();
  await detail().getByText('/var/lib/webapp/mapped.dat').waitFor();
  await tile('mapped.dat').dblclick();
  assert.deepEqual(await called(lab.calls, 1), ['openFile /rootfs/var/lib/webapp/mapped.dat']);
});

test('a folder is looked into, and Back, Backspace and the way above it lead out again', async () => {
  await clickTitle('webapp/');
  await trail().getByRole('button', { name: 'webapp/' }).waitFor();
  await lab.page.keyboard.press('Alt+ArrowLeft');
  await tile('var/').waitFor();
  await clickTitle('lib/');
  await trail().getByRole('button', { name: 'lib/' }).waitFor();
  await tile('webapp/').focus();
  await lab.page.keyboard.press('Backspace');
  await trail().getByRole('button', { name: 'lib/' }).waitFor({ state: 'detached' });
  await trail().getByRole('button', { name: '/', exact: true }).click();
  await tile('var/').waitFor();
});

test('arrow keys move between files, and Enter opens the one that has the focus', async () => {
  await tile('sparse').focus();
  await lab.page.keyboard.press('ArrowRight');
  await lab.page.keyboard.press('Enter');
  const [asked = ''] = await called(lab.calls, 1);
  assert.match(asked, /^openFile \/rootfs\/var\/lib\/webapp\/(?:mapped\.dat|binary)/);
});

test('the filter box leaves what matches, and says so where nothing does', async () => {
  await lab.page.keyboard.press('/');
  await lab.page.keyboard.type('mapped');
  await tile('sparse').waitFor({ state: 'detached' });
  assert.ok(await tile('mapped.dat').isVisible());
  await lab.page.keyboard.type('-no-such-file');
  await lab.page.getByText('No file with content matches “mapped-no-such-file”.').waitFor();
  await lab.page.getByText('Clear the filter', { exact: true }).click();
  await tile('sparse').waitFor();
});
