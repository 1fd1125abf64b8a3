/** The Raw tab on a real archive: every entry, images field by field, links to fields, keyboard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { labForEach } from './page-lab/each.ts';
import { until } from './page-lab/until.ts';

const ARCHIVE = 'test/fixtures/podman-webapp-host/webapp-host.tar.zst';

const lab = labForEach(ARCHIVE, async ({ page }) => {
  await page.getByRole('tab', { name: 'Raw' }).click();
  await page.getByRole('treegrid', { name: 'Entries of the archive' }).getByText('files.img').first().waitFor();
});

const entries = (): Locator => lab.page.getByRole('treegrid', { name: 'Entries of the archive' });
const tree = (): Locator => lab.page.getByRole('treegrid', { name: /^Fields of/ });
const row = (grid: Locator, name: string): Locator =>
  grid
    .locator('.canvas > .row')
    .filter({ has: lab.page.getByText(name, { exact: true }) })
    .first();

/** Chooses an entry as a person does who knows its name. */
async function choose(name: string): Promise<void> {
  await entries().focus();
  await lab.page.keyboard.type(name);
  await entries().locator('.row.focused').getByText(name, { exact: true }).waitFor();
}

/** From now on a question of the page reaches the host only when it is let through: the newest, and all before it. */
async function holdBack(question: string): Promise<() => Promise<void>> {
  await lab.page.evaluate((name) => {
    const { labPost } = window as unknown as { readonly labPost: (message: unknown) => void };
    const held: unknown[] = [];
    Object.assign(window, {
      labPost: (message: unknown) => {
        if (JSON.stringify(message).includes(`"${name}"`)) held.push(message);
        else labPost(message);
      },
      release: () => {
        const count = held.length;
        held.splice(0).forEach((message) => labPost(message));
        return count;
      },
    });
  }, question);
  return () =>
    until(
      () => lab.page.evaluate(() => (window as unknown as { release(): number }).release() > 0),
      `the page asks for ${question}`,
    );
}

test('every entry says what it holds, and an image shows its fields', async () => {
  const { page } = lab;
  await row(entries(), 'core-1.img').getByText('A thread: registers, state, signals, credentials').waitFor();
  await row(entries(), 'core-1.img').click();
  await row(tree(), 'X86_64').waitFor();
  assert.match(await page.locator('.raw-head').innerText(), /checkpoint\/core-1\.img\s.*CORE.*1 entry/s);
  await row(tree(), 'tc').locator('.twistie').click();
  await row(tree(), 'comm').getByText('web-master').waitFor();
});

test('a link leads to a field, whatever was shown before, and Back leads back', async () => {
  const { page } = lab;
  await row(entries(), 'files.img').click();
  await row(tree(), '[3]').waitFor();
  lab.emit('show', { tab: 'raw', row: 'checkpoint/core-1.img', path: '0.tc.rlimits.rlimits.7.cur' });
  const field = tree().locator('.row.focused');
  await field.getByText('cur').waitFor();
  await row(tree(), '[7] RLIMIT_NOFILE').waitFor();
  // What is passed quickly is no place where one has been.
  await page.waitForTimeout(1_000);
  lab.emit('show', { tab: 'raw', row: 'checkpoint/pstree.img', path: '1.pid' });
  await field.getByText('pid', { exact: true }).waitFor();
  await page.keyboard.press('Alt+ArrowLeft');
  await row(tree(), '[7] RLIMIT_NOFILE').waitFor();
  await field.getByText('cur').waitFor();
});

test('choosing another entry leaves the place in the old one', async () => {
  lab.emit('show', { tab: 'raw', row: 'checkpoint/pstree.img', path: '1.pid' });
  await tree().locator('.row.focused').getByText('pid', { exact: true }).waitFor();
  await choose('inventory.img');
  await row(tree(), 'img_version').waitFor();
  assert.equal(await tree().locator('.row.focused').count(), 0);
});

