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
import { PODS } from '../cluster/pod-life.ts';
import { KubeletServer } from '../cluster/kubelet-server.ts';
import { NODES, TestCluster } from '../cluster/test-cluster.ts';
import { addPod } from '../cluster/workloads.ts';
import { answer, boxWith, choose, dialogWith, notificationWith, rowCalled, takeFrom, unfold, WAIT } from './driving.ts';
import { useWorkbench } from './harness.ts';
import { until } from './page-lab/until.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/crio-rich/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar');
/** As a kubelet names it. */
const ARCHIVE = 'checkpoint-rich_lab-app-2026-11-23T22:31:03Z.tar';
/** As it is named where a name may have no colons. */
const DOWNLOADED = ARCHIVE.replaceAll(':', '-');

const READER = 'token-of-reader-0123456789abcdef';

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
/** May see pods and nodes, and make no checkpoint anywhere. */
cluster.addUser('reader', {
  rules: [{ verbs: ['get', 'list', 'watch'], resources: ['pods', 'nodes'] }],
  token: READER,
});
process.env['KUBECONFIG'] = cluster.kubeconfig('admin', {
  context: 'dialogs',
  change: ({ users, contexts }) => {
    users.push({ name: 'reader', user: { token: READER } });
    contexts.push({ name: 'reading', context: { cluster: 'c', user: 'reader', namespace: 'lab' } });
  },
});

const address = `127.0.0.1:${String(kubeletServer.port)}`;
const workbench = useWorkbench(undefined, {
  'checkpointExplorer.kubelets': { 'dialogs/node-b': { address } },
});

/** A row of the view, by its label. */
function row(label: string): Locator {
  return rowCalled(workbench().page, label);
}

function unfoldRow(label: string): Promise<void> {
  return unfold(workbench().page, label);
}

function dialog(title: string): Locator {
  return dialogWith(workbench().page, title);
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
  const { page, runCommand, contextMenu, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await unfoldRow('dialogs');
  await unfoldRow('lab');
  // A row that is drawn anew under its menu is asked for again, as the person is told then.
  await takeFrom(
    boxWith(page, 'Time Between Checkpoints'),
    () => contextMenu(row('rich'), 'Create Forensic Chain…'),
    () => answer(page, 'Time Between Checkpoints', '10m'),
  );
  await answer(page, 'How Many Checkpoints', '3');
  await answer(page, 'Name of the Object', 'rich-evidence');
  await dialog('Create rich-evidence in lab?').getByText('app=rich').waitFor(WAIT);
  await screenshot('dialogs-chain');
  await choose(dialog('Create rich-evidence in lab?'), 'Create');
  await until(() => objects('forensicsnapshotchains').length === 1, 'the chain must be there');
  const [chain] = objects('forensicsnapshotchains');
  assert.equal(chain?.metadata.name, 'rich-evidence');
  assert.deepEqual(specOf(chain).capture, { interval: '10m', maxSnapshots: 3 });
});

test('a schedule that is not wanted after all is not made', async () => {
  const { page, contextMenu } = workbench();
  await contextMenu(row('rich'), 'Create Checkpoint Schedule…');
  const box = boxWith(page, 'Time Between Checkpoints');
  await box.locator('input.input').fill('soon', WAIT);
  await box.getByText('Give a time such as 5m.').waitFor(WAIT);
  await answer(page, 'Time Between Checkpoints', '1h');
  await answer(page, 'Name of the Object');
  await choose(dialog('Create rich-schedule in lab?'), 'Cancel');
  await contextMenu(row('rich'), 'Create Checkpoint Schedule…');
  await answer(page, 'Time Between Checkpoints', '1h');
  await answer(page, 'Name of the Object');
  await choose(dialog('Create rich-schedule in lab?'), 'Create');
  await until(() => objects('checkpointschedules').length === 1, 'the schedule must be there');
  const [schedule] = objects('checkpointschedules');
  assert.equal(schedule?.metadata.name, 'rich-schedule');
  assert.deepEqual(specOf(schedule).triggers, { interval: '1h' });
});

test('a question that comes late does not pop up, but waits until somebody wants it', async () => {
  const { page, contextMenu, screenshot } = workbench();
  const title = 'Checkpoint app of lab/rich on node-a?';
  await unfoldRow('rich');
  cluster.server.faults.add({ delay: 4000 });
  await contextMenu(row('app'), 'Checkpoint…');
  await page.locator('.statusbar-item', { hasText: 'Waiting for dialogs' }).waitFor(WAIT);
  const ready = await notificationWith(workbench(), 'dialogs has answered now');
  cluster.server.faults.clear();
  await screenshot('dialogs-late');
  assert.equal(await dialog(title).count(), 0);
  await ready.getByText('Checkpoint…').click();
  await choose(dialog(title), 'Cancel');
  assert.deepEqual(readdirSync(cluster.node('node-a').checkpoints), [ARCHIVE]);
});

