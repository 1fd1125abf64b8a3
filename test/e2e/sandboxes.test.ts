/** The packaged extension, from an archive to a sandbox and back: with Podman, and in a cluster with a registry. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import type { Locator } from 'playwright-core';
import { root } from '../../scripts/lib/node.mjs';
import { makeSamples } from '../../scripts/samples.ts';
import { startDemo } from '../cluster/demo.ts';
import type { KubeObject } from '../cluster/kube.ts';
import { PODS } from '../cluster/pod-life.ts';
import { NETWORK_POLICIES } from '../cluster/test-cluster.ts';
import { FakePodman } from '../podman/fake-podman.ts';
import { startRegistry } from '../registry/real-registry.ts';
import { choose, dialogWith, takeFrom, WAIT } from './driving.ts';
import { useWorkbench } from './harness.ts';
import { until } from './page-lab/until.ts';

const ARCHIVE = 'kubernetes/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar';

const scratch = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-sandboxes-'));
const folder = makeSamples(join(scratch, 'workspace'));
const podman = new FakePodman(scratch, join(folder, 'podman-counter.tar'));
const cluster = await startDemo();
const registry = await startRegistry();
console.log(registry.what);
process.env['KUBECONFIG'] = cluster.kubeconfig('admin', { context: 'demo', namespace: 'shop' });
process.env['CHECKPOINT_EXPLORER_SANDBOXES'] = join(scratch, 'sandboxes');
after(async () => {
  await cluster.close();
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const workbench = useWorkbench(folder, {
  'checkpointExplorer.sandbox.commandPrefix': ['env', `PATH=${podman.path}:/usr/bin:/bin`],
});

/** A row of the view of sandboxes, by what it is and where. */
function sandbox(place: string): Locator {
  return workbench().page.getByRole('treeitem', { name: new RegExp(`\\(restored\\), ${place}`) });
}

function made(): readonly KubeObject[] {
  const isOurs = ({ metadata }: KubeObject): boolean => metadata.name.startsWith('checkpoint-counter');
  return [...cluster.store.list(PODS, 'shop'), ...cluster.store.list(NETWORK_POLICIES, 'shop')].filter(isOurs);
}

/** Chooses where. @param open asks for the list of places */
async function choosePlace(place: string, picture: string | undefined, open: () => Promise<void>): Promise<void> {
  const { page, screenshot } = workbench();
  // The palette shows the same title while the command is being chosen.
  const places = page.locator('.quick-input-widget:visible', { has: page.getByPlaceholder('Choose where') });
  await takeFrom(places, open, async (box) => {
    await box.getByText('Kubernetes').first().waitFor({ timeout: 10_000 });
    if (picture !== undefined) await screenshot(picture);
    await box.locator('.monaco-list-row', { hasText: place }).first().click({ timeout: 5000 });
  });
}

/** Reads the risks, and agrees to them. */
async function agreeAndRestore(): Promise<void> {
  const frame = workbench().webviewFrame();
  const button = frame.getByRole('button', { name: 'Restore', exact: true });
  await button.waitFor(WAIT);
  // The page is drawn anew while more becomes known.
  const agree = frame.getByLabel('I have read this, and want it');
  await until(async () => {
    for (const box of await agree.all()) await box.check({ timeout: 2000 }).catch(() => undefined);
    return button.isEnabled();
  }, 'all that there is to agree to must be agreed to');
  await button.click();
}

