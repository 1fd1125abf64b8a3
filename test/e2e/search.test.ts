/** The search on a real archive: from a text to the bytes where it stands and to those who have it, and back. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { root } from '../../scripts/lib/node.mjs';
import { archiveAnswers, type ArchiveAnswers } from './page-lab/archive-answers.ts';
import { HOSTILE } from './page-lab/hostile.ts';
import { type Lab, type LabBrowser, launchLab } from './page-lab/lab.ts';
import { sample, sampleAnswers } from './page-lab/sample.ts';
import { until } from './page-lab/until.ts';

const ARCHIVE = join(root, 'test/fixtures/podman-webapp-host/webapp-host.tar.zst');

let browser: LabBrowser;
let source: ArchiveAnswers;
let lab: Lab;

before(async () => {
  browser = await launchLab();
  source = archiveAnswers(ARCHIVE);
});

beforeEach(async () => {
  lab = await browser.open(source.answers);
  source.forward({
    progress: (value) => lab.emit('progress', value),
    changed: (value) => lab.emit('changed', value),
    searched: (value) => lab.emit('searched', value),
  });
  await lab.page.locator('.overview').waitFor();
});

afterEach(async () => {
  const { complaints } = lab;
  await lab.close();
  assert.deepEqual(complaints, [], 'the browser must not complain, of the content security policy least of all');
});

after(async () => {
  await source.close();
  await browser.close();
});

const panel = (): Locator => lab.page.getByRole('region', { name: 'Search', exact: true });
const box = (): Locator => panel().getByRole('searchbox', { name: 'Search for' });
const rows = (): Locator => panel().locator('.canvas > .row');
const where = (): Locator => panel().getByRole('combobox', { name: 'Where to search' });
const cursor = (): Locator => lab.page.locator('.hex-status .code').first();
const active = (): Promise<string> => lab.page.evaluate(() => document.activeElement?.id ?? '');

async function ended(): Promise<void> {
  await panel()
    .getByText(/ searched$|^Stopped after|^Only the first/)
    .and(lab.page.locator('.search-status *'))
    .first()
    .waitFor();
  await panel().getByRole('button', { name: 'Search', exact: true }).waitFor();
}

async function search(text: string): Promise<void> {
  await lab.page.keyboard.press('Control+f');
  await box().fill(text);
  await lab.page.keyboard.press('Enter');
  await ended();
}

test('a text is found by keyboard alone, leads to its bytes, and the way back is one key', async () => {
  await lab.page.keyboard.press('Control+f');
  await panel()
    .getByText(/Find text, bytes or expressions/)
    .waitFor();
  // No pause: what is typed next belongs into the box.
  await lab.page.keyboard.type('API_TOKEN=');
  await lab.page.keyboard.press('Enter');
  await ended();
  await rows().first().waitFor();
  assert.equal(await rows().first().locator('mark').innerText(), 'API_TOKEN=');
  await lab.page.keyboard.press('ArrowDown');
  await lab.page.keyboard.press('Home');
  const address = await rows().first().locator('.cell').first().innerText();
  assert.equal(address, '7ffe20b0ef56', 'where it was in the living process');
  await lab.page.keyboard.press('Enter');
  await lab.page.getByRole('tab', { name: 'Memory', selected: true }).waitFor();
  await until(async () => (await cursor().innerText()) === `0x${BigInt(`0x${address}`).toString(16)}`, address);
  await until(async () => (await active()) === 'hex', 'the bytes must have the keyboard');
  // What was found is marked there, and the results are still to be seen.
  await until(async () => (await lab.page.locator('.hex-letters').allInnerTexts()).join('').includes('API_TOKEN='), '');
  assert.ok((await rows().count()) > 0);
  assert.equal(await where().inputValue(), 'all', 'the next search is of everything still');
  await lab.page.keyboard.press('Alt+ArrowLeft');
  await lab.page.getByRole('tab', { name: 'Overview', selected: true }).waitFor();
  await lab.page.keyboard.press('Control+f');
  assert.equal(await active(), 'search-for');
  await lab.page.keyboard.press('Escape');
  await panel().waitFor({ state: 'detached' });
});

test('a click on a result shows its bytes, and the keyboard stays among the results', async () => {
  const { page } = lab;
  await search('GREETING=');
  const [first, second] = [rows().nth(0), rows().nth(1)];
  const address = (await first.locator('.link').first().innerText()).replace(/^0+/, '');
  await first.locator('.cell').last().click();
  await page.getByRole('tab', { name: 'Memory', selected: true }).waitFor();
  await page.locator('.hex-status').getByText(`0x${address}`).first().waitFor();
  assert.ok(await panel().evaluate((element) => element.contains(document.activeElement)), 'the focus has left');
  await page.keyboard.press('ArrowDown');
  await until(async () => ((await second.getAttribute('class')) ?? '').includes('focused'), 'the next result is there');
});

test('what stands in a queue or in a changed file leads to who holds it, and to the file', async () => {
  await search('Content-Length: 30');
  await panel().getByRole('searchbox', { name: 'Filter' }).fill('source:socket');
  await until(
    async () => (await rows().count()) > 0 && (await rows().first().innerText()).includes('socket:['),
    'queue',
  );
  await rows().first().locator('.cell .link').first().click();
  await lab.page.getByRole('tab', { name: 'Files', selected: true }).waitFor();
  await lab.page
    .getByRole('region', { name: 'Details' })
    .getByText(/Unread|unread/)
    .first()
    .waitFor();
  await panel().getByRole('searchbox', { name: 'Filter' }).fill('');
  await search('written by webapp');
  await panel().getByRole('searchbox', { name: 'Filter' }).fill('source:file');
  await until(async () => (await rows().count()) > 0 && (await rows().first().innerText()).includes('/mnt/'), 'a file');
  await rows().first().click();
  await lab.page.keyboard.press('Enter');
  await lab.page.getByRole('tab', { name: 'Filesystem', selected: true }).waitFor();
});

test('the scope follows the chosen process, and nothing found offers to search everywhere', async () => {
  await lab.page.getByRole('tab', { name: 'Processes' }).click();
  await lab.page.locator('[data-grid=processes] .row').filter({ hasText: 'web-worker-1' }).first().click();
  await lab.page.keyboard.press('Control+f');
  assert.equal(await where().inputValue(), 'processes');
  await until(async () => (await where().innerText()).includes('process 2 web-worker-1'), 'it is named');
  await search('no such text in any process');
  await panel().getByText('Nothing in process 2 matches “no such text in any process”.').waitFor();
  await panel().getByRole('button', { name: 'Search everywhere' }).click();
  await panel().getByText('Nothing matches “no such text in any process”.').waitFor();
  assert.equal(await where().inputValue(), 'all');
});

test('the button in the header, and the host, open it; the button closes it too', async () => {
  const button = lab.page.getByRole('button', { name: 'Search memory…' });
  await button.click();
  await until(async () => (await active()) === 'search-for', 'the box must have the keyboard');
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  await button.click();
  await panel().waitFor({ state: 'detached' });
  lab.emit('openSearch', null);
  await until(async () => (await active()) === 'search-for', 'the box must have the keyboard');
});

test('a wrong expression is said beside the box, bytes are found by wildcards, and case counts where it shall', async () => {
  await lab.page.keyboard.press('Control+f');
  await panel()
    .getByRole('button', { name: /regular expression/ })
    .click();
  await lab.page.keyboard.type('(abc');
  await lab.page.keyboard.press('Enter');
  await panel().getByRole('alert').getByText('( opens a group that is not closed.').waitFor();
  assert.equal(await box().getAttribute('aria-invalid'), 'true');
  await box().fill('API_[A-Z]{5}=');
  await lab.page.keyboard.press('Enter');
  await ended();
  assert.equal(await panel().getByRole('alert').count(), 0);
  await until(async () => (await rows().first().locator('mark').innerText()) === 'API_TOKEN=', 'the expression');
  await box().fill('41 50 49 5? 54');
  await panel()
    .getByRole('button', { name: /hexadecimal/ })
    .click();
  await until(async () => (await rows().first().locator('mark').innerText()) === 'API_T', 'the bytes');
  await panel()
    .getByRole('button', { name: /hexadecimal/ })
    .click();
  await box().fill('api_TOKEN=');
  await lab.page.keyboard.press('Enter');
  await until(async () => (await rows().first().locator('mark').innerText()) === 'API_TOKEN=', 'whatever case');
  await panel().getByRole('button', { name: 'Match case' }).click();
  await panel().getByText('Nothing matches “api_TOKEN=”.').waitFor();
});

test('a search that takes long shows how far it is, and can be stopped', async () => {
  await lab.page.keyboard.press('Control+f');
  await panel()
    .getByRole('button', { name: /regular expression/ })
    .click();
  await box().fill('(?:[^\\x01]*[^\\x02]*)*\\x03{9}');
  await lab.page.keyboard.press('Enter');
  await panel().getByRole('progressbar').waitFor();
  await panel().getByRole('button', { name: 'Stop' }).click();
  await panel()
    .getByText(/Stopped after/)
    .waitFor();
  await panel().getByText('Nothing was found before the search was stopped.').waitFor();
});

test('results that are cut are said to be, are exported, and are there again with the page', async () => {
  await lab.page.keyboard.press('Control+f');
  await panel()
    .getByRole('button', { name: /hexadecimal/ })
    .click();
  await box().fill('00');
  await lab.page.keyboard.press('Enter');
  await panel()
    .getByText(/^Only the first 10,000 are kept\./)
    .waitFor();
  await panel()
    .getByText(/^10,000 results for “00” everywhere/)
    .waitFor();
  lab.calls.length = 0;
  await panel()
    .getByRole('button', { name: /Export the results/ })
    .click();
  await until(() => lab.calls.some((call) => /^saveSearch [0-9a-f]{32}$/.test(call)), 'the host is asked');
  await lab.page.waitForTimeout(400);
  await lab.reopen();
  await panel()
    .getByText(/^10,000 results for “00” everywhere/)
    .waitFor();
  await rows().first().waitFor();
});

test('the strings of a mapping are one click away from it', async () => {
  await lab.page.getByRole('tab', { name: 'Memory' }).click();
  await lab.page.getByRole('button', { name: 'Strings of this mapping' }).click();
  await ended();
  await panel()
    .getByText(/results for readable text of 6 or more characters \(ASCII\) in \[stack\] of process 1/)
    .waitFor();
  const least = panel().getByRole('spinbutton', { name: 'Characters at least' });
  await least.fill('40');
  await lab.page.keyboard.press('Enter');
  await panel()
    .getByText(/readable text of 40 or more/)
    .waitFor();
  await ended();
  for (const text of await rows().locator('.cell:last-child').allInnerTexts()) assert.ok(text.length >= 40, text);
});

test('nothing of what was found becomes more than text', async () => {
  await lab.close();
  lab = await browser.open(sampleAnswers(sample()));
  await lab.page.locator('.overview').waitFor();
  await lab.page.keyboard.press('Control+f');
  await lab.page.keyboard.type('hunter2');
  await lab.page.keyboard.press('Enter');
  await rows().nth(1).waitFor();
  assert.equal(await panel().locator('img').count(), 0);
  assert.match(await rows().nth(1).innerText(), /<img src=x onerror=alert\(1\)>/);
  assert.ok(!(await panel().innerText()).includes('\u202e'), HOSTILE);
});
