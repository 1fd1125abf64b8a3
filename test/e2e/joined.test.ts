/** What one tab shows leads to what others show of it: on a real archive, from a process on. */
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { labForEach } from './page-lab/each.ts';

const ARCHIVE = 'test/fixtures/podman-webapp-host/webapp-host.tar.zst';

const lab = labForEach(ARCHIVE, () => Promise.resolve());

const detail = (): Locator => lab.page.getByRole('region', { name: 'Details' });
const tab = (name: string): Promise<void> => lab.page.getByRole('tab', { name, selected: true }).waitFor();
const cell = (row: Locator, column: string): Locator => row.locator('[role=gridcell]').nth(COLUMNS.indexOf(column));
const COLUMNS = ['Name', 'PID', 'State', 'Threads', 'Command line', 'User', 'Dumped', 'Mapped', 'Files', 'Sockets'];

async function chooseProcess(name: string): Promise<Locator> {
  await lab.page.getByRole('tab', { name: 'Processes' }).click();
  const row = lab.page.getByRole('treegrid', { name: 'Processes' }).locator('.canvas > .row').filter({ hasText: name });
  await row.first().click();
  // Until they are there, those of the process that was chosen before are shown.
  await detail().getByRole('heading', { level: 2, name }).waitFor();
  return row.first();
}

/** The field of an image that is shown in the Raw tab. */
async function field(image: string, text: string): Promise<void> {
  await tab('Raw');
  await lab.page.locator('.raw-head').getByText(`checkpoint/${image}`).waitFor();
  const fields = lab.page.getByRole('treegrid', { name: /^Fields of/ });
  await fields.locator('.row.focused').filter({ hasText: text }).waitFor();
}

test('a process counts its files and sockets, and leads to the tabs that show them', async () => {
  const row = await chooseProcess('web-master');
  await cell(row, 'Files').getByText('37', { exact: true }).waitFor();
  await cell(row, 'Sockets').getByText('13', { exact: true }).waitFor();
  await detail().getByRole('button', { name: 'Sockets', exact: true }).click();
  await tab('Sockets');
  await lab.page.getByText('pid 1 web-master').waitFor();
  for (const name of ['Memory', 'Identity', 'Files']) {
    await chooseProcess('web-worker-2');
    await detail().getByRole('button', { name, exact: true }).click();
    await tab(name);
    await lab.page.getByText('pid 3 web-worker-2').waitFor();
  }
});

test('a thread leads to where it was in the program, and to its stack', async () => {
  await chooseProcess('web-master');
  await detail().getByRole('button', { name: '0x7f0b9a8ceefc libc.so.6+0x9cefc' }).first().click();
  await tab('Memory');
  await lab.page.locator('.region-name').getByText('libc.so.6').waitFor();
  await chooseProcess('web-master');
  await detail().getByRole('button', { name: '0x7ffe20b0cb88 [stack]+0x1eb88' }).click();
  await lab.page.locator('.region-name').getByText('[stack]').waitFor();
});

test('every fact leads to the image that tells of it', async () => {
  await chooseProcess('web-worker-1');
  await detail().getByRole('button', { name: 'Show in image' }).first().click();
  await field('pstree.img', 'pid 2');
  await chooseProcess('web-master');
  await detail().getByRole('button', { name: '10', exact: true }).click();
  await field('core-10.img', '[0]');
  lab.emit('show', { tab: 'identity', pid: 2 });
  await lab.page.locator('.picker').getByRole('button', { name: 'Show in image' }).click();
  await field('core-2.img', 'creds');
  lab.emit('show', { tab: 'memory', pid: 2, address: '0x7ffe20b0d000' });
  await lab.page.locator('.region-name').getByText('[stack]').waitFor();
  await lab.page.locator('.region-actions').getByRole('button', { name: 'Show in image' }).click();
  await field('mm-2.img', 'start 0x7ffe20aee000');
  await lab.page.getByRole('tab', { name: 'Mounts' }).click();
  const mounts = lab.page.getByRole('treegrid', { name: 'Mounts' });
  await mounts.locator('.canvas > .row').filter({ hasText: '/mnt/scratch' }).click();
  await detail().getByRole('button', { name: 'Show in image' }).click();
  await field('mountpoints-12.img', 'mountpoint /mnt/scratch');
});