test('an archive is restored with Podman from its row, and shows among the sandboxes', async () => {
  const { runCommand, treeItem, contextMenu, webviewFrame, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  // Rows move while others come in: a menu would be that of another.
  for (const name of ['lab / rich', 'webapp', 'counter-gzip', 'default / counters', 'imgtest']) {
    await treeItem(name).waitFor(WAIT);
  }
  await choosePlace('Podman', 'sandboxes-where', () => contextMenu(treeItem('counter-none'), 'Restore to Sandbox…'));
  const frame = webviewFrame();
  await frame.getByRole('heading', { name: 'What will be done' }).waitFor(WAIT);
  await frame.getByText('container restore --import').waitFor(WAIT);
  await screenshot('sandboxes-podman-page');
  await agreeAndRestore();
  await sandbox('Podman').getByText('running').waitFor(WAIT);
  assert.ok(podman.calls().some((words) => words.includes('restore') && words.includes('--name')));
});

test('a restore is offered on the file in the explorer, and in the title of its editor', async () => {
  const { page, runCommand, contextMenu, explorerItem, openFile, webviewFrame } = workbench();
  const offered = async (): Promise<void> => {
    await page.locator('.quick-input-widget:visible', { has: page.getByPlaceholder('Choose where') }).waitFor(WAIT);
    await page.keyboard.press('Escape');
  };
  await runCommand('View: Show Explorer');
  await contextMenu(explorerItem('podman-counter.tar'), 'Restore to Sandbox…');
  await offered();
  await openFile('checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar');
  await webviewFrame().getByRole('tab', { name: 'Processes' }).waitFor(WAIT);
  await page.locator('.editor-actions').getByRole('button', { name: 'More Actions...' }).first().click();
  await page.locator('.monaco-menu').getByText('Restore to Sandbox…').click();
  await offered();
  await runCommand('View: Show Checkpoints');
});

test('another is restored in the cluster, from an image in a registry, and ends by itself', async () => {
  const { openFile, runCommand, webviewFrame, screenshot, setTheme } = workbench();
  await openFile('checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar');
  await webviewFrame().getByRole('tab', { name: 'Processes' }).waitFor(WAIT);
  await choosePlace('Kubernetes', undefined, () => runCommand('Checkpoint Explorer: Restore to Sandbox…'));
  const frame = webviewFrame();
  await frame.getByText('Name the image').first().waitFor(WAIT);
  const image = frame.getByRole('textbox', { name: 'Image' });
  await image.fill(`${registry.host}/lab/counter:1`);
  await image.press('Enter');
  await frame.getByText('"kind": "Pod"').waitFor(WAIT);
  assert.deepEqual(made(), [], 'something was made before anybody agreed');
  for (const theme of ['light', 'high-contrast', 'dark'] as const) {
    await setTheme(theme);
    await screenshot(`sandboxes-cluster-page-${theme}`);
  }
  await agreeAndRestore();
  await sandbox('Kubernetes').getByText('ends in').waitFor(WAIT);
  assert.deepEqual(
    made().map(({ kind }) => kind),
    ['Pod', 'NetworkPolicy'],
  );
  const archive = readFileSync(join(folder, ARCHIVE));
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  assert.deepEqual(registry.blob(digest), archive, 'the registry does not have the archive');
  for (const theme of ['light', 'high-contrast', 'dark'] as const) {
    await setTheme(theme);
    await screenshot(`sandboxes-view-${theme}`);
  }
});

test('what the command line restores shows, too, and the other way round', async () => {
  const { runCommand, page } = workbench();
  const run = promisify(execFile);
  const cli = (...words: readonly string[]) => run(process.execPath, [join(root, 'dist/cli.js'), ...words]);
  const target = `docker://${registry.host}/lab/counter:2`;
  const { stdout } = await cli('restore', join(folder, ARCHIVE), '--to', 'kubernetes', '--image', target);
  const [id = ''] = stdout.split(' ');
  await runCommand('Checkpoint Explorer: Refresh Sandboxes');
  const rows = page.getByRole('treeitem', { name: /\(restored\), / });
  await rows.nth(2).waitFor(WAIT);
  const listed = JSON.parse((await cli('sandboxes', '--format', 'json')).stdout) as readonly {
    readonly kind: string;
  }[];
  assert.deepEqual(
    listed.map(({ kind }) => kind),
    ['podman', 'kubernetes', 'kubernetes'],
  );
  await cli('sandboxes', 'remove', id);
  await runCommand('Checkpoint Explorer: Refresh Sandboxes');
  await rows.nth(2).waitFor({ state: 'detached', ...WAIT });
});

test('sandboxes are there after a restart, and one that is gone says so', async () => {
  const { page, runCommand, screenshot } = workbench();
  await page.reload();
  // The window comes back with the view that it showed.
  await sandbox('Kubernetes').getByText('running').waitFor({ timeout: 120_000 });
  podman.lose();
  await runCommand('Checkpoint Explorer: Refresh Sandboxes');
  await sandbox('Podman').getByText('gone').waitFor(WAIT);
  await screenshot('sandboxes-gone');
});

test('a shell opens in the pod, and one action removes all that was made', async () => {
  const { page, contextMenu, screenshot } = workbench();
  await contextMenu(sandbox('Kubernetes'), 'Open Shell in Sandbox');
  await page.locator('.terminal-wrapper .xterm').first().waitFor(WAIT);
  await screenshot('sandboxes-shell');
  for (const place of ['Kubernetes', 'Podman']) {
    await contextMenu(sandbox(place), 'Remove Sandbox…');
    const dialog = dialogWith(page, 'The archive stays.');
    await dialog.waitFor(WAIT);
    if (place === 'Kubernetes') await screenshot('sandboxes-remove');
    await choose(dialog, 'Remove');
    await sandbox(place).waitFor({ state: 'detached', ...WAIT });
  }
  assert.deepEqual(made(), []);
});