test('who has mended what was in the way and retries is asked at once, however long that took', async () => {
  const { page, contextMenu } = workbench();
  cluster.node('node-a').failure = 'gate-off';
  await contextMenu(row('app'), 'Checkpoint…');
  const refused = await notificationWith(workbench(), 'has checkpoints switched off');
  // Longer than it takes until somebody is taken for away.
  await page.waitForTimeout(11_000);
  cluster.node('node-a').failure = undefined;
  await refused.getByText('Retry').click();
  await choose(dialog('Checkpoint app of lab/rich on node-a?'), 'Cancel');
});

test('a choice of pods that comes late waits until somebody wants it, too', async () => {
  const { page, runCommand } = workbench();
  cluster.server.faults.add({ match: ({ path }) => path.endsWith('/namespaces/lab/pods'), delay: 11_000 });
  await runCommand('Checkpoint Explorer: Checkpoint…');
  const ready = await notificationWith(workbench(), 'dialogs has answered now');
  cluster.server.faults.clear();
  const box = boxWith(page, 'Checkpoint a Pod of lab (dialogs)');
  assert.equal(await box.count(), 0);
  await ready.getByText('Checkpoint…').click();
  await box.locator('.monaco-list-row', { hasText: 'straight' }).click(WAIT);
  // Who chose just now is asked without more ado.
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Cancel');
});

test('names that a server makes up command no dialog, and no box', async () => {
  const { page, contextMenu, runCommand } = workbench();
  const name = 'ev\u202eil $(gear)';
  addPod(cluster, { name, node: 'node-a', containers: ['app\u001b[31m'] });
  await contextMenu(page.locator('.monaco-list-row', { hasText: 'ev\\u202eil' }).first(), 'Checkpoint…');
  await choose(dialog('Checkpoint app\\u001b[31m of lab/ev\\u202eil $(gear) on node-a?'), 'Cancel');
  await runCommand('Checkpoint Explorer: Checkpoint…');
  await boxWith(page, 'Checkpoint a Pod of lab').getByText('ev\\u202eil (gear)').first().waitFor(WAIT);
  await page.keyboard.press('Escape');
  cluster.store.remove(PODS, cluster.store.find(PODS, 'lab', name) as KubeObject);
});

test('a checkpoint that takes too long is cancelled from the status bar', async () => {
  const { page, contextMenu, screenshot } = workbench();
  cluster.node('node-a').checkpointTime = 3_600_000;
  await unfoldRow('rich');
  await contextMenu(row('app'), 'Checkpoint…');
  await choose(dialog('Checkpoint app of lab/rich on node-a?'), 'Checkpoint');
  const status = page.locator('.statusbar-item', { hasText: 'Checkpointing app' });
  await takeFrom(
    boxWith(page, 'Under Way in Clusters'),
    () => status.click(WAIT),
    async (box) => {
      const entry = box.locator('.monaco-list-row', { hasText: 'Checkpointing app' });
      const check = entry.getByRole('checkbox').or(entry.locator('.monaco-checkbox')).first();
      const isChosen = (await check.getAttribute('aria-checked', { timeout: 5000 })) === 'true';
      if (!isChosen) await entry.click({ timeout: 5000 });
      await screenshot('dialogs-cancel');
      await box.getByRole('button', { name: 'OK' }).click({ timeout: 5000 });
    },
  );
  await page.locator('.statusbar-item', { hasText: 'may finish the checkpoint all the same' }).waitFor(WAIT);
  cluster.node('node-a').checkpointTime = 30;
  await page.getByRole('treeitem', { name: /^app, running/ }).waitFor(WAIT);
});

test('a kubelet’s own certificate is trusted once its fingerprint has been seen', async () => {
  const { contextMenu, page, screenshot } = workbench();
  const title = `Trust the kubelet at 127.0.0.1:${String(kubeletServer.port)}?`;
  await unfoldRow('straight');
  await contextMenu(row('web'), 'Checkpoint…');
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Checkpoint');
  await dialog(title)
    .getByText(/SHA-256: [0-9A-F]{2}(:[0-9A-F]{2}){31}/)
    .waitFor(WAIT);
  await screenshot('dialogs-fingerprint');
  await choose(dialog(title), 'Cancel');
  await page.getByRole('treeitem', { name: /^web, running/ }).waitFor(WAIT);
  assert.deepEqual(readdirSync(cluster.node('node-b').checkpoints), []);
  await contextMenu(row('web'), 'Checkpoint…');
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Checkpoint');
  await choose(dialog(title), 'Trust This Certificate');
  await notificationWith(workbench(), 'was checkpointed');
  assert.equal(readdirSync(cluster.node('node-b').checkpoints).length, 1);
});

