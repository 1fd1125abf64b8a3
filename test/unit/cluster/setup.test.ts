import assert from 'node:assert/strict';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { knownNodes } from '../../../src/core/cluster/inventory/known-nodes.ts';
import { nodeCalled, readNode } from '../../../src/core/cluster/inventory/nodes.ts';
import { canCheckpoint, canRestore } from '../../../src/core/cluster/inventory/runtime-support.ts';
import { checkSetup, type SetupOptions } from '../../../src/core/cluster/setup/check-setup.ts';
import type { SetupPoint, SetupQuestion } from '../../../src/core/cluster/setup/setup-point.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { archiveOf } from '../support/fixtures.ts';
import { nodeOf, workshop } from './node-support.ts';
import { addPod } from '../../cluster/workloads.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({
  nodes: [
    { name: 'node-1' },
    { name: 'node-2', runtime: 'containerd', runtimeVersion: '1.7.27', kubeletVersion: 'v1.24.3' },
    { name: 'node-3', runtime: 'containerd', runtimeVersion: '2.3.4' },
  ],
});
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, 'checkpoint-a_b-c-2026-11-23T21:56:14Z.tar'));
const admin = await connect(cluster);

async function points(
  opened: Cluster,
  name = 'node-1',
  options: SetupOptions = {},
): Promise<ReadonlyMap<SetupQuestion, SetupPoint>> {
  const node = await readNode(admin.api, name);
  const found: SetupPoint[] = [];
  for await (const point of checkSetup(opened, node, options)) found.push(point);
  assert.equal(new Set(found.map(({ question }) => question)).size, found.length, 'each question once');
  return new Map(found.map((point) => [point.question, point]));
}

function states(found: ReadonlyMap<SetupQuestion, SetupPoint>): Readonly<Record<string, string>> {
  return Object.fromEntries([...found].map(([question, { state }]) => [question, state]));
}

function words(found: ReadonlyMap<SetupQuestion, SetupPoint>, question: SetupQuestion): string {
  const point = found.get(question);
  assert.ok(point, question);
  return say(point.text);
}

