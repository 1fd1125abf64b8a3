/** The page as its state, its size or its answers change: what comes later, what fails, and narrow windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manyChanges, sampleAnswers } from './page-lab/sample.ts';
import { called, until } from './page-lab/until.ts';
import { usePage } from './page-lab/use-page.ts';

const used = usePage((lab) => lab.page.locator('.overview').waitFor());
const { grid, detail, rowOf, openTab, focusIs } = used;

test('what becomes known later does not move what one looks at', async () => {
  used.data.changes = manyChanges(5_000).filter((_, index) => index % 2 === 1);
  await openTab('Filesystem');
  await grid().focus();
  await used.lab.page.keyboard.type('file-003001');
  await focusIs('file-003001');
  const before = await rowOf('file-003001').boundingBox();
  used.data.changes = manyChanges(5_000);
  used.lab.emit('changed', { complete: true });
  await until(async () => (await grid().getAttribute('aria-rowcount')) === '5002', 'the new rows are there');
  await focusIs('file-003001');
  assert.deepEqual(await rowOf('file-003001').boundingBox(), before);
});

test('what the person did is there again when the page was away', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  await page.keyboard.press('/');
  await page.keyboard.type('job');
  await page.getByText('40 of 44').first().waitFor();
  await rowOf('job-25').click();
  await detail().getByText('pid 35').waitFor();
  await page.waitForTimeout(400);
  await used.lab.reopen();
  await page.getByText('40 of 44').first().waitFor();
  assert.equal(await page.getByRole('searchbox').inputValue(), 'job');
  assert.equal(await rowOf('job-25').getAttribute('aria-selected'), 'true');
  await detail().getByText('pid 35').waitFor();
});

test('the host can lead to a row, through a filter that hides it', async () => {
  await openTab('Processes');
  await used.lab.page.keyboard.press('/');
  await used.lab.page.keyboard.type('sleep');
  await used.lab.page.getByText('1 of 44').first().waitFor();
  used.lab.emit('show', { tab: 'processes', row: '49' });
  await detail().getByText('pid 49').waitFor();
  await focusIs('job-39');
});

test('the border between rows and detail moves by keyboard; narrow windows have the detail below', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  const sash = page.getByRole('separator');
  const before = await grid().boundingBox();
  await sash.focus();
  await page.keyboard.press('ArrowLeft');
  await until(async () => ((await grid().boundingBox())?.width ?? 0) < (before?.width ?? 0), 'narrower');
  await page.setViewportSize({ width: 600, height: 800 });
  await until(async () => (await sash.getAttribute('aria-orientation')) === 'horizontal', 'below');
  const above = await grid().boundingBox();
  const below = await detail().boundingBox();
  assert.ok(above && below && below.y >= above.y + above.height);
});

test('in a narrow window every tab is there, the page stays where it is, and the container keeps its name', async () => {
  const { page } = used.lab;
  await page.setViewportSize({ width: 520, height: 700 });
  const heading = page.getByRole('heading', { level: 1 });
  for (const tab of ['Raw', 'Overview', 'Identity', 'Processes']) {
    await page.getByRole('tab', { name: tab }).click();
    await until(async () => {
      const box = await page.getByRole('tab', { name: tab }).boundingBox();
      return box !== null && box.x >= 0 && box.x + box.width <= 520;
    }, `${tab} must be in sight`);
    const left = await page.locator('.app').evaluate((element) => element.getBoundingClientRect().left);
    assert.equal(left, 0, `${tab} must not move the page`);
    assert.equal(await heading.evaluate((element) => element.scrollWidth > element.clientWidth), false);
  }
});

test('reading and hashing show how far they are', async () => {
  const { page } = used.lab;
  used.lab.emit('progress', { task: 'read', done: 25, total: 100, finished: false });
  const bar = page.getByRole('progressbar', { name: 'Reading the archive' });
  await bar.waitFor();
  assert.equal(await bar.getAttribute('aria-valuenow'), '25');
  used.lab.emit('progress', { task: 'read', done: 100, total: 100, finished: true });
  await bar.waitFor({ state: 'detached' });
});

test('what fails on the way is said in one line, and the page goes on', async () => {
  const answers = sampleAnswers(used.data);
  await used.reopen({
    ...answers,
    openFile: () => {
      throw Object.assign(new Error('rootfs-diff.tar is damaged.'), { reason: 'damaged' });
    },
  });
  await openTab('Filesystem');
  await rowOf('passwd').click();
  await used.lab.page.keyboard.press('Enter');
  const bar = used.lab.page.getByRole('alert');
  await bar.getByText('rootfs-diff.tar is damaged.').waitFor();
  await bar.getByRole('button', { name: 'Close' }).click();
  await bar.waitFor({ state: 'detached' });
});

test('a checkpoint that cannot be opened is one sentence, and Retry opens it once it can', async () => {
  const answers = sampleAnswers(used.data);
  let broken = true;
  await used.reopen({
    ...answers,
    start: (...args) => {
      if (broken) throw Object.assign(new Error('The file is empty.'), { reason: 'damaged' });
      return answers.start(...args);
    },
    retry: () => {
      broken = false;
    },
  });
  const { page } = used.lab;
  await page.getByText('The file is empty.').waitFor();
  await page.getByRole('button', { name: 'Show Log' }).click();
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('heading', { level: 1, name: 'web' }).waitFor();
  assert.deepEqual(await called(used.lab.calls, 2), ['showLog', 'retry']);
});

test('a checkpoint without changes says so', async () => {
  used.data.changes = [];
  await used.lab.page.getByRole('tab', { name: 'Filesystem' }).click();
  await used.lab.page.getByText('No filesystem changes are known').waitFor();
});
