/** The packaged extension with a cluster, as a person uses it: from a container to its checkpoint in the editor. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseAcquisition } from '../../src/protocol/acquisition.ts';
import { startDemo } from '../cluster/demo.ts';
import { NODES } from '../cluster/test-cluster.ts';
import { boxWith, choose, dialogWith, notificationWith, unfold, WAIT } from './driving.ts';
import { useWorkbench } from './harness.ts';

const cluster = await startDemo();
after(() => cluster.close());
process.env['KUBECONFIG'] = cluster.kubeconfig('admin', {
  context: 'demo',
  namespace: 'shop',
  change: (config) => {
    config.clusters.push({ name: 'prod', cluster: { server: 'https://127.0.0.1:1' } });
    config.contexts.push({ name: 'prod-eu', context: { cluster: 'prod', user: 'u' } });
  },
});

const workbench = useWorkbench();

function unfoldRow(label: string): Promise<void> {
  return unfold(workbench().page, label);
}

async function row(text: string): Promise<void> {
  await workbench().treeItem(text).waitFor(WAIT);
}

test('the view shows contexts, and unfolds to containers', async () => {
  const { runCommand, page, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await row('demo');
  await unfoldRow('prod-eu');
  await row('Nothing listens');
  // Who hears the row hears all of it.
  await page
    .getByRole('treeitem', { name: /^prod-eu cannot be reached: nothing listens at 127\.0\.0\.1:1\./ })
    .waitFor();
  await unfoldRow('demo');
  await unfoldRow('shop');
  await unfoldRow('webapp-7d4b9c6f5-x2x7q');
  await row('migrate');
  await page.mouse.move(800, 500);
  await screenshot('clusters-dark');
});

test('a container is checkpointed after one has been told what that does', async () => {
  const { page, treeItem, contextMenu, screenshot } = workbench();
  const web = page.getByRole('treeitem', { name: /^web, running/ }).first();
  await contextMenu(web, 'Checkpoint…');
  const dialog = dialogWith(page, 'Sleeps are interrupted');
  await dialog.waitFor(WAIT);
  await screenshot('clusters-confirm');
  // It is shown only as long as it lasts: it is waited for before it begins.
  const shown = page.locator('.statusbar-item', { hasText: 'Checkpointing web' }).waitFor(WAIT);
  await Promise.all([shown, choose(dialog, 'Checkpoint')]);
  await screenshot('clusters-checkpointing');
  await treeItem('web').waitFor(WAIT);
  await notificationWith(workbench(), 'was checkpointed');
  await screenshot('clusters-done');
  assert.equal(readdirSync(cluster.node('node-b').checkpoints).length, 2);
});

test('its archive opens where it is', async () => {
  const { page, webviewFrame, screenshot } = workbench();
  const done = await notificationWith(workbench(), 'was checkpointed');
  await done.getByText('Open in Place').click();
  const dialog = dialogWith(page, 'through helper pods');
  await choose(dialog, 'Start Helper Pods');
  const frame = webviewFrame();
  await frame.getByRole('tab', { name: 'Processes' }).waitFor(WAIT);
  await frame.getByText('node://demo/node-b').first().waitFor(WAIT);
  // What the node says of itself and what the archive says of who made it agree.
  assert.equal(cluster.node('node-b').runtime, 'containerd');
  await frame.getByText('containerd', { exact: false }).first().waitFor(WAIT);
  await screenshot('clusters-in-place');
});

test('what is open in place is downloaded by the button of its editor', async () => {
  const { page, folder } = workbench();
  await page.locator('.editor-actions').getByRole('button', { name: 'Download' }).click();
  await notificationWith(workbench(), 'was downloaded');
  const [name = '', ...others] = readdirSync(folder).filter((entry) => entry.endsWith('.tar.acquisition.json'));
  assert.equal(others.length, 0);
  const { container } = parseAcquisition(readFileSync(join(folder, name), 'utf8')) ?? {};
  assert.equal(container?.told_by, 'archive');
});

test('the archives of a node are listed, in light and high contrast too, and can be restored', async () => {
  const { page, contextMenu, treeItem, setTheme, screenshot } = workbench();
  await unfoldRow('Nodes');
  await unfoldRow('node-a');
  await page.getByRole('treeitem', { name: /^node-a,.*2 archives/ }).waitFor(WAIT);
  await unfoldRow('node-b');
  await page.getByRole('treeitem', { name: /^node-b,.*2 archives/ }).waitFor(WAIT);
  await setTheme('light');
  await screenshot('clusters-light');
  await setTheme('high-contrast');
  await screenshot('clusters-high-contrast');
  await setTheme('dark');
  await contextMenu(treeItem('rich / lab-app'), 'Restore to Sandbox…');
  await boxWith(page, 'Choose where').or(page.getByPlaceholder('Choose where')).first().waitFor(WAIT);
  await page.keyboard.press('Escape');
});

test('an archive that is clicked while its row is being drawn anew is opened', async () => {
  const { page, treeItem, webviewFrame, notifications } = workbench();
  await page.getByRole('treeitem', { name: /^node-a,.*2 archives/ }).waitFor(WAIT);
  let count = 0;
  // What changes of a node has it drawn, with all that is below it.
  const changes = setInterval(() => {
    const node = cluster.store.find(NODES, undefined, 'node-a');
    const memory = `${String(1_000_000 + count++)}Ki`;
    if (node) cluster.store.update(NODES, node, { status: { ...(node['status'] as object), allocatable: { memory } } });
  }, 20);
  try {
    for (let clicks = 0; clicks < 20; clicks++) {
      await treeItem('tty / lab-tty').click(WAIT);
      await page.waitForTimeout(60);
    }
  } finally {
    clearInterval(changes);
  }
  await webviewFrame().getByText('node://demo/node-a').first().waitFor(WAIT);
  assert.deepEqual(
    (await notifications()).filter((text) => /command|drawn anew/.test(text)),
    [],
  );
});

test('what a node lacks for a checkpoint is told point by point', async () => {
  const { page, contextMenu, screenshot } = workbench();
  await contextMenu(page.getByRole('treeitem', { name: /^node-old,/ }), 'Check Checkpointing…');
  await boxWith(page, 'cannot make checkpoints').waitFor(WAIT);
  await screenshot('clusters-setup');
  await page.keyboard.press('Escape');
});
