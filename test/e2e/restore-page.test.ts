/** The page of a restore in a cluster, in a browser, with everything behind it but VS Code. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { root } from '../../scripts/lib/node.mjs';
import type { RestorePageApi, RestorePageEvents } from '../../src/protocol/restore-api.ts';
import { PODS } from '../cluster/pod-life.ts';
import { NETWORK_POLICIES, TestCluster } from '../cluster/test-cluster.ts';
import { RegistryServer } from '../registry/registry-server.ts';
import { launchRestoreLab, type Lab, type LabBrowser } from './page-lab/lab.ts';
import { restoreAnswers, type RestoreAnswers } from './page-lab/restore-answers.ts';

const ARCHIVE = join(
  root,
  'test/fixtures/containerd-counter/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar',
);
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

beforeEach(async () => {
  const kubeconfig = cluster.kubeconfig('admin', {
    context: 'lab',
    namespace: 'lab',
    change: (config) => {
      config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
      config.contexts.push({ name: 'dead', context: { cluster: 'gone', user: 'u' } });
    },
  });
  source = await restoreAnswers(ARCHIVE, kubeconfig, '');
  lab = await browser.open(source.answers);
  source.onDoing = (doing) => lab.emit('doing', doing);
  await lab.page.getByRole('heading', { name: 'Restore counter' }).waitFor();
});

afterEach(async () => {
  const { complaints } = lab;
  await lab.close();
  await source.close();
  assert.deepEqual(complaints, [], 'the browser must not complain, of the content security policy least of all');
});

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
