/** The tab of open files on a real archive: what was in the deleted file, and who is on the other end of the pipe. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { root } from '../../scripts/lib/node.mjs';
import { archiveAnswers, type ArchiveAnswers } from './page-lab/archive-answers.ts';
import { type Lab, type LabBrowser, launchLab } from './page-lab/lab.ts';
import { called } from './page-lab/until.ts';

const ARCHIVE = join(root, 'test/fixtures/podman-webapp-host/webapp-host.tar.zst');

let browser: LabBrowser;
let source: ArchiveAnswers;
let lab: Lab;

before(async () => {
  browser = await launchLab();
  source = archiveAnswers(ARCHIVE);
  lab = await browser.open(source.answers);
  source.forward({
    progress: (value) => lab.emit('progress', value),
    changed: (value) => lab.emit('changed', value),
    searched: (value) => lab.emit('searched', value),
  });
  await lab.page.locator('.overview').waitFor();
  await lab.page.getByRole('tab', { name: 'Files', exact: true }).click();
  await rowOf('/dev/null').waitFor();
});

after(async () => {
  const { complaints } = lab;
  await lab.close();
  await source.close();
  await browser.close();
  assert.deepEqual(complaints, []);
});

const grid = (): Locator => lab.page.getByRole('treegrid');
const detail = (): Locator => lab.page.getByRole('region', { name: 'Details' });
const filter = (): Locator => lab.page.getByRole('searchbox').or(lab.page.locator('.filter input')).first();
const rowOf = (text: string): Locator => grid().locator('.canvas > .row').filter({ hasText: text }).first();

test('the deleted file is found by its note, and its content opens', async () => {
  await filter().fill('note:deleted');
  await rowOf('deleted-while-open.tmp').click();
  await detail().getByText('It was deleted while it was open. Its content is in this checkpoint.').waitFor();
  await detail()
    .getByRole('button', { name: /Open content/ })
    .click();
  await detail()
    .getByRole('button', { name: /Save As/ })
    .click();
  await rowOf('deleted-while-open.tmp').click();
  await lab.page.keyboard.press('Enter');
  const path = '/contents/deleted/1/deleted-while-open.tmp';
  assert.deepEqual(await called(lab.calls, 3), [`openFile ${path}`, `saveFile ${path}`, `openFile ${path}`]);
});

test('a pipe names both of its ends, and a link leads to the other', async () => {
  // Both ends have the same name, and the grid keeps the row in sight that one was in.
  lab.emit('show', { tab: 'files', row: '1/5' });
  await detail().getByText('Read by').waitFor();
  const text = await detail().innerText();
  assert.match(
    text,
    /Written by[\s\S]*descriptor 5 of web-master 1[\s\S]*Read by[\s\S]*descriptor 4 of web-worker-1 2/i,
  );
  // A row that one passes more quickly is no place to come back to.
  await lab.page.waitForTimeout(1_000);
  await detail().getByRole('button', { name: 'descriptor 4' }).click();
  await detail().getByText('descriptor 4 of').first().waitFor();
  await detail().getByRole('button', { name: 'web-worker-1 2' }).first().waitFor();
  await lab.page.keyboard.press('Alt+ArrowLeft');
  await detail().getByText('descriptor 5 of').first().waitFor();
});

test('an epoll leads to what it waits for, a file to its mount, and the chosen process filters', async () => {
  lab.emit('show', { tab: 'files', row: '1/31' });
  await detail().getByText('Waits for').waitFor();
  await detail().getByRole('button', { name: '33', exact: true }).click();
  await detail().getByText('CLOCK_MONOTONIC').waitFor();
  lab.emit('show', { tab: 'files', row: '1/37' });
  await detail().getByRole('button', { name: '/mnt/scratch' }).click();
  await lab.page.getByRole('tab', { name: 'Mounts', selected: true }).waitFor();
  lab.emit('show', { tab: 'files', row: '1/37' });
  await detail().getByRole('button', { name: 'checkpoint/files.img' }).click();
  await lab.page.getByRole('tab', { name: 'Raw', selected: true }).waitFor();
  await lab.page.locator('[aria-selected=true]').filter({ hasText: 'type REG' }).waitFor();
  lab.emit('show', { tab: 'files', pid: 2 });
  await lab.page.getByText('5 of 64').waitFor();
});