test('the fields of an image are filtered apart from the list', async () => {
  const { page } = lab;
  await row(entries(), 'core-1.img').click();
  await row(tree(), 'X86_64').waitFor();
  await page.locator('#image-filter').fill('SIGCHLD');
  await row(tree(), 'sigactions').waitFor();
  assert.match(await tree().locator('mark').first().innerText(), /SIGCHLD/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await tree().locator('.row.focused').getByText('SIGCHLD').waitFor();
  assert.ok((await entries().locator('.canvas > .row').count()) > 10);
  await page.locator('#image-filter').fill('no such field');
  await page.getByText('No field matches “no such field”.').waitFor();
});

test('what is no image is shown as it is, and opened where an editor can show it', async () => {
  const { page } = lab;
  await entries().focus();
  await row(entries(), 'core-1.img').click();
  await page.getByRole('button', { name: 'Open as JSON' }).click();
  lab.emit('show', { tab: 'raw', row: 'checkpoint/pages-1.img' });
  await page.locator('.raw-bytes').getByText('00000000').waitFor();
  await page.getByText(/^The first 1,?024 of/).waitFor();
  await page.getByRole('button', { name: 'Save As…' }).click();
  lab.emit('show', { tab: 'raw', row: 'spec.dump' });
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  const asked = () => lab.calls.filter((call) => /^(openFile|saveFile)/.test(call));
  await until(() => asked().length === 3, 'three files are asked for');
  assert.deepEqual(asked(), [
    'openFile /images/core-1.img.json',
    'saveFile /archive/checkpoint/pages-1.img',
    'openFile /archive/spec.dump',
  ]);
});

test('the keyboard leads from the list into the image and through it', async () => {
  const { page } = lab;
  await choose('pstree.img');
  // Typing its name passed over others, whose fields may still be there.
  await row(page.getByRole('treegrid', { name: /^Fields of .*pstree\.img/ }), '[0]').waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Home');
  await tree().locator('.row.focused').getByText('[0]').waitFor();
  await page.keyboard.press('ArrowLeft');
  await tree().locator('.row.focused[aria-expanded=false]').waitFor();
  await page.keyboard.press('ArrowRight');
  await tree().locator('.row.focused[aria-expanded=true]').waitFor();
  await page.keyboard.press('ArrowDown');
  await tree().locator('.row.focused').getByText('pid', { exact: true }).waitFor();
  await page.keyboard.press('Control+c');
  await until(
    () => lab.calls.some((call) => /^copy .*"grid":"image".* text \["0\.pid"\]$/.test(call)),
    'the row is copied',
  );
});

test('the chosen process leaves its own images and those of all', async () => {
  const { page } = lab;
  await page.getByRole('tab', { name: 'Processes' }).click();
  const processes = page.getByRole('treegrid', { name: 'Processes' });
  await processes.locator('.canvas > .row').nth(1).click();
  const links = page.getByRole('region', { name: 'Details' }).locator('.link');
  await links.filter({ hasText: /^mm-2\.img$/ }).click();
  await row(tree(), 'mm_start_code').waitFor();
  assert.equal(await row(entries(), 'mm-1.img').count(), 0);
  await row(entries(), 'cgroup.img').waitFor();
});

test('Enter leads into what is chosen however quickly it comes, and the focus is never lost', async () => {
  const { page } = lab;
  const focus = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  const release = await holdBack('rawEntry');
  await row(entries(), 'files.img').click();
  await release();
  await row(tree(), '[3]').waitFor();
  // Its fields are still there when Enter is pressed; what is chosen has none.
  await row(entries(), 'artifacts').click();
  await page.keyboard.press('Enter');
  await until(async () => (await focus()).startsWith('Fields of'), 'the focus is in the old fields');
  await release();
  await page.locator('.raw-head').getByText('artifacts').waitFor();
  await until(async () => (await focus()) === 'Details', 'the focus is where the fields were');
  // And the other way round: there are no fields yet.
  await row(entries(), 'cgroup.img').click();
  await page.keyboard.press('Enter');
  await until(async () => (await focus()) === 'Details', 'the focus waits for the fields');
  await release();
  await row(tree(), '[0]').waitFor();
  await until(async () => /^Fields of .*cgroup\.img$/.test(await focus()), 'the focus is in the fields');
  await page.keyboard.press('End');
  await tree().locator('.row.focused').waitFor();
});

test('what an entry holds is not cut beside the detail, and the list needs no scrolling sideways', async () => {
  await row(entries(), 'core-1.img').waitFor();
  const cut = await entries().evaluate((grid) => [
    grid.scrollWidth - grid.clientWidth,
    ...[...grid.querySelectorAll('.row .kind-word .text')].map((text) => text.scrollWidth - text.clientWidth),
  ]);
  assert.deepEqual(
    cut.filter((pixels) => pixels > 0),
    [],
  );
});
