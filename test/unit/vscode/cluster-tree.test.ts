import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPaged } from '../../../src/vscode/cluster/tree/more-row.ts';
import { NamespaceNode } from '../../../src/vscode/cluster/tree/namespace-node.ts';
import type { TreeNode } from '../../../src/vscode/cluster/tree/node.ts';
import { PodFilter } from '../../../src/vscode/cluster/tree/pod-filter.ts';
import { OPERATOR_KINDS } from '../../cluster/custom-kinds.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { NAMESPACES, NODES, type TestCluster } from '../../cluster/test-cluster.ts';
import { addManyPods, addPod } from '../../cluster/workloads.ts';
import { startCluster } from '../cluster/support.ts';
import { until } from '../support/until.ts';
import { Shown } from './shown-tree.ts';
import { setTimeout as sleep } from 'node:timers/promises';

function remove(cluster: TestCluster, name: string): void {
  cluster.store.remove(PODS, cluster.store.get(PODS, 'lab', name));
}

describe('the tree of a cluster', async () => {
  const cluster = await startCluster({ kinds: OPERATOR_KINDS });
  addPod(cluster, {
    name: 'web-7d4b-x2x7q',
    containers: ['web'],
    init: ['migrate'],
    sidecars: ['mesh'],
    ephemeral: ['debugger'],
    owner: { kind: 'ReplicaSet', name: 'web-7d4b' },
    labels: { app: 'web', 'pod-template-hash': '7d4b' },
  });
  addPod(cluster, { name: 'alone', phase: 'Pending', state: { waiting: { reason: 'ImagePullBackOff' } } });

  test('has contexts, namespaces, pods and all kinds of containers', async () => {
    const shown = new Shown(cluster.kubeconfig());
    assert.deepEqual(await shown.labels(), ['test']);
    assert.deepEqual(await shown.labels('test'), ['default', 'kube-system', 'lab', 'Checkpoint Objects', 'Nodes']);
    assert.deepEqual(await shown.labels('test', 'lab'), ['alone', 'web-7d4b-x2x7q']);
    const rows = await shown.rows('test', 'lab', 'web-7d4b-x2x7q');
    assert.deepEqual(
      rows.map(({ label, description, context }) => [label, description, context]),
      [
        ['migrate', 'ended · init', 'container.stopped'],
        ['mesh', 'running · 1h · sidecar', 'container.running'],
        ['web', 'running · 1h', 'container.running'],
        ['debugger', 'running · 1h · ephemeral', 'container.running'],
      ],
    );
    const [alone] = await shown.rows('test', 'lab');
    assert.match(alone?.description ?? '', /^ImagePullBackOff · node-1/);
    assert.equal(alone?.context, 'pod.stopped+chain+schedule');
    const [waiting] = await shown.rows('test', 'lab', 'alone');
    assert.equal(waiting?.description, 'waiting: ImagePullBackOff');
  });

  test('groups pods by what they belong to', async () => {
    const shown = new Shown(cluster.kubeconfig());
    shown.grouping = 'workload';
    const rows = await shown.rows('test', 'lab');
    assert.deepEqual(
      rows.map(({ label, context }) => [label, context]),
      [
        ['web', 'workload.running'],
        ['alone', 'pod.stopped+chain+schedule'],
      ],
    );
    assert.match(rows[0]?.description ?? '', /^Deployment · 1\/1$/);
    assert.deepEqual(await shown.labels('test', 'lab', 'web'), ['web-7d4b-x2x7q']);
  });

  test('asks nothing of a cluster before its context is unfolded', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const asked = cluster.server.seen.length;
    await shown.rows();
    assert.equal(cluster.server.seen.length, asked);
    await shown.rows('test');
    assert.ok(cluster.server.seen.length > asked);
  });

  test('shows pinned namespaces first', async () => {
    const shown = new Shown(cluster.kubeconfig());
    shown.pins.push('lab');
    const [first] = await shown.rows('test');
    assert.equal(first?.label, 'lab');
    assert.equal(first.context, 'namespace.pinned');
  });

  test('follows what changes while it is looked at, with the same rows for the same pods', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const before = await shown.at('test', 'lab', 'alone');
    addPod(cluster, { name: 'new-one' });
    await until(async () => (await shown.labels('test', 'lab')).includes('new-one'));
    assert.equal(await shown.at('test', 'lab', 'alone'), before);
    await until(() => shown.changes.some((node) => node instanceof NamespaceNode));
    remove(cluster, 'new-one');
    await until(async () => !(await shown.labels('test', 'lab')).includes('new-one'));
    // Folded, hidden, or below something that is folded: nobody watches.
    const context = await shown.at('test');
    for (const [hide, show] of [
      [() => shown.tree.visible(false), () => shown.tree.visible(true)],
      [() => shown.tree.unfolded(context, false), () => shown.tree.unfolded(context, true)],
    ] as const) {
      hide();
      await until(() => cluster.store.followers === 0);
      show();
      // The namespaces of the cluster, and the pods of one of them.
      await until(() => cluster.store.followers === 2);
    }
    shown.tree.visible(false);
    await until(() => cluster.store.followers === 0);
  });

  test('follows namespaces and nodes while they are looked at', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const lab = await shown.at('test', 'lab');
    const [node] = await shown.tree.children(await shown.at('test', 'Nodes'));
    await until(() => cluster.store.followers === 2);
    cluster.addNamespace('fresh');
    await until(async () => (await shown.labels('test')).includes('fresh'));
    assert.equal(await shown.at('test', 'lab'), lab);
    cluster.store.remove(NAMESPACES, cluster.store.get(NAMESPACES, undefined, 'fresh'));
    await until(async () => !(await shown.labels('test')).includes('fresh'));
    // A node that is alive reports it, which changes nothing that is shown; one that is not does.
    const found = cluster.store.get(NODES, undefined, 'node-1');
    const status = (beat: string, ready: string) => {
      const { conditions: [condition] = [], ...rest } = found['status'] as { conditions?: object[] };
      return { ...rest, conditions: [{ ...condition, status: ready, lastHeartbeatTime: beat }] };
    };
    await sleep(300);
    shown.changes = [];
    cluster.store.update(NODES, found, { status: status('2026-11-24T00:00:00Z', 'True') });
    await sleep(300);
    assert.deepEqual(shown.changes, []);
    cluster.store.update(NODES, found, { status: status('2026-11-24T00:00:10Z', 'Unknown') });
    await until(() => shown.changes.length > 0);
    assert.deepEqual(shown.changes, [node]);
    assert.match(shown.row(node as TreeNode).description, /^not ready · /);
    cluster.store.update(NODES, found, { status: status('2026-11-24T00:00:20Z', 'True') });
  });

  test('has the nodes, and their archives once helper pods are allowed', async () => {
    const shown = new Shown(cluster.kubeconfig());
    shown.mayUseHelpers = false;
    const pods = cluster.store.list(PODS).length;
    const [ask] = await shown.rows('test', 'Nodes', 'node-1');
    assert.equal(ask?.command?.name, 'allowHelpers');
    assert.equal(cluster.store.list(PODS).length, pods, 'a pod was made before anybody was asked');
    shown.mayUseHelpers = true;
    const node = await shown.at('test', 'Nodes', 'node-1');
    shown.tree.forget(node);
    const [none] = await shown.rows('test', 'Nodes', 'node-1');
    assert.match(none?.label ?? '', /^No archives in /);
    assert.match(shown.row(node).description, /^cri-o 1\.37\.0 · 0 archives$/);
  });

  test('has the objects of an operator', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const [kind] = OPERATOR_KINDS;
    assert.ok(kind);
    const record = (path: string, sha256Hash: string, previousSHA256Hash: string) => ({
      checkpointPath: `/var/lib/kubelet/checkpoints/${path}`,
      podName: 'web',
      containerName: 'web',
      sha256Hash,
      previousSHA256Hash,
    });
    cluster.store.create(kind, 'lab', {
      metadata: { name: 'trail' },
      spec: { namespace: 'lab' },
      status: { phase: 'Completed', snapshotChainRecords: [record('a.tar', 'aa', ''), record('b.tar', 'bb', 'cc')] },
    });
    const [chain] = await shown.rows('test', 'Checkpoint Objects', 'Forensic Chains');
    assert.equal(chain?.label, 'lab/trail');
    assert.match(chain.description, /links broken/);
    assert.deepEqual(await shown.labels('test', 'Checkpoint Objects', 'Forensic Chains', 'lab/trail'), [
      'web / web',
      'web / web',
    ]);
    assert.deepEqual(await shown.labels('test', 'Checkpoint Objects', 'Pod Restores'), ['None']);
  });
});

