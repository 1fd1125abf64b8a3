import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import type { TreeNode } from '../../src/vscode/cluster/tree/node.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { PODS } from '../cluster/pod-life.ts';
import { addPod } from '../cluster/workloads.ts';
import { activate, checkpointTabs, closeAllEditors, sample, setting, until, useKubeconfig } from './support.ts';

const ARCHIVE = ['kubernetes', 'checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar'] as const;

describe('the view of clusters', () => {
  let access: TestAccess;
  let cluster: TestCluster;
  let downloads: string;

  before(async () => {
    access = await activate();
    access.sessions.grace = 50;
    cluster = await TestCluster.start();
    cluster.node().archives.set('*', sample(...ARCHIVE).fsPath);
    addPod(cluster, { name: 'web', containers: ['app', 'log'] });
    addPod(cluster, { name: 'late', phase: 'Pending', state: { waiting: { reason: 'ImagePullBackOff' } } });
    downloads = await mkdtemp(join(tmpdir(), 'downloads-'));
    await setting('downloads.folder', downloads);
    await use(
      cluster.kubeconfig('admin', {
        change: (config) => {
          config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
          config.contexts.push({ name: 'dead', context: { cluster: 'gone', user: 'u' } });
        },
      }),
    );
  });

  after(async () => {
    await closeAllEditors();
    await vscode.commands.executeCommand('notifications.clearAll');
    await (await access.clusters.part()).connections.end();
    for (const name of ['kubeconfig', 'downloads.folder', 'clusters.groupBy']) await setting(name, undefined);
    await cluster.close();
    rmSync(downloads, { recursive: true, force: true });
  });

  async function use(kubeconfig: string): Promise<void> {
    await useKubeconfig(access, kubeconfig);
    await vscode.commands.executeCommand('checkpointExplorer.refreshClusters');
  }

  /** Goes down by labels. */
  async function at(...labels: readonly string[]): Promise<TreeNode> {
    let node: TreeNode | undefined;
    for (const label of labels) {
      const children = await access.clusters.getChildren(node);
      node = children.find((child) => access.clusters.row(child).label === label);
      assert.ok(node, `no ${label} among ${children.map((child) => access.clusters.row(child).label).join(', ')}`);
    }
    return node as TreeNode;
  }

  async function rows(...labels: readonly string[]) {
    const children = await access.clusters.getChildren(labels.length === 0 ? undefined : await at(...labels));
    return children.map((child) => access.clusters.row(child));
  }

  async function labels(...path: readonly string[]): Promise<readonly string[]> {
    return (await rows(...path)).map(({ label }) => label);
  }

  it('shows a live cluster beside a dead one', async () => {
    assert.deepEqual(await labels(), ['test', 'dead']);
    const [refused] = await rows('dead');
    assert.equal(refused?.label, 'Nothing listens');
    assert.match(refused.spoken ?? '', /cannot be reached/);
    assert.equal(refused.context, 'error.unreachable');
    assert.deepEqual(await labels('test'), ['default', 'kube-system', 'lab', 'Nodes']);
    assert.deepEqual(await labels('test', 'lab'), ['late', 'web']);
    assert.deepEqual(await labels('test', 'lab', 'web'), ['app', 'log']);
  });

  it('draws rows with ids that do not change and menus that fit', async () => {
    const item = await access.clusters.getTreeItem(await at('test', 'lab', 'web', 'app'));
    assert.equal(item.id, 'pod:test/lab/web/app');
    assert.equal(item.contextValue, 'container.running');
    assert.equal(item.collapsibleState, vscode.TreeItemCollapsibleState.None);
    const late = await access.clusters.getTreeItem(await at('test', 'lab', 'late'));
    assert.equal(late.contextValue, 'pod.stopped');
    assert.match(String(late.description), /ImagePullBackOff/);
  });

  it('groups by workload when the setting says so', async () => {
    addPod(cluster, { name: 'cache-0', owner: { kind: 'StatefulSet', name: 'cache' } });
    await setting('clusters.groupBy', 'workload');
    await vscode.commands.executeCommand('checkpointExplorer.refreshClusters');
    assert.deepEqual(await labels('test', 'lab', 'cache'), ['cache-0']);
    await setting('clusters.groupBy', 'pod');
    await vscode.commands.executeCommand('checkpointExplorer.refreshClusters');
  });

  it('checkpoints a container, opens the archive where it is, downloads and deletes it', async () => {
    const part = await access.clusters.part();
    await part.memory.allowHelpers('test');
    const taken = await part.take([{ context: 'test', namespace: 'lab', pod: 'web', containers: ['app'] }]);
    const [result] = taken;
    assert.equal(taken.length, 1);
    assert.ok(result && 'path' in result, 'no checkpoint was made');
    const truth = readFileSync(sample(...ARCHIVE).fsPath);
    assert.equal(result.size, truth.length);
    await vscode.commands.executeCommand('notifications.clearAll');

    // Its row is on the node.
    const [row] = await rows('test', 'Nodes', 'node-1');
    assert.equal(row?.label, 'web / lab-app');
    const archive = await at('test', 'Nodes', 'node-1', 'web / lab-app');

    // In place: nothing but what is needed is moved.
    await vscode.commands.executeCommand('checkpointExplorer.openArchive', archive);
    await until('the editor is open', () => checkpointTabs().length === 1);
    const locator = `node://test/node-1${result.path}`;
    const overview = await access.sessions.use(locator, (session) => session.ask((one) => one.overview()));
    assert.equal(overview.container.name, 'app');
    const { hex } = await access.sessions.use(locator, (session) => session.ask((one) => one.hash()));
    assert.equal(hex, createHash('sha256').update(truth).digest('hex'));
    await closeAllEditors();
    await until('the worker has ended', () => access.sessions.list().length === 0);

    // Downloaded, with the record.
    const done = await part.archives.fetch({ context: 'test', node: 'node-1', path: result.path });
    assert.deepEqual(readFileSync(done.path), truth);
    assert.equal(done.record.archive.sha256, hex);
    assert.ok(existsSync(done.recordPath));
    assert.ok(!readdirSync(downloads).some((name) => name.includes('.partial')));

    // Deleted.
    await part.deleteArchive(archive);
    assert.deepEqual(readdirSync(cluster.node().checkpoints), []);
    await part.connections.end();
    assert.deepEqual(helpers(), []);
  });

  it('no longer shows an archive that turns out to be gone', async () => {
    const part = await access.clusters.part();
    await part.memory.allowHelpers('test');
    const name = 'checkpoint-web_lab-app-2026-01-02T03:04:05Z.tar';
    const path = join(cluster.node().checkpoints, name);
    const node = 'node-1';
    const none = async () => (await labels('test', 'Nodes', node))[0]?.startsWith('No archives') === true;
    for (const way of ['open', 'download']) {
      copyFileSync(sample(...ARCHIVE).fsPath, path);
      await vscode.commands.executeCommand('checkpointExplorer.refreshClusters');
      const archive = await at('test', 'Nodes', node, 'web / lab-app');
      // As it is drawn: only what is shown has to be right.
      await access.clusters.getTreeItem(await at('test', 'Nodes', node));
      rmSync(path);
      if (way === 'download') {
        const target = { context: 'test', node, path: `/var/lib/kubelet/checkpoints/${name}` };
        await assert.rejects(part.archives.fetch(target), { reason: 'not-found' });
      } else {
        await vscode.commands.executeCommand('checkpointExplorer.openArchive', archive);
        // Whose it is cannot be known: it is called what it was called.
        const label = () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map((tab) => tab.label));
        await until('the editor has the name of the archive', () => label().includes(name));
      }
      while (!(await none())) await wait(20);
      await closeAllEditors();
    }
    await part.connections.end();
  });

  function helpers(): readonly string[] {
    return cluster.store
      .list(PODS)
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith('checkpoint-explorer'));
  }

  it('says why a checkpoint failed, and leaves nothing behind', async () => {
    const part = await access.clusters.part();
    cluster.node().failure = 'criu-missing';
    const [result] = await part.take([{ context: 'test', namespace: 'lab', pod: 'web', containers: ['app'] }]);
    cluster.node().failure = undefined;
    assert.ok(result && 'failure' in result);
    assert.match(result.failure instanceof Error ? result.failure.message : '', /CRIU/);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('reports how a node is set up', async () => {
    const part = await access.clusters.part();
    const { connection, node } = await part.node('test', 'node-1');
    const questions: string[] = [];
    for await (const { question, state } of part.setup.points(connection, node))
      questions.push(`${question}: ${state}`);
    assert.deepEqual(questions.slice(0, 4), ['rights: good', 'kubelet: good', 'gate: good', 'kubelet-rights: good']);
    const yaml = await part.setup.rights(connection, node);
    assert.match(yaml, /resources: \[nodes\/proxy\]\n {4}resourceNames: \[node-1\]/);
    assert.match(yaml, /resources: \[pods\/exec\]/);
  });

  it('shows to one who may see one namespace that namespace', async () => {
    const token = 'token-of-somebody-with-little-0123456789';
    const rules = [{ verbs: ['get', 'list', 'watch'], resources: ['pods'], namespace: 'lab' }];
    cluster.addUser('little', { rules, token });
    await use(cluster.kubeconfig({ token }));
    assert.deepEqual(await labels('test'), ['lab', 'Add a namespace…', 'Nodes']);
    assert.deepEqual(await labels('test', 'lab'), ['cache-0', 'late', 'web']);
    // With the nodes of its pods, whose archives can be reached.
    assert.deepEqual(
      (await rows('test', 'Nodes')).map(({ context }) => context),
      ['node', 'none'],
    );
  });

  it('is empty, with words of its own, where there is no kubeconfig', async () => {
    await use(
      cluster.kubeconfig('admin', {
        change: (config) => {
          config.contexts = [];
          config.clusters = [];
        },
      }),
    );
    assert.deepEqual(await access.clusters.getChildren(), []);
  });
});