test('a kubelet’s renewed certificate is asked about again, and nothing is sent until somebody trusts it', async () => {
  const { contextMenu, runCommand, screenshot } = workbench();
  const title = `The kubelet at 127.0.0.1:${String(kubeletServer.port)} shows another certificate. Trust it?`;
  const made = () => readdirSync(cluster.node('node-b').checkpoints).length;
  await runCommand('Notifications: Clear All Notifications');
  kubeletServer.renewCertificate();
  await contextMenu(row('web'), 'Checkpoint…');
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Checkpoint');
  await dialog(title)
    .getByText(/Accepted before: [0-9A-F]{2}(:[0-9A-F]{2}){31}/)
    .waitFor(WAIT);
  await screenshot('dialogs-renewed');
  await choose(dialog(title), 'Cancel');
  assert.equal(made(), 1);
  await contextMenu(row('web'), 'Checkpoint…');
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Checkpoint');
  await choose(dialog(title), 'Trust This Certificate');
  await notificationWith(workbench(), 'was checkpointed');
  assert.equal(made(), 2);
});

test('a download whose connection is cut goes on by itself and is whole', async () => {
  const { contextMenu, folder } = workbench();
  await unfoldRow('Nodes');
  await unfoldRow('node-a');
  await row('List its archives…').click(WAIT);
  const isCopying = ({ query }: { query: string }) => query.includes('command=dd');
  cluster.server.faults.add({ match: isCopying, cutAfter: () => 200_000, times: 2 });
  await contextMenu(row('rich / lab-app'), 'Download');
  await notificationWith(workbench(), `${ARCHIVE} was downloaded`);
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
  await takeFrom(
    boxWith(page, `Delete ${ARCHIVE}`),
    () => contextMenu(row('rich / lab-app'), 'Delete…'),
    async (box) => {
      const input = box.locator('input.input');
      const asksOn = box.getByText(`Type all of its name: ${ARCHIVE}`);
      await input.fill('checkpoint-rich', { timeout: 5000 });
      await asksOn.waitFor({ timeout: 5000 });
      await screenshot('dialogs-delete');
      await input.press('Enter');
      // It asks on: nothing is under way that could still delete it.
      await input.fill('', { timeout: 5000 });
      await asksOn.waitFor({ timeout: 5000, state: 'hidden' });
      assert.ok(existsSync(path));
      await input.fill(ARCHIVE);
      await input.press('Enter');
    },
  );
  await row('rich / lab-app').waitFor({ ...WAIT, state: 'detached' });
  assert.ok(!existsSync(path));
});

test('who is refused may ask the kubelet itself, and is not told to once it has refused, too', async () => {
  const { page, contextMenu, runCommand } = workbench();
  const node = cluster.store.get(NODES, undefined, 'node-b');
  cluster.store.update(NODES, node, {
    status: {
      ...(node['status'] as object),
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletServer.port } },
    },
  });
  const clear = () => runCommand('Notifications: Clear All Notifications');
  const ask = (told: Locator) => told.getByRole('button', { name: 'Ask the Kubelet Itself' });
  await row('dialogs').click(WAIT);
  await page.keyboard.press('ArrowLeft');
  await unfoldRow('reading');
  await unfoldRow('lab');
  await unfoldRow('straight');
  await clear();
  await contextMenu(row('web'), 'Checkpoint…');
  await ask(await notificationWith(workbench(), 'You (reader) may not make checkpoints on node-b')).click(WAIT);
  await choose(dialog('Checkpoint web of lab/straight on node-b?'), 'Checkpoint');
  const told = await notificationWith(workbench(), 'you (reader) may not create nodes/checkpoint');
  await told.getByRole('button', { name: 'Copy YAML' }).waitFor(WAIT);
  assert.equal(await ask(told).count(), 0);
  // It is not asked for ever: the API server may have come to allow it.
  await clear();
  await contextMenu(row('web'), 'Checkpoint…');
  await ask(await notificationWith(workbench(), 'You (reader) may not make checkpoints on node-b')).waitFor(WAIT);
});
