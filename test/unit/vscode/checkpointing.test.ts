import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { HELPER_DEFAULTS } from '../../../src/core/cluster/node-files/helper-manifest.ts';
import { straightToKubelet, throughApiServer } from '../../../src/core/cluster/checkpoint/node-endpoint.ts';
import { connectToKubelet, lookAtKubelet } from '../../../src/core/cluster/connection/kubelet.ts';
import { readNode } from '../../../src/core/cluster/inventory/nodes.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { say, sentence } from '../../../src/protocol/sentence.ts';
import type { Activity } from '../../../src/vscode/cluster/activities.ts';
import { obstacle, subjectOf, takeAll, type TakeSettings } from '../../../src/vscode/cluster/checkpointing.ts';
import { Connections } from '../../../src/vscode/cluster/connections.ts';
import { alike, failureOfSeveral } from '../../../src/vscode/cluster/failed-checkpoints.ts';
import { wantedOf } from '../../../src/vscode/cluster/targets.ts';
import { reasonOf } from '../../../src/vscode/failure.ts';
import { KubeletServer } from '../../cluster/kubelet-server.ts';
import type { Login } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { serviceAccount, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const scratch = mkdtempSync(join(tmpdir(), 'checkpointing-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const cluster = await startCluster({
  nodes: [{ name: 'node-1' }, { name: 'node-old', runtime: 'containerd', runtimeVersion: '1.7.27' }],
});
cluster.node().archives.set('*', archiveOf('crio-tty'));
addPod(cluster, { name: 'web', containers: ['app', 'log', 'proxy'], init: ['migrate'] });

function connectionsOf(login: Login | 'admin' = 'admin'): Connections {
  const kubeconfig = cluster.kubeconfig(login);
  const connections = new Connections({
    kubeconfig: () => kubeconfig,
    allowPlugins: () => false,
    helper: (namespace) => ({ ...HELPER_DEFAULTS, namespace }),
    journal: join(scratch, 'journal'),
  });
  after(async () => {
    await connections.end();
    connections.dispose();
  });
  return connections;
}

/** Activities without anybody who looks at them. */
class Running {
  readonly titles: string[] = [];
  readonly open = new Map<string, AbortController>();
  onStart: (id: string) => void = () => undefined;

  start(id: string, title: string): Activity {
    const controller = new AbortController();
    this.titles.push(title);
    this.open.set(id, controller);
    this.onStart(id);
    return { id, signal: controller.signal, update: () => undefined, end: () => this.open.delete(id) };
  }
}

const SETTINGS: TakeSettings = {
  timeout: undefined,
  perNode: 2,
  directory: CHECKPOINTS,
  mayUseHelpers: () => true,
  endpoint: ({ cluster: { api } }, node) => Promise.resolve(throughApiServer(api.transport, node.name)),
};

const NAMELESS = () => ({ title: '', verb: '' });

const POD = { context: 'test', namespace: 'lab', pod: 'web' } as const;

describe('checkpoints that a person asks for', () => {
  test('are of the containers that run, each with its row, its path and its size', async () => {
    const wanted = await wantedOf(connectionsOf(), [POD]);
    assert.deepEqual(
      wanted.map(({ id }) => id),
      ['pod:test/lab/web/app', 'pod:test/lab/web/log', 'pod:test/lab/web/proxy'],
    );
    const running = new Running();
    cluster.node().mostAtOnce = 0;
    cluster.node().checkpointTime = 400;
    const results = await takeAll(wanted, running, ({ container }) => ({ title: container.name, verb: '' }), SETTINGS);
    cluster.node().checkpointTime = 30;
    assert.equal(results.length, 3);
    for (const result of results) {
      assert.ok('path' in result);
      assert.match(result.path, /checkpoint-web_lab-(?:app|log|proxy)-/);
      assert.ok((result.size ?? 0) > 0);
    }
    assert.deepEqual([...running.titles].sort(), ['app', 'log', 'proxy']);
    assert.equal(running.open.size, 0);
    assert.equal(cluster.node().mostAtOnce, 2);
    assert.equal(readdirSync(cluster.node().checkpoints).length, 3);
  });

  test('are found when the answer was lost on its way', async () => {
    const wanted = await wantedOf(connectionsOf(), [{ ...POD, containers: ['app'] }]);
    cluster.server.faults.add({
      match: ({ path }) => path.includes('/proxy/checkpoint/'),
      cutAfter: () => 0,
      times: 1,
    });
    const [result] = await takeAll(wanted, new Running(), NAMELESS, SETTINGS);
    cluster.server.faults.clear();
    assert.ok(result && 'path' in result, 'the archive that was made was not found');
    assert.equal(result.elapsed, undefined);
  });

  test('are looked for after they were cancelled, because the node goes on', async () => {
    const wanted = await wantedOf(connectionsOf(), [{ ...POD, containers: ['log'] }]);
    const running = new Running();
    const node = cluster.node();
    Object.assign(node, { checkpointTime: 500, mostAtOnce: 0 });
    // Once the kubelet has begun.
    running.onStart = (id) => void until(() => node.mostAtOnce > 0).then(() => running.open.get(id)?.abort());
    const [result] = await takeAll(wanted, running, NAMELESS, SETTINGS);
    node.checkpointTime = 30;
    assert.ok(result && 'path' in result, 'CRI-O makes it all the same');
    assert.equal(running.open.size, 0);
  });

  test('fail one by one', async () => {
    const wanted = await wantedOf(connectionsOf(), [{ ...POD, containers: ['app', 'log'] }]);
    cluster.node().failure = 'criu-missing';
    const results = await takeAll(wanted, new Running(), NAMELESS, SETTINGS);
    cluster.node().failure = undefined;
    assert.equal(results.length, 2);
    for (const result of results) assert.ok('failure' in result && String(result.failure).includes('CRIU'));
  });

  test('that failed alike are told of at once, and others for themselves', async () => {
    addPod(cluster, { name: 'other', node: 'node-old' });
    const targets = [POD, { ...POD, pod: 'other' }];
    const wanted = await wantedOf(connectionsOf(), targets);
    cluster.node().failure = 'criu-broken';
    cluster.node('node-old').failure = 'unimplemented';
    const results = await takeAll(wanted, new Running(), NAMELESS, { ...SETTINGS, mayUseHelpers: () => false });
    cluster.node().failure = undefined;
    cluster.node('node-old').failure = undefined;
    // In the order in which they failed.
    const groups = alike(results.filter((result) => 'failure' in result));
    const [three, one, ...others] = [...groups].sort((a, b) => b.length - a.length);
    assert.ok(three && one);
    assert.deepEqual([three.length, one.length, others.length], [3, 1, 0]);
    const told = failureOfSeveral(three, 'CRIU on node-1 cannot be used.');
    assert.match(
      told.message,
      /^3 containers were not checkpointed \((?:web\/(?:app|log|proxy)(?:, )?){3}\)\. CRIU on node-1 cannot be used\.$/,
    );
    assert.match(told.remedy?.copy?.text ?? '', /criu/);
    assert.equal(told.reason, reasonOf(three[0].failure));
  });

  test('that failed in the same words, but not for the same cause, are not told of as one', async () => {
    const wanted = await wantedOf(connectionsOf(), [POD]);
    const causes = [
      `${'a1'.repeat(32)} has io_uring`,
      `${'b2'.repeat(32)} has io_uring`,
      `${'c3'.repeat(32)} is traced`,
    ];
    const failed = wanted.map((one, index) => {
      const { namespace, pod, container, node } = subjectOf(one);
      const text = sentence(
        'CRIU: {0} of {1} on {2}: {3}',
        container,
        `${namespace}/${pod}`,
        node,
        causes[index] ?? '',
      );
      return { wanted: one, failure: new ClusterError('unsupported', text) };
    });
    assert.deepEqual(
      alike(failed).map((group) => group.length),
      [2, 1],
    );
  });

  test('tell why they failed from a log on the node, where one lets it be read', async () => {
    addPod(cluster, { name: 'moby', node: 'node-old' });
    cluster.node('node-old').failure = 'tcp-established';
    const wanted = await wantedOf(connectionsOf(), [{ ...POD, pod: 'moby' }]);
    const [told] = await takeAll(wanted, new Running(), NAMELESS, SETTINGS);
    const [untold] = await takeAll(wanted, new Running(), NAMELESS, { ...SETTINGS, mayUseHelpers: () => false });
    cluster.node('node-old').failure = undefined;
    assert.ok(told && 'failure' in told && untold && 'failure' in untold);
    assert.match(String(told.failure), /has an established TCP connection/);
    assert.match(String(untold.failure), /does not say why: the reason is in \/run\/containerd/);
  });

  test('know the address of a node that one may not look at, from the pod', async () => {
    const account = serviceAccount(cluster, { verbs: ['get'], resources: ['pods'], namespace: 'lab' });
    const [wanted] = await wantedOf(connectionsOf(account), [POD]);
    assert.equal(wanted?.node.kubeletVersion, '');
    assert.equal(wanted.node.address, '10.99.0.1');
  });

  test('go straight to a kubelet whose certificate was accepted, with the right that takes', async () => {
    const kubelet = cluster.kubelet('node-1');
    assert.ok(kubelet);
    const server = new KubeletServer('node-1', kubelet, cluster.users, cluster.authority);
    await server.listen();
    after(() => server.close());
    const account = serviceAccount(
      cluster,
      { verbs: ['create'], resources: ['nodes/checkpoint'] },
      { verbs: ['get', 'list'], resources: ['pods'], namespace: 'lab' },
      { verbs: ['get'], resources: ['nodes'] },
    );
    const connections = connectionsOf(account);
    const wanted = await wantedOf(connections, [{ ...POD, containers: ['proxy'] }]);
    const settings = { ...SETTINGS, mayUseHelpers: () => false };
    const [refused] = await takeAll(wanted, new Running(), NAMELESS, settings);
    assert.ok(refused && 'failure' in refused);
    assert.equal(reasonOf(refused.failure), 'forbidden');
    const address = { node: 'node-1', host: '127.0.0.1', port: server.port };
    const { fingerprint } = await lookAtKubelet(address, {});
    const resolved = (await connections.kubeconfig()).resolve('test');
    const transport = connectToKubelet(resolved, address, { allowPlugins: false, environment: {}, fingerprint });
    after(() => transport.close());
    const direct = { ...settings, endpoint: () => Promise.resolve(straightToKubelet(transport, 'node-1')) };
    const [taken] = await takeAll(wanted, new Running(), NAMELESS, direct);
    assert.ok(taken && 'path' in taken);
    const { uid } = taken.wanted.pod;
    assert.deepEqual(subjectOf(taken.wanted), {
      namespace: 'lab',
      pod: 'web',
      uid,
      container: 'proxy',
      node: 'node-1',
    });
  });
});

describe('what keeps a node from making a checkpoint', () => {
  async function obstacleOf(login: Login | 'admin' = 'admin', name = 'node-1') {
    const connection = await connectionsOf(login).connect('test');
    const admin = await connectionsOf().connect('test');
    return obstacle(connection, await readNode(admin.cluster.api, name));
  }

  test('is nothing on a node that can', async () => {
    assert.equal(await obstacleOf(), undefined);
  });

  test('is a right that is missing, with the manifest that gives it', async () => {
    const found = await obstacleOf(serviceAccount(cluster));
    assert.equal(found?.question, 'rights');
    assert.match(found.remedy?.copy?.text ?? '', /resourceNames: \[node-1\]/);
  });

  test('is the API server’s own right, the gate, or a runtime that is too old', async () => {
    cluster.node().deniedKubeletClient = 'kube-apiserver-kaa';
    const denied = await obstacleOf();
    cluster.node().deniedKubeletClient = undefined;
    assert.equal(denied?.question, 'kubelet-rights');
    assert.match(say(denied.text), /kube-apiserver-kaa/);
    cluster.node().failure = 'gate-off';
    const gate = await obstacleOf();
    cluster.node().failure = undefined;
    assert.equal(gate?.question, 'gate');
    assert.equal((await obstacleOf('admin', 'node-old'))?.question, 'runtime');
  });
});
