/** The packaged extension with a cluster, as a person uses it: from a container to its checkpoint in the editor. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { startDemo } from '../cluster/demo.ts';
import { useWorkbench } from './harness.ts';

const WAIT = { timeout: 60_000 };

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

/** Unfolds a row if it is not unfolded. */
async function unfold(label: string): Promise<void> {
  const { page } = workbench();
  const row = page.getByRole('treeitem', { name: new RegExp(`^${label}(,|$)`) }).first();
  await row.waitFor(WAIT);
  if ((await row.getAttribute('aria-expanded')) === 'true') return;
  await row.click();
  await page.keyboard.press('ArrowRight');
}

async function row(text: string): Promise<void> {
  await workbench().treeItem(text).waitFor(WAIT);
}

test('the view shows contexts, and unfolds to containers', async () => {
  const { runCommand, page, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await row('demo');
  await unfold('prod-eu');
  await row('prod-eu cannot be reached');
  await unfold('demo');
  await unfold('shop');
  await unfold('webapp-7d4b9c6f5-x2x7q');
  await row('migrate');
  await page.mouse.move(800, 500);
  await screenshot('clusters-dark');
});

test('a container is checkpointed after one has been told what that does', async () => {
  const { page, treeItem, contextMenu, screenshot } = workbench();
  const web = page.getByRole('treeitem', { name: /^web, running/ }).first();
  await contextMenu(web, 'Checkpoint…');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('Sleeps are interrupted').waitFor(WAIT);
  await screenshot('clusters-confirm');
  await dialog.getByRole('button', { name: 'Checkpoint', exact: true }).click();
  await treeItem('web').waitFor(WAIT);
  await page.locator('.statusbar-item', { hasText: 'Checkpointing web' }).waitFor(WAIT);
  await screenshot('clusters-checkpointing');
  await page.locator('.notification-list-item', { hasText: 'was checkpointed' }).waitFor(WAIT);
  await screenshot('clusters-done');
  assert.equal(readdirSync(cluster.node('node-b').checkpoints).length, 2);
});

test('its archive opens where it is', async () => {
  const { page, webviewFrame, screenshot } = workbench();
  await page.locator('.notification-list-item').getByText('Open in Place').click();
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('through helper pods').waitFor(WAIT);
  await dialog.getByRole('button', { name: 'Start Helper Pods' }).click();
  const frame = webviewFrame();
  await frame.getByRole('tab', { name: 'Processes' }).waitFor(WAIT);
  await frame.getByText('node://demo/node-b').first().waitFor(WAIT);
  // What the node says of itself and what the archive says of who made it agree.
  assert.equal(cluster.node('node-b').runtime, 'containerd');
  await frame.getByText('containerd', { exact: false }).first().waitFor(WAIT);
  await screenshot('clusters-in-place');
});

test('the archives of a node are listed, in light and high contrast too', async () => {
  const { page, setTheme, screenshot } = workbench();
  await unfold('Nodes');
  await unfold('node-a');
  await page.getByRole('treeitem', { name: /^node-a,.*2 archives/ }).waitFor(WAIT);
  await unfold('node-b');
  await page.getByRole('treeitem', { name: /^node-b,.*2 archives/ }).waitFor(WAIT);
  await setTheme('light');
  await screenshot('clusters-light');
  await setTheme('high-contrast');
  await screenshot('clusters-high-contrast');
  await setTheme('dark');
});

test('what a node lacks for a checkpoint is told point by point', async () => {
  const { page, contextMenu, screenshot } = workbench();
  await contextMenu(page.getByRole('treeitem', { name: /^node-old,/ }), 'Check Checkpointing…');
  const pick = page.locator('.quick-input-widget:visible');
  await pick.getByText('cannot make checkpoints').waitFor(WAIT);
  await screenshot('clusters-setup');
  await page.keyboard.press('Escape');
});
