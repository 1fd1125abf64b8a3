/** The tabs of identity and of logs: with a sample made to do harm, and with real archives. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { root } from '../../scripts/lib/node.mjs';
import { archiveAnswers, type ArchiveAnswers } from './page-lab/archive-answers.ts';
import { type Lab, type LabBrowser, launchLab } from './page-lab/lab.ts';
import { sample, sampleAnswers } from './page-lab/sample.ts';
import { called } from './page-lab/until.ts';

/** How what the sample calls by a hostile name is shown. */
const SHOWN = String.raw`<img src=x onerror=alert(1)>\u202egnp.exe\n`;

let browser: LabBrowser;
let lab: Lab;

before(async () => {
  browser = await launchLab();
});

after(() => browser.close());

const grid = (): Locator => lab.page.getByRole('treegrid');
const detail = (): Locator => lab.page.getByRole('region', { name: 'Details' });
const rowOf = (text: string): Locator => grid().locator('.canvas > .row').filter({ hasText: text }).first();
const blockOf = (title: string): Locator =>
  lab.page.locator('section').filter({ has: lab.page.getByRole('heading', { name: title, exact: true }) });
const open = (name: string): Promise<void> => lab.page.getByRole('tab', { name, exact: true }).click();
const link = (name: string): Locator => lab.page.getByRole('button', { name, exact: true });

async function endOf(opened: Lab): Promise<void> {
  const { complaints } = opened;
  await opened.close();
  assert.deepEqual(complaints, []);
}

describe('a sample', () => {
  before(async () => {
    lab = await browser.open(sampleAnswers(sample()));
    await lab.page.locator('.overview').waitFor();
  });

  after(() => endOf(lab));

  test('identity of the first process, until another is chosen', async () => {
    await open('Identity');
    await blockOf('Capabilities').getByText('CAP_SYS_ADMIN').waitFor();
    const picker = lab.page.getByLabel('Process', { exact: true });
    assert.equal(await picker.inputValue(), '1');
    await picker.selectOption('2');
    await lab.page.locator('.subject-chip').getByText('pid 2').waitFor();
    assert.equal(await picker.inputValue(), '2');
  });

  test('names out of the archive are text', async () => {
    await blockOf('Who it is').getByText(SHOWN).waitFor();
    await blockOf('Control groups').getByText(`/kubepods/${SHOWN}`).waitFor();
    await blockOf('Namespaces').getByText(SHOWN).first().waitFor();
    assert.equal(await lab.page.locator('img').count(), 0);
    assert.ok(!(await lab.page.locator('body').innerText()).includes('\u202e'));
  });

  test('capabilities that it lacks are shown on demand', async () => {
    const names = blockOf('Capabilities').locator('tbody tr');
    assert.equal(await names.count(), 3);
    await link('Show all 4').click();
    assert.equal(await names.count(), 4);
  });

  test('the filter box hides the blocks that lack a text', async () => {
    await lab.page.keyboard.press('/');
    await lab.page.keyboard.type('max open');
    await blockOf('Capabilities').waitFor({ state: 'hidden' });
    await blockOf('Resource limits').waitFor();
    await lab.page.keyboard.press('Escape');
    await blockOf('Capabilities').waitFor();
  });

  test('what a filter answers unfolds to names of calls, and its instructions are a click and Back away', async () => {
    const answers = blockOf('System calls (seccomp)');
    await answers.getByText('refused with EPERM').click();
    await answers.getByText('bpf mount').waitFor();
    await link('Show the instructions').click();
    await rowOf('return ERRNO(EPERM)').waitFor();
    assert.equal(await grid().locator('.canvas > .row').count(), 4);
    await lab.page.keyboard.press('Alt+ArrowLeft');
    await blockOf('Capabilities').waitFor();
  });

  test('the log has its problems on top, with what they mean, and each leads to its line', async () => {
    await open('Logs');
    await rowOf('started').waitFor();
    await lab.page.locator('.log-file', { hasText: 'dump.log' }).click();
    const problems = lab.page.getByRole('region', { name: 'Problems' });
    await problems.getByText('The dump failed.').waitFor();
    await problems.getByText(`A process has ${SHOWN} open.`).waitFor();
    assert.equal(await problems.getByText('Never mind.').count(), 0);
    await problems.getByRole('button', { name: 'Show 1 message that is harmless' }).click();
    await problems.getByText('Never mind.').waitFor();
    await lab.page.waitForTimeout(900); // What one passes more quickly is no place to come back to.
    await problems.getByRole('button', { name: SHOWN.slice(0, -2) }).click();
    await detail().getByRole('heading', { name: 'Line 2' }).waitFor();
    await detail().getByText('70,000 bytes more are in the file').waitFor();
    assert.equal(await lab.page.locator('img').count(), 0);
    await lab.page.keyboard.press('Alt+ArrowLeft');
    await lab.page.locator('.log-file.shown', { hasText: 'dump.log' }).waitFor();
  });

  test('files open in an ordinary editor', async () => {
    lab.calls.splice(0);
    await link('Open').click();
    assert.deepEqual(await called(lab.calls, 1), ['openFile /archive/dump.log']);
  });
});

