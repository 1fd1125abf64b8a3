/** The page of a restore in a cluster, in a browser, with everything behind it but VS Code. */
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { root } from '../../scripts/lib/node.mjs';
import type { RestorePageApi, RestorePageEvents } from '../../src/protocol/restore-api.ts';
import { OPERATOR_KINDS } from '../cluster/custom-kinds.ts';
import { PODS } from '../cluster/pod-life.ts';
import { operate, RESTORES } from '../cluster/restore-operator.ts';
import { NETWORK_POLICIES, TestCluster } from '../cluster/test-cluster.ts';
import { addPod } from '../cluster/workloads.ts';
import { RegistryServer } from '../registry/registry-server.ts';
import { launchRestoreLab, type Lab, type LabBrowser } from './page-lab/lab.ts';
import { until } from './page-lab/until.ts';
import { restoreAnswers, type RestoreAnswers } from './page-lab/restore-answers.ts';

const ARCHIVE = join(
  root,
  'test/fixtures/containerd-counter/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar',
);
/** Of the pod that was checkpointed. */
const UID = 'd08c5499-ea18-4ae1-a63b-140ba79bc6b5';
const THEMES = ['dark', 'light', 'hc', 'hc-light'] as const;

let browser: LabBrowser<RestorePageApi, RestorePageEvents>;
let cluster: TestCluster;
let registry: RegistryServer;
let source: RestoreAnswers;
let lab: Lab<RestorePageEvents>;

before(async () => {
  browser = await launchRestoreLab();
  registry = await new RegistryServer().start();
  cluster = await TestCluster.start({
    nodes: [
      { name: 'node-a' },
      { name: 'node-b', runtime: 'containerd', runtimeVersion: '2.1.9' },
      { name: 'node-old', runtime: 'containerd', runtimeVersion: '1.7.27' },
    ],
    kinds: [NETWORK_POLICIES],
  });
});

after(async () => {
  await browser.close();
  await cluster.close();
  await registry.stop();
});

beforeEach(() => show(cluster, ARCHIVE));

afterEach(close);

/** @param locator where the archive is said to lie */
async function show(place: TestCluster, locator: string): Promise<void> {
  const kubeconfig = place.kubeconfig('admin', {
    context: 'lab',
    namespace: 'lab',
    change: (config) => {
      config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
      config.contexts.push({ name: 'dead', context: { cluster: 'gone', user: 'u' } });
    },
  });
  source = await restoreAnswers(ARCHIVE, kubeconfig, '', locator);
  lab = await browser.open(source.answers);
  source.onDoing = (doing) => lab.emit('doing', doing);
  await lab.page.getByRole('heading', { name: 'Restore counter' }).waitFor();
}

async function close(): Promise<void> {
  const { complaints } = lab;
  await lab.close();
  await source.close();
  assert.deepEqual(complaints, [], 'the browser must not complain, of the content security policy least of all');
}

function made(): readonly string[] {
  return [...cluster.store.list(PODS, 'lab'), ...cluster.store.list(NETWORK_POLICIES, 'lab')].map(({ kind }) => kind);
}

const restoreButton = () => lab.page.getByRole('button', { name: 'Restore', exact: true });
const state = () => lab.page.getByRole('status');

async function image(name: string): Promise<void> {
  const field = lab.page.getByRole('textbox', { name: 'Image' });
  await field.fill(name);
  await field.press('Enter');
}

/** Reads the risks, and agrees to them. */
async function agreeToAll(): Promise<void> {
  for (const box of await lab.page.getByLabel('I have read this, and want it').all()) await box.check();
}

