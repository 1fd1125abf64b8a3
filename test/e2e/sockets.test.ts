/** The Sockets tab on a real checkpoint: the table, its details, and the picture of who talks to whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { labForEach } from './page-lab/each.ts';
import { called } from './page-lab/until.ts';

const ARCHIVE = 'test/fixtures/podman-webapp-host/webapp-host.tar.zst';

const lab = labForEach(ARCHIVE, async ({ page }) => {
  await page.getByRole('tab', { name: 'Sockets' }).click();
  await page.getByRole('treegrid').locator('.canvas > .row').first().waitFor();
});

const rows = (): Locator => lab.page.getByRole('treegrid').locator('.canvas > .row');
const rowOf = (text: string): Locator => rows().filter({ hasText: text }).first();
const detail = (): Locator => lab.page.getByRole('region', { name: 'Details' });
const node = (name: string): Locator => lab.page.locator('.node').filter({ hasText: name }).first();

async function showPicture(): Promise<void> {
  await lab.page.getByRole('button', { name: 'Who talks to whom' }).click();
  await node('web-master').waitFor();
}

test('a socket shows what was not read, as text and as bytes, and it can be opened and saved', async () => {
  await rowOf('127.0.0.1:43200').click();
  await rows().last().click();
  await detail().getByText('HTTP/1.1 200 OK\\r').waitFor();
  await detail().getByRole('button', { name: 'Hex' }).click();
  await detail().getByText('0000  48 54 54 50 2f 31').waitFor();
  await detail().getByRole('button', { name: 'Open', exact: true }).click();
  await detail().getByRole('button', { name: 'Save…' }).click();
  assert.deepEqual(await called(lab.calls, 2), [
    'openFile /contents/sockets/573370/received',
    'saveFile /contents/sockets/573370/received',
  ]);
});

test('its other end, its process and its descriptor are links, and Alt+← leads back', async () => {
  await rows().last().click();
  await detail().getByText('127.0.0.1:43200 → 127.0.0.1:8080').waitFor();
  // Rows that are only passed are not places to come back to.
  await lab.page.waitForTimeout(1_000);
  await detail().getByRole('button', { name: '127.0.0.1:8080' }).first().click();
  await detail().getByText('127.0.0.1:8080 → 127.0.0.1:43200').waitFor();
  assert.ok(await detail().getByText('came through').isVisible());
  await lab.page.keyboard.press('Alt+ArrowLeft');
  await detail().getByText('127.0.0.1:43200 → 127.0.0.1:8080').waitFor();
  await detail().getByRole('button', { name: 'descriptor 20' }).click();
  await lab.page.getByRole('tab', { name: 'Files', selected: true }).waitFor();
});

test('what an image says of a socket is shown where it says it', async () => {
  await rows().last().click();
  await detail().getByText('HTTP/1.1 200 OK\\r').waitFor();
  await detail().getByRole('button', { name: 'Show in image' }).first().click();
  await lab.page.getByRole('tab', { name: 'Raw', selected: true }).waitFor();
  await lab.page.getByRole('row', { selected: true }).filter({ hasText: 'INETSK' }).waitFor();
});

test('the filter box and the subject choose the rows', async () => {
  await lab.page.locator('.filter-box input, input[type=text]').first().fill('state:listen protocol:tcp6');
  await rows().nth(1).waitFor({ state: 'detached' });
  assert.match(await rows().first().innerText(), /\[::1\]:8086/);
});

test('the picture is moved through by arrow keys, and Enter leads to the process', async () => {
  await showPicture();
  await node('web-master').focus();
  await detail().getByText('Between its own descriptors').waitFor();
  assert.ok(await detail().getByText('101 B unread').isVisible());
  await lab.page.keyboard.press('ArrowRight');
  assert.match(await lab.page.evaluate(() => document.activeElement?.textContent ?? ''), /^web-worker-[12]/);
  await lab.page.keyboard.press('ArrowLeft');
  assert.match(await lab.page.evaluate(() => document.activeElement?.textContent ?? ''), /^web-master/);
  await lab.page.keyboard.press('Enter');
  await lab.page.getByRole('tab', { name: 'Processes', selected: true }).waitFor();
});

test('a line of the picture says what goes over it, and a socket in it leads to the table', async () => {
  await showPicture();
  await node('127.0.0.1:8080').click();
  await detail().getByRole('button', { name: 'TCP', exact: true }).click();
  await detail().getByText('What goes over it').waitFor();
  await lab.page.waitForTimeout(1_000);
  await detail().getByRole('button', { name: '127.0.0.1:8080' }).last().click();
  await rowOf('LISTEN').waitFor();
  await detail().getByText('0 of at most 64').waitFor();
  await lab.page.keyboard.press('Alt+ArrowLeft');
  await node('web-master').waitFor();
});

test('the picture shows only what the filter or the subject is about, with whom it talks to', async () => {
  await showPicture();
  const names = async () => (await lab.page.locator('.node .title').allInnerTexts()).sort();
  assert.equal((await names()).length, 12);
  const box = lab.page.locator('.filter-box input, input[type=text]').first();
  await box.fill('worker-2');
  await node('[::1]:8086').waitFor({ state: 'detached' });
  assert.deepEqual(await names(), ['Outside', 'pipe:[573353]', 'web-master', 'web-worker-2']);
  await box.fill('nobody like this');
  await lab.page.getByText('Nobody who talks matches the filter.').waitFor();
  await lab.page.getByRole('button', { name: 'Clear the filter' }).last().click();
  await node('[::1]:8086').waitFor();
});

test('the picture is there again when the page was away', async () => {
  await showPicture();
  await lab.reopen();
  await node('web-master').waitFor();
});
