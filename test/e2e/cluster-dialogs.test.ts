/** What the view of clusters asks before it does something, in the packaged extension: each question, and its answers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { parseAcquisition } from '../../src/protocol/acquisition.ts';
import { OPERATOR_KINDS } from '../cluster/custom-kinds.ts';
import type { KubeObject } from '../cluster/kube.ts';
import { KubeletServer } from '../cluster/kubelet-server.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { addPod } from '../cluster/workloads.ts';
import { useWorkbench } from './harness.ts';
import { until } from './page-lab/until.ts';

const WAIT = { timeout: 60_000 };

const FIXTURE = join(import.meta.dirname, '../fixtures/crio-rich/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar');
/** As a kubelet names it. */
const ARCHIVE = 'checkpoint-rich_lab-app-2026-11-23T22:31:03Z.tar';
/** As it is named where a name may have no colons. */
const DOWNLOADED = ARCHIVE.replaceAll(':', '-');

const cluster = await TestCluster.start({
  nodes: [{ name: 'node-a' }, { name: 'node-b' }],
  namespaces: ['lab'],
  kinds: OPERATOR_KINDS,
});
for (const node of cluster.nodes.values()) node.archives.set('*', FIXTURE);
copyFileSync(FIXTURE, join(cluster.node('node-a').checkpoints, ARCHIVE));
addPod(cluster, { name: 'rich', node: 'node-a', containers: ['app'], labels: { app: 'rich' } });
addPod(cluster, { name: 'straight', node: 'node-b', containers: ['web'] });
const kubelet = cluster.kubelet('node-b');
assert.ok(kubelet);
const kubeletServer = new KubeletServer('node-b', kubelet, cluster.users, cluster.authority);
await kubeletServer.listen();
after(async () => {
  await kubeletServer.close();
  await cluster.close();
});
process.env['KUBECONFIG'] = cluster.kubeconfig('admin', { context: 'dialogs' });

const workbench = useWorkbench(undefined, {
  'checkpointExplorer.kubelets': { 'dialogs/node-b': { address: `127.0.0.1:${String(kubeletServer.port)}` } },
});

/** A row by the beginning of what a screen reader hears of it. */
function row(label: string): Locator {
  return workbench()
    .page.getByRole('treeitem', { name: new RegExp(`^${label}(,|$)`) })
    .first();
}

async function unfold(label: string): Promise<void> {
  const { page } = workbench();
  await row(label).waitFor(WAIT);
  if ((await row(label).getAttribute('aria-expanded')) === 'true') return;
  await row(label).click();
  await page.keyboard.press('ArrowRight');
}

/** Answers a box that asks for a text. */
async function answer(title: string, text?: string): Promise<void> {
  const { page } = workbench();
  const box = page.locator('.quick-input-widget:visible', { hasText: title });
  await box.waitFor(WAIT);
  const input = box.locator('input.input');
  if (text !== undefined) await input.fill(text);
  await input.press('Enter');
  await box.waitFor({ ...WAIT, state: 'hidden' });
}

function dialog(title: string): Locator {
  return workbench().page.locator('.monaco-dialog-box', { hasText: title });
}

async function choose(title: string, button: string): Promise<void> {
  const box = dialog(title);
  await box.getByRole('button', { name: button, exact: true }).click(WAIT);
  await box.waitFor({ ...WAIT, state: 'detached' });
}

function objects(plural: string): readonly KubeObject[] {
  const kind = OPERATOR_KINDS.find((one) => one.plural === plural);
  assert.ok(kind);
  return cluster.store.list(kind, 'lab');
}

interface Spec {
  readonly capture?: unknown;
  readonly triggers?: unknown;
}

function specOf(object: KubeObject): Spec {
  return object['spec'] as Spec;
}