describe('a namespace of thousands of pods', async () => {
  const cluster = await startCluster();
  addManyPods(cluster, 1200);

  test('is read page by page', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const labels = await shown.labels('test', 'lab');
    assert.equal(labels.length, 501);
    assert.equal(labels.at(-1), 'Load 500 more');
    const namespace = await shown.at('test', 'lab');
    assert.ok(namespace instanceof NamespaceNode);
    assert.equal(shown.row(namespace).description, '500+ pods');
    // What happens beyond the first page meanwhile is not lost when the next one comes, as it was at the beginning.
    addPod(cluster, { name: 'pod-00600-new' });
    remove(cluster, 'pod-00700');
    addPod(cluster, { name: 'pod-00100-new' });
    await until(async () => (await shown.labels('test', 'lab')).includes('pod-00100-new'));
    await namespace.more();
    const more = await shown.labels('test', 'lab');
    assert.ok(more.includes('pod-00600-new'));
    assert.ok(!more.includes('pod-00700'));
    assert.ok(more.includes('pod-00999'));
    await namespace.more();
    const all = await shown.labels('test', 'lab');
    assert.equal(all.length, 1201);
    assert.equal(new Set(all).size, 1201);
    assert.equal(shown.row(namespace).description, '1,201 pods');
  });

  test('is filtered through all of its pages', async () => {
    const shown = new Shown(cluster.kubeconfig());
    shown.filter = new PodFilter('0119 PROXY');
    const labels = await shown.labels('test', 'lab');
    assert.deepEqual(labels.slice(0, 2), ['pod-00119', 'pod-01190']);
    assert.equal(labels.length, 11);
    shown.filter = new PodFilter('nothing-like-it');
    shown.tree.forget(await shown.at('test', 'lab'));
    assert.deepEqual(await shown.labels('test', 'lab'), ['No pod matches “nothing-like-it”']);
  });

  test('is filtered by labels at the server', async () => {
    addPod(cluster, { name: 'zz-labelled', labels: { tier: 'cache' } });
    const shown = new Shown(cluster.kubeconfig());
    shown.filter = new PodFilter('tier=cache');
    assert.deepEqual(await shown.labels('test', 'lab'), ['zz-labelled']);
  });
});

describe('a cluster of many nodes and namespaces', async () => {
  const cluster = await startCluster();
  const { metadata: _, ...like } = cluster.store.get(NODES, undefined, 'node-1');
  for (let index = 0; index < 1100; index++) {
    const name = `pool-${String(index).padStart(4, '0')}`;
    cluster.store.create(NODES, undefined, { ...like, metadata: { name } });
    cluster.addNamespace(`team-${String(index)}`);
  }

  test('shows its nodes page by page, and all of its namespaces', async () => {
    const shown = new Shown(cluster.kubeconfig());
    assert.equal((await shown.labels('test')).length, 1104, 'three others, and the folder of nodes');
    const nodes = await shown.at('test', 'Nodes');
    const first = await shown.labels('test', 'Nodes');
    assert.deepEqual([first.length, first.at(-1)], [501, 'Load 500 more']);
    assert.ok(isPaged(nodes));
    await nodes.more();
    await nodes.more();
    const all = await shown.labels('test', 'Nodes');
    assert.deepEqual([all.length, new Set(all).size], [1101, 1101]);
  });
});