describe('the page of a restore in a cluster', () => {
  test('says what is missing, and shows what will be done as soon as that can be said', async () => {
    const { page } = lab;
    await state().getByText('Name the image').waitFor();
    assert.ok(await restoreButton().isDisabled());
    await image(`${registry.host}/lab/counter:1`);
    await page.getByText('"kind": "NetworkPolicy"').waitFor();
    await page.getByText('"kind": "Pod"').waitFor();
    assert.match((await page.locator('.steps').textContent()) ?? '', /"kubernetes.io\/hostname": "node-b"/);
    assert.deepEqual(made(), []);
    for (const theme of THEMES) {
      await lab.setTheme(theme);
      await page.screenshot({ path: join(root, 'test-results', `restore-cluster-${theme}.png`) });
    }
  });

  test('tells of each node whether it fits, and why not of the one that is chosen', async () => {
    const { page } = lab;
    const nodes = page.getByRole('combobox', { name: 'Node' });
    assert.deepEqual(await nodes.locator('option').allTextContents(), [
      'The first that fits: node-b',
      'node-b (containerd 2.1.9, amd64): fits',
      'node-old (containerd 1.7.27, amd64): fits',
      'node-a (cri-o 1.37.0, amd64)',
    ]);
    await nodes.selectOption('node-old');
    await page.getByText('containerd 1.7.27 does not restore').waitFor();
    assert.ok(await restoreButton().isDisabled());
    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('dead');
    await page.getByText('cannot be reached').waitFor();
    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('lab');
    await page.getByText('containerd 2.1.9 restores').waitFor();
  });

  test('restores with a click, once the risks were read, and shows how far it is', async () => {
    const { page, calls } = lab;
    cluster.life.pace.start = 300;
    await image(`${registry.host}/lab/counter:1`);
    await page.getByText('"kind": "Pod"').waitFor();
    await agreeToAll();
    await restoreButton().click();
    await state().getByText('Restoring').waitFor();
    await restoreButton().waitFor();
    assert.equal(calls.filter((call) => call.startsWith('run ')).length, 1);
    assert.deepEqual(made(), ['Pod', 'NetworkPolicy']);
    const [record] = await source.journal.list();
    assert.equal(record?.context, 'lab');
    for (const kind of [PODS, NETWORK_POLICIES]) {
      for (const object of cluster.store.list(kind, 'lab')) cluster.store.remove(kind, object);
    }
  });

  test('says why it did not work, and that nothing is left', async () => {
    const { page } = lab;
    await image(`${registry.host}/missing/counter:1`);
    await page.getByText('"kind": "Pod"').waitFor();
    await agreeToAll();
    await restoreButton().click();
    const failure = page.getByRole('alert');
    await failure.getByText('It was not restored').waitFor();
    await failure.getByText('ImagePullBackOff').first().waitFor();
    assert.deepEqual(made(), []);
    await page.screenshot({ path: join(root, 'test-results', 'restore-cluster-failed.png') });
  });

  test('restores from the node by the operator where that is there, and deletes the original when its name was typed', async (context) => {
    const other = await TestCluster.start({
      nodes: [{ name: 'node-b', runtime: 'containerd', runtimeVersion: '2.1.9' }],
      kinds: [NETWORK_POLICIES, ...OPERATOR_KINDS],
    });
    const stop = operate(other, 'node-b');
    context.after(async () => {
      stop();
      await other.close();
    });
    const owner = { kind: 'ReplicaSet', name: 'counters-1' };
    const pod = addPod(other, { name: 'counters', namespace: 'default', node: 'node-b', owner });
    other.store.update(PODS, pod, { metadata: { ...pod.metadata, uid: UID } });
    await close();
    await show(other, `node://lab/node-b/var/lib/kubelet/checkpoints/${basename(ARCHIVE)}`);

    const { page } = lab;
    await page.getByRole('radio', { name: 'In place, by the checkpoint-restore-operator' }).check();
    await page.getByText('"kind": "PodRestore"').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Image' }).count(), 0);
    assert.equal(await page.getByRole('combobox', { name: 'Namespace' }).inputValue(), 'default');
    await page.getByRole('checkbox', { name: 'Move: delete the pod default/counters' }).check();
    await page.getByText('default/counters belongs to ReplicaSet counters-1').waitFor();
    await page.getByText('Delete the original pod default/counters, as soon as').waitFor();
    await agreeToAll();
    const restore = page.getByRole('button', { name: 'Restore and Delete Original' });
    const typed = page.getByRole('textbox', { name: 'Type default/counters to confirm' });
    for (const text of ['counters', 'default/counter', 'default/counters ']) {
      await typed.fill(text);
      await state().getByText('Type default/counters to confirm').waitFor();
      assert.ok(await restore.isDisabled(), text);
    }
    await typed.fill('default/counters');
    for (const theme of THEMES) {
      await lab.setTheme(theme);
      await page.screenshot({ path: join(root, 'test-results', `restore-move-${theme}.png`) });
    }
    const left = () => other.store.find(PODS, 'default', 'counters')?.metadata;
    assert.ok(left() && left()?.deletionTimestamp === undefined, 'the original was touched before anything runs');
    await restore.click();
    await until(() => left()?.deletionTimestamp !== undefined || left() === undefined, 'the original is deleted');
    const [record] = await source.journal.list();
    assert.ok(record?.things.some(({ kind }) => kind === 'pod-restore'));
    assert.equal(other.store.list(RESTORES, 'default').length, 1);
  });

  test('says of an archive that lies elsewhere that the operator does not restore it', async (context) => {
    const other = await TestCluster.start({
      nodes: [{ name: 'node-b' }],
      kinds: [NETWORK_POLICIES, ...OPERATOR_KINDS],
    });
    context.after(() => other.close());
    await close();
    await show(other, ARCHIVE);
    const { page } = lab;
    const way = page.getByRole('radio', { name: 'In place, by the checkpoint-restore-operator' });
    assert.ok(await way.isDisabled());
    await page.getByText('The operator restores only archives that lie on a node of this cluster.').waitFor();
    assert.equal(await page.getByRole('checkbox', { name: /Move: delete/ }).count(), 0);
  });

  test('goes with the keyboard alone', async () => {
    const { page } = lab;
    await page.getByRole('combobox', { name: 'Cluster' }).focus();
    const names: string[] = [];
    for (let step = 0; step < 8; step++) {
      names.push(await page.evaluate(() => document.activeElement?.id ?? ''));
      await page.keyboard.press('Tab');
    }
    assert.deepEqual(names.slice(0, 7), ['context', 'node', 'namespace', '', 'image', 'secret', 'lifetime']);
  });
});