test('a chain asks for the time between checkpoints, their number and a name, and then says what it will do', async () => {
  const { runCommand, contextMenu, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await unfold('dialogs');
  await unfold('lab');
  await contextMenu(row('rich'), 'Create Forensic Chain…');
  await answer('Time Between Checkpoints', '10m');
  await answer('How Many Checkpoints', '3');
  await answer('Name of the Object', 'rich-evidence');
  await dialog('Create rich-evidence in lab?').getByText('app=rich').waitFor(WAIT);
  await screenshot('dialogs-chain');
  await choose('Create rich-evidence in lab?', 'Create');
  await until(() => objects('forensicsnapshotchains').length === 1, 'the chain must be there');
  const [chain] = objects('forensicsnapshotchains');
  assert.equal(chain?.metadata.name, 'rich-evidence');
  assert.deepEqual(specOf(chain).capture, { interval: '10m', maxSnapshots: 3 });
});

test('a schedule that is not wanted after all is not made', async () => {
  const { page, contextMenu } = workbench();
  await contextMenu(row('rich'), 'Create Checkpoint Schedule…');
  const box = page.locator('.quick-input-widget:visible', { hasText: 'Time Between Checkpoints' });
  await box.locator('input.input').fill('soon', WAIT);
  await box.getByText('Give a time such as 5m.').waitFor(WAIT);
  await answer('Time Between Checkpoints', '1h');
  await answer('Name of the Object');
  await choose('Create rich-schedule in lab?', 'Cancel');
  await contextMenu(row('rich'), 'Create Checkpoint Schedule…');
  await answer('Time Between Checkpoints', '1h');
  await answer('Name of the Object');
  await choose('Create rich-schedule in lab?', 'Create');
  await until(() => objects('checkpointschedules').length === 1, 'the schedule must be there');
  const [schedule] = objects('checkpointschedules');
  assert.equal(schedule?.metadata.name, 'rich-schedule');
  assert.deepEqual(specOf(schedule).triggers, { interval: '1h' });
});

test('a checkpoint that takes too long is cancelled from the status bar', async () => {
  const { page, contextMenu, screenshot } = workbench();
  cluster.node('node-a').checkpointTime = 3_600_000;
  await unfold('rich');
  await contextMenu(row('app'), 'Checkpoint…');
  await choose('Checkpoint app of lab/rich on node-a?', 'Checkpoint');
  await page.locator('.statusbar-item', { hasText: 'Checkpointing app' }).click(WAIT);
  const pick = page.locator('.quick-input-widget:visible', { hasText: 'Under Way in Clusters' });
  await pick.locator('.monaco-list-row', { hasText: 'Checkpointing app' }).click(WAIT);
  await screenshot('dialogs-cancel');
  await page.keyboard.press('Enter');
  await page.locator('.statusbar-item', { hasText: 'may finish the checkpoint all the same' }).waitFor(WAIT);
  await page.getByRole('treeitem', { name: /^app, running/ }).waitFor(WAIT);
  cluster.node('node-a').checkpointTime = 30;
});

test('a kubelet’s own certificate is trusted once its fingerprint has been seen', async () => {
  const { contextMenu, page, screenshot } = workbench();
  const title = `Trust the kubelet at 127.0.0.1:${String(kubeletServer.port)}?`;
  await unfold('straight');
  await contextMenu(row('web'), 'Checkpoint…');
  await choose('Checkpoint web of lab/straight on node-b?', 'Checkpoint');
  await dialog(title)
    .getByText(/SHA-256: [0-9A-F]{2}(:[0-9A-F]{2}){31}/)
    .waitFor(WAIT);
  await screenshot('dialogs-fingerprint');
  await choose(title, 'Cancel');
  await page.getByRole('treeitem', { name: /^web, running/ }).waitFor(WAIT);
  assert.deepEqual(readdirSync(cluster.node('node-b').checkpoints), []);
  await contextMenu(row('web'), 'Checkpoint…');
  await choose('Checkpoint web of lab/straight on node-b?', 'Checkpoint');
  await choose(title, 'Trust This Certificate');
  await page.locator('.notification-list-item', { hasText: 'was checkpointed' }).waitFor(WAIT);
  assert.equal(readdirSync(cluster.node('node-b').checkpoints).length, 1);
});

test('a download whose connection is cut goes on by itself and is whole', async () => {
  const { contextMenu, page, folder } = workbench();
  await unfold('Nodes');
  await unfold('node-a');
  await row('List its archives…').click(WAIT);
  const isCopying = ({ query }: { query: string }) => query.includes('command=dd');
  cluster.server.faults.add({ match: isCopying, cutAfter: () => 200_000, times: 2 });
  await contextMenu(row('rich / lab-app'), 'Download');
  await page.locator('.notification-list-item', { hasText: `${ARCHIVE} was downloaded` }).waitFor(WAIT);
  cluster.server.faults.clear();
  const [got, truth] = [join(folder, DOWNLOADED), FIXTURE].map((path) =>
    createHash('sha256').update(readFileSync(path)).digest('hex'),
  );
  assert.equal(got, truth);
  const record = readdirSync(folder).find((name) => name.startsWith(DOWNLOADED) && name !== DOWNLOADED);
  const { transfer } = parseAcquisition(readFileSync(join(folder, record ?? ''), 'utf8')) ?? {};
  assert.ok((transfer?.resumed ?? 0) > 0, `resumed ${String(transfer?.resumed)} times`);
});

test('an archive is deleted when its name has been typed, and not before', async () => {
  const { page, contextMenu, screenshot } = workbench();
  const path = join(cluster.node('node-a').checkpoints, ARCHIVE);
  await contextMenu(row('rich / lab-app'), 'Delete…');
  const box = page.locator('.quick-input-widget:visible', { hasText: `Delete ${ARCHIVE}` });
  await box.locator('input.input').fill('checkpoint-rich', WAIT);
  await box.getByText(`Type all of its name: ${ARCHIVE}`).waitFor(WAIT);
  await screenshot('dialogs-delete');
  await page.keyboard.press('Enter');
  assert.ok(existsSync(path));
  await box.locator('input.input').fill(ARCHIVE);
  await page.keyboard.press('Enter');
  await row('rich / lab-app').waitFor({ ...WAIT, state: 'detached' });
  assert.ok(!existsSync(path));
});