describe('what stands between a person and a checkpoint', () => {
  test('nothing: and nothing is done to find that out', async () => {
    const before = readdirSync(cluster.node().checkpoints);
    const { files } = workshop(admin);
    const found = await points(admin, 'node-1', { files });
    assert.deepEqual(states(found), {
      rights: 'good',
      kubelet: 'good',
      gate: 'good',
      'kubelet-rights': 'good',
      runtime: 'good',
      criu: 'unknown',
      tcp: 'unknown',
      time: 'good',
      archives: 'good',
      room: 'good',
      restore: 'good',
    });
    assert.match(words(found, 'time'), /may take 2 min on node-1/);
    assert.match(
      words(found, 'archives'),
      /\/var\/lib\/kubelet\/checkpoints on node-1\. There is one \(190\.0 KiB\)\. Nothing removes it/,
    );
    assert.deepEqual(readdirSync(cluster.node().checkpoints), before);
  });

  test('nodes to choose from: those of their pods, for who may not list nodes', async () => {
    addPod(cluster, { name: 'known' });
    const few = [{ verbs: ['list'], resources: ['pods'], namespace: 'lab' }];
    const opened = await connect(cluster, serviceAccount(cluster, ...few));
    assert.deepEqual(
      (await knownNodes(opened)).map(({ name }) => name),
      ['node-1'],
    );
    assert.ok((await knownNodes(await connect(cluster))).length > 1);
    // A node that is gone, and whose pods are there for a while.
    const gone = addPod(cluster, { name: 'left' });
    gone.spec.nodeName = 'node-9';
    const each = [...few, { verbs: ['get'], resources: ['nodes'] }];
    const one = await connect(cluster, serviceAccount(cluster, ...each));
    assert.deepEqual(
      (await knownNodes(one)).map(({ name }) => name),
      ['node-1'],
    );
    // Without pods it is the nodes that they are told of.
    const nobody = await connect(cluster, serviceAccount(cluster));
    assert.match((await failureOf(knownNodes(nobody))).message, /cannot list resource "nodes"/);
  });

  test('rights: theirs', async () => {
    const opened = await connect(cluster, serviceAccount(cluster, { verbs: ['get'], resources: ['nodes'] }));
    const found = await points(opened);
    const rights = found.get('rights');
    assert.equal(rights?.state, 'bad');
    assert.match(say(rights.text), /^You \(system:serviceaccount:lab:account-\d+\) may not make checkpoints on node-1/);
    assert.match(rights.remedy?.copy?.text ?? '', /nodes\/proxy/);
    assert.equal(found.get('gate')?.state, 'unknown');
    assert.match(words(found, 'gate'), /\(v1\.36\.2\) has checkpoints on unless they were switched off/);
  });

  test('of a node that one may not look at nothing is said that is not known', async () => {
    const opened = await connect(cluster, serviceAccount(cluster));
    const gate: SetupPoint[] = [];
    for await (const point of checkSetup(opened, await nodeCalled(opened.api, 'node-1'))) {
      if (point.question === 'gate') gate.push(point);
    }
    assert.deepEqual(
      gate.map(({ state, remedy, text }) => [state, remedy, say(text)]),
      [
        [
          'unknown',
          undefined,
          'Whether the kubelet of node-1 has checkpoints switched on is not known: you may not look at the node.',
        ],
      ],
    );
  });

  test('rights: just those that it takes', async () => {
    const rule = { verbs: ['create'], resources: ['nodes/proxy'], names: ['node-1'] };
    const found = await points(await connect(cluster, serviceAccount(cluster, rule)));
    assert.deepEqual(
      [found.get('rights')?.state, found.get('gate')?.state, found.get('time')?.state],
      ['good', 'good', 'unknown'],
    );
  });

  test("rights: the API server's own", async () => {
    cluster.node().deniedKubeletClient = 'kube-apiserver-kaa';
    const found = await points(admin);
    cluster.node().deniedKubeletClient = undefined;
    assert.deepEqual([found.get('gate')?.state, found.get('kubelet-rights')?.state], ['good', 'bad']);
    assert.match(found.get('kubelet-rights')?.remedy?.copy?.text ?? '', /name: kube-apiserver-kaa/);
  });

  test('the feature gate', async () => {
    cluster.node().failure = 'gate-off';
    const found = await points(admin);
    const seen = await points(
      await connect(cluster, serviceAccount(cluster, { verbs: ['get'], resources: ['nodes/proxy'] })),
    );
    cluster.node().failure = undefined;
    for (const point of [found.get('gate'), seen.get('gate')]) {
      assert.equal(point?.state, 'bad');
      assert.match(point.remedy?.copy?.text ?? '', /ContainerCheckpoint: true/);
    }
  });

  test('a kubelet that is not there', async () => {
    cluster.node().failure = 'kubelet-down';
    const found = await points(admin);
    cluster.node().failure = undefined;
    assert.equal(found.get('kubelet')?.state, 'bad');
    assert.match(words(found, 'kubelet'), /cannot reach the kubelet of node-1/);
  });

  test('a runtime and a kubelet of another time', async () => {
    const login = serviceAccount(cluster, { verbs: ['get'], resources: ['nodes'] });
    const found = await points(await connect(cluster, login), 'node-2');
    assert.deepEqual(
      [found.get('runtime')?.state, found.get('gate')?.state, found.get('restore')?.state],
      ['bad', 'bad', 'warning'],
    );
    assert.match(words(found, 'runtime'), /containerd 1\.7\.27\) cannot make checkpoints/);
    const newer = await points(admin, 'node-3');
    assert.equal(newer.get('restore')?.state, 'warning');
    assert.match(newer.get('restore')?.remedy?.copy?.text ?? '', /enable_experimental_restore_via_create = true/);
    // Older ones warn of a key that they do not know.
    assert.match(newer.get('criu')?.remedy?.copy?.text ?? '', /enable_criu = true/);
    assert.equal(found.get('criu')?.remedy?.copy, undefined);
  });

  test('CRIU: what the kubelet has counted', async () => {
    cluster.node().counted = { made: 7, failed: 2 };
    const good = await points(admin);
    cluster.node().counted = { made: 3, failed: 3 };
    const bad = await points(admin);
    cluster.node().counted = undefined;
    assert.deepEqual([good.get('criu')?.state, bad.get('criu')?.state], ['good', 'warning']);
    assert.match(words(good, 'criu'), /made: 5, failed: 2/);
  });

  test('the way to the archives', async () => {
    cluster.addNamespace('closed', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    const { files } = workshop(admin, { namespace: 'closed' });
    const found = await points(admin, 'node-1', { files });
    assert.deepEqual([found.get('archives')?.state, found.get('room')?.state], ['bad', 'good']);
    assert.match(words(found, 'archives'), /^Pod Security \(restricted:latest\) does not allow the helper pod/);
    await nodeOf(admin);
  });
});

test('what runtimes can do, by their versions', () => {
  const cases: readonly (readonly ['cri-o' | 'containerd' | 'other', string, boolean | undefined, string])[] = [
    ['cri-o', '1.24.6', false, 'no'],
    ['cri-o', '1.25.0', true, 'yes'],
    ['cri-o', '1.37.0-dev', true, 'yes'],
    ['containerd', '1.7.27', false, 'no'],
    ['containerd', '2.0.5', true, 'no'],
    ['containerd', '2.1.9+unknown', true, 'yes'],
    ['containerd', '2.2.6', true, 'yes'],
    ['containerd', '2.2.7', true, 'off-by-default'],
    ['containerd', '2.3.3', true, 'yes'],
    ['containerd', '2.3.4', true, 'off-by-default'],
    ['containerd', '2.4.0-beta.0', true, 'no'],
    ['containerd', 'unknown', undefined, 'unknown'],
    ['other', '24.0.7', undefined, 'unknown'],
  ];
  for (const [runtime, runtimeVersion, able, restores] of cases) {
    const facts = { runtime, runtimeVersion };
    assert.deepEqual([canCheckpoint(facts), canRestore(facts)], [able, restores], `${runtime} ${runtimeVersion}`);
  }
});
