/** The packaged extension in a real workbench, as a person uses it: from an archive to what is in it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import { useWorkbench } from './harness.ts';

const ARCHIVE = 'checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar';
const WAIT = { timeout: 60_000 };

const workbench = useWorkbench();

async function show(frame: FrameLocator, tab: string): Promise<void> {
  await frame.getByRole('tab', { name: tab }).click();
  await frame.getByRole('row').nth(1).waitFor(WAIT);
}

test('an archive that a kubelet named opens as a document', async () => {
  const { openFile, webviewFrame, screenshot } = workbench();
  await openFile(ARCHIVE);
  const frame = webviewFrame();
  await frame.getByText('localhost/busybox:lab').first().waitFor(WAIT);
  const text = await frame.locator('body').innerText();
  for (const fact of ['app', 'rich', 'lab', 'CRI-O', 'runc', 'x86-64']) assert.ok(text.includes(fact), fact);
  await screenshot('workbench-overview');
});

test('a process shows its arguments, and its environment only when asked', async () => {
  const { webviewFrame, screenshot } = workbench();
  const frame = webviewFrame();
  await show(frame, 'Processes');
  // The first row below the heading: pid 1.
  await frame.getByRole('row').nth(1).click();
  await frame.getByText('GREETING').waitFor(WAIT);
  assert.ok(!(await frame.locator('body').innerText()).includes('s3cr3t-not-real'));
  await frame.getByText('Reveal all').click();
  await frame.getByText('s3cr3t-not-real').waitFor(WAIT);
  await screenshot('workbench-processes');
});

test('mounts and changed files are there, in light and in high contrast too', async () => {
  const { webviewFrame, setTheme, screenshot } = workbench();
  const frame = webviewFrame();
  await show(frame, 'Mounts');
  await frame.getByRole('row', { name: /\/data/ }).waitFor(WAIT);
  await setTheme('light');
  await screenshot('workbench-mounts');
  await show(frame, 'Filesystem');
  await frame.getByRole('row', { name: /new\.txt/ }).waitFor(WAIT);
  await setTheme('high-contrast');
  await screenshot('workbench-filesystem');
  await setTheme('dark');
});

test('a changed file opens in an ordinary editor', async () => {
  const { page, webviewFrame } = workbench();
  const row = webviewFrame().getByRole('row', { name: /new\.txt/ });
  await row.dblclick();
  await page.locator('.monaco-editor .view-lines', { hasText: 'new' }).first().waitFor(WAIT);
  await page.keyboard.press('Control+W');
  await webviewFrame()
    .getByRole('row', { name: /new\.txt/ })
    .waitFor(WAIT);
});

test('a folder of the checkpoint is saved where the person says', async () => {
  const { page, folder, webviewFrame, contextMenu } = workbench();
  const row = webviewFrame()
    .getByRole('row', { name: /\blog\b/ })
    .first();
  await row.click();
  await contextMenu(row, 'Save As…');
  // The dialog proposes the folder that is open; it is ready when it lists what is in it.
  const dialog = page.locator('.quick-input-widget:visible');
  await dialog.locator('.monaco-list-row', { hasText: 'kubernetes' }).waitFor(WAIT);
  await dialog.getByText('Save Here').click();
  const saved = join(folder, 'log', 'new.txt');
  await assert.doesNotReject(
    until(() => existsSync(saved)),
    `${saved} was not written`,
  );
  assert.equal(readFileSync(saved, 'utf8'), 'new\n');
});

test('a text is found in memory, leads to its bytes, and what was found is exported', async () => {
  const { page, folder, webviewFrame, screenshot } = workbench();
  const frame = webviewFrame();
  await show(frame, 'Processes');
  await frame.getByRole('row').nth(1).click();
  await page.keyboard.press('Control+F');
  const panel = frame.getByRole('region', { name: 'Search', exact: true });
  await panel.getByRole('combobox', { name: 'Where to search' }).selectOption('all');
  await panel.getByRole('searchbox', { name: 'Search for' }).fill('GREETING=');
  await page.keyboard.press('Enter');
  const result = panel.locator('.canvas > .row').first();
  await result.locator('mark', { hasText: 'GREETING=' }).waitFor(WAIT);
  await screenshot('workbench-search');
  await panel.getByRole('button', { name: /Export the results/ }).click();
  const dialog = page.locator('.quick-input-widget:visible');
  await dialog.locator('.monaco-list-row', { hasText: 'kubernetes' }).waitFor(WAIT);
  await page.keyboard.press('Enter');
  const saved = join(folder, 'search.json');
  await until(() => existsSync(saved) && readFileSync(saved, 'utf8').endsWith(']\n'));
  const [first] = JSON.parse(readFileSync(saved, 'utf8')) as { pid: number; address: string; source: string }[];
  assert.equal(first?.source, 'memory');
  await result.locator('.link').first().click();
  await frame.getByRole('tab', { name: 'Memory', selected: true }).waitFor(WAIT);
  await frame.locator('.hex-status', { hasText: first.address }).waitFor(WAIT);
  await panel.getByRole('button', { name: /Close the search/ }).click();
});

test('Local Archives lists what is in the workspace, by content', async () => {
  const { runCommand, treeItem, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await treeItem('lab / rich / app').waitFor(WAIT);
  await treeItem('webapp').waitFor(WAIT);
  await screenshot('workbench-archives');
});

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('It did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
