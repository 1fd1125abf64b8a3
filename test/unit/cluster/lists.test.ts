import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listNamespaces } from '../../../src/core/cluster/inventory/namespaces.ts';
import { listNodes } from '../../../src/core/cluster/inventory/nodes.ts';
import { listPods } from '../../../src/core/cluster/inventory/pods.ts';
import { addManyPods, addPod } from '../../cluster/workloads.ts';
import { until } from '../support/until.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

describe('pods', async () => {
  const cluster = await startCluster();

  test('tell their containers, what kind each is and how it is', async () => {
    addPod(cluster, {
      name: 'shop',
      namespace: 'default',
      containers: ['web', 'log'],
      init: ['prepare'],
      sidecars: ['mesh'],
      ephemeral: ['debugger'],
    });
    addPod(cluster, {
      name: 'waits',
      namespace: 'default',
      phase: 'Pending',
      state: { waiting: { reason: 'ErrImageNeverPull', message: 'not there' } },
    });
    const { pods } = await listPods((await connect(cluster)).api, { namespace: 'default' });
    assert.deepEqual(
      pods.map(({ name, status, node }) => [name, status, node]),
      [
        ['shop', 'Running', 'node-1'],
        ['waits', 'ErrImageNeverPull', 'node-1'],
      ],
    );
    assert.deepEqual(
      pods[0]?.containers.map(({ name, kind, state }) => [name, kind, state]),
      [
        ['prepare', 'init', 'terminated'],
        ['mesh', 'sidecar', 'running'],
        ['web', 'regular', 'running'],
        ['log', 'regular', 'running'],
        ['debugger', 'ephemeral', 'running'],
      ],
    );
    assert.match(pods[0].containers[2]?.id ?? '', /^cri-o:\/\/[0-9a-f]{64}$/);
    assert.deepEqual(
      [pods[1]?.containers[0]?.reason, pods[1]?.containers[0]?.message],
      ['ErrImageNeverPull', 'not there'],
    );
  });

  test('belong to the workload that a person wrote', async () => {
    const owned = (name: string, kind: string, owner: string, labels: Record<string, string> = {}) =>
      addPod(cluster, { name, namespace: 'kube-system', owner: { kind, name: owner }, labels });
    owned('web-7d4b9c6f5-x2x7q', 'ReplicaSet', 'web-7d4b9c6f5', { 'pod-template-hash': '7d4b9c6f5' });
    owned('bare-x', 'ReplicaSet', 'bare');
    owned('cache-0', 'StatefulSet', 'cache');
    addPod(cluster, { name: 'alone', namespace: 'kube-system' });
    const { pods } = await listPods((await connect(cluster)).api, { namespace: 'kube-system' });
    assert.deepEqual(Object.fromEntries(pods.map(({ name, workload }) => [name, workload])), {
      alone: undefined,
      'bare-x': { kind: 'ReplicaSet', name: 'bare' },
      'cache-0': { kind: 'StatefulSet', name: 'cache' },
      'web-7d4b9c6f5-x2x7q': { kind: 'Deployment', name: 'web' },
    });
  });

  test('come in pages, also ten thousand of them', async () => {
    addManyPods(cluster, 10_000, 'lab');
    const { api } = await connect(cluster);
    const first = await listPods(api, { namespace: 'lab', limit: 500 });
    assert.deepEqual([first.pods.length, first.remaining], [500, 9500]);
    const names = new Set(first.pods.map(({ name }) => name));
    let { continueAt } = first;
    let pages = 1;
    while (continueAt !== undefined) {
      const next = await listPods(api, { namespace: 'lab', limit: 500, continueAt });
      for (const { name } of next.pods) names.add(name);
      ({ continueAt } = next);
      pages++;
    }
    assert.deepEqual([pages, names.size], [20, 10_000]);
  });

  test('are gone on with when the list has grown too old', async () => {
    const { api } = await connect(cluster);
    const first = await api.page({ group: '', version: 'v1', plural: 'pods' }, { namespace: 'lab', limit: 10 });
    cluster.store.compact();
    const options = { namespace: 'lab', limit: 10, continueAt: first.continueAt };
    const second = await api.page({ group: '', version: 'v1', plural: 'pods' }, options);
    assert.equal(second.isInconsistent, true);
    assert.equal(second.items[0]?.metadata.name, 'pod-00010');
  });

  test('are selected by the server', async () => {
    const { api } = await connect(cluster);
    const { pods } = await listPods(api, { fieldSelector: 'metadata.name=shop' });
    assert.deepEqual(
      pods.map(({ name }) => name),
      ['shop'],
    );
    const error = await failureOf(listPods(api, { fieldSelector: 'spec.nonsense=1' }));
    assert.equal(error.reason, 'rejected');
    assert.match(error.message, /field label not supported: spec\.nonsense/);
  });
});

describe('connections', async () => {
  const cluster = await startCluster();

  test('are used again: two hundred lists need one', async () => {
    const { api } = await connect(cluster);
    const before = cluster.server.connections;
    for (let count = 0; count < 200; count++) await listNodes(api);
    assert.equal(cluster.server.connections - before, 1);
  });

  test('that the server has closed are made anew', async () => {
    const { api } = await connect(cluster);
    await listNodes(api);
    cluster.server.cutAll();
    assert.equal((await listNodes(api)).length, 1);
  });

  test('end with the cluster', async () => {
    const opened = await connect(cluster);
    await listNodes(opened.api);
    opened.close();
    await until(() => cluster.server.open === 0);
  });
});

describe('nodes and namespaces', async () => {
  const cluster = await startCluster({
    nodes: [{ name: 'node-a' }, { name: 'node-b', runtime: 'containerd', ready: false }],
  });

  test('nodes tell runtime and versions', async () => {
    const nodes = await listNodes((await connect(cluster)).api);
    assert.deepEqual(
      nodes.map(({ name, runtime, runtimeVersion, kubeletVersion, isReady }) => [
        name,
        runtime,
        runtimeVersion,
        kubeletVersion,
        isReady,
      ]),
      [
        ['node-a', 'cri-o', '1.37.0', 'v1.36.2', true],
        ['node-b', 'containerd', '2.1.9+unknown', 'v1.36.2', false],
      ],
    );
  });

  test('namespaces are those that are known where they may not be listed', async () => {
    const all = await listNamespaces((await connect(cluster)).api, ['lab']);
    assert.deepEqual(
      [all.isComplete, all.namespaces.map(({ name }) => name)],
      [true, ['default', 'kube-system', 'lab']],
    );
    const login = serviceAccount(cluster, { verbs: ['list'], resources: ['pods'], namespace: 'lab' });
    const { api } = await connect(cluster, login);
    const own = await listNamespaces(api, ['shop', 'lab', 'lab']);
    assert.deepEqual([own.isComplete, own.namespaces.map(({ name }) => name)], [false, ['lab', 'shop']]);
    assert.equal((await listPods(api, { namespace: 'lab' })).pods.length, 0);
    const error = await failureOf(listPods(api, { namespace: 'default' }));
    assert.equal(error.reason, 'forbidden');
    assert.match(error.message, /cannot list resource "pods" in API group "" in the namespace "default"/);
  });
});

/** Waits for what happens soon. */