describe('an archive', () => {
  let source: ArchiveAnswers;

  async function start(archive: string): Promise<void> {
    source = archiveAnswers(join(root, 'test/fixtures', archive));
    lab = await browser.open(source.answers);
    source.forward({
      progress: (value) => lab.emit('progress', value),
      changed: (value) => lab.emit('changed', value),
      searched: (value) => lab.emit('searched', value),
    });
    await lab.page.locator('.overview').waitFor();
  }

  async function stop(): Promise<void> {
    await endOf(lab);
    await source.close();
  }

  test('of Podman: what its filter answers, who shares what, and an environment that stays masked', async () => {
    await start('podman-webapp-host/webapp-host.tar.zst');
    lab.emit('show', { tab: 'identity', pid: 2 });
    await blockOf('System calls (seccomp)')
      .getByText(/^allowed/)
      .first()
      .waitFor();
    await lab.page.getByLabel('Process', { exact: true }).getByText('2 web-worker-1').waitFor({ state: 'attached' });
    assert.match(await blockOf('Capabilities').innerText(), /One more than Podman gives every container/);
    await blockOf('Namespaces').getByRole('button', { name: '14', exact: true }).click();
    await lab.page.locator('.subject-chip').getByText('pid 14').waitFor();
    await open('Logs');
    await rowOf('webapp starting').waitFor();
    await lab.page.locator('.log-file', { hasText: 'spec.dump' }).click();
    await rowOf('API_TOKEN=••••••••').waitFor();
    assert.ok(!(await lab.page.locator('body').innerText()).includes('demo-not-a-secret'));
    await stop();
  });

  test('of containerd: five thousand lines of CRIU’s log, of which the one that is named is shown', async () => {
    await start('containerd-webapp/checkpoint-webapp-7d4b9c6f5-x2x7q_shop-web-2026-11-23T22-22-40Z.tar.zst');
    await open('Logs');
    await lab.page.locator('.log-file', { hasText: 'dump.log' }).click();
    const problems = lab.page.getByRole('region', { name: 'Problems' });
    await problems.getByText('The dump went well.').waitFor();
    await rowOf('Version: 4.2.1').waitFor();
    assert.ok((await grid().locator('.canvas > .row').count()) < 200);
    lab.emit('show', { tab: 'logs', path: 'dump.log', row: '4995' });
    await detail().getByRole('heading', { name: 'Line 4,996' }).waitFor();
    await lab.page.getByRole('tab', { name: 'Overview' }).click();
    await open('Logs');
    await detail().getByRole('heading', { name: 'Line 4,996' }).waitFor();
    await stop();
  });
});
