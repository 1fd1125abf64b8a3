import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { CheckpointRefused } from '../../../src/core/cluster/checkpoint/kubelet-answer.ts';
import { withoutArchive } from '../../../src/core/cluster/checkpoint/look-for-archive.ts';
import { straightToKubelet, throughApiServer } from '../../../src/core/cluster/checkpoint/node-endpoint.ts';
import { explainRuntimeFailure, type RuntimeFacts } from '../../../src/core/cluster/checkpoint/runtime-failure.ts';
import { takeCheckpoint } from '../../../src/core/cluster/checkpoint/take-checkpoint.ts';
import { connectToKubelet, lookAtKubelet } from '../../../src/core/cluster/connection/kubelet.ts';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { mayCheckpoint } from '../../../src/core/cluster/rights/access.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { KubeletServer } from '../../cluster/kubelet-server.ts';
import type { NodeFailure } from '../../cluster/node.ts';
import { addPod } from '../../cluster/workloads.ts';
import { archiveOf } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { connect, failureOf, PLAIN, serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2', runtime: 'containerd' }] });
for (const node of cluster.nodes.values()) {
  node.archives.set('*', archiveOf(node.runtime === 'cri-o' ? 'crio-tty' : 'containerd-counter'));
}
for (const node of ['node-1', 'node-2']) {
  addPod(cluster, {
    name: `web-${node}`,
    node,
    containers: ['web', 'log'],
    init: ['prepare'],
    sidecars: ['mesh'],
    ephemeral: ['debugger'],
  });
  addPod(cluster, { name: `done-${node}`, node, state: { terminated: { exitCode: 0, reason: 'Completed' } } });
}

interface Where {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly node?: string;
}

let count = 0;

/** A pod of its own for each: a container is checkpointed once a second at most. */
function freshPod(node = 'node-1'): string {
  const name = `pod-${String(++count)}`;
  addPod(cluster, { name, node, containers: ['web'] });
  return name;
}

function take(
  opened: Cluster,
  { namespace = 'lab', pod = 'web-node-1', container = 'web', node = 'node-1' }: Where,
  facts?: RuntimeFacts,
) {
  return takeCheckpoint(throughApiServer(opened.api.transport, node), { namespace, pod, container, node }, { facts });
}

async function refusalOf(work: Promise<unknown>): Promise<CheckpointRefused> {
  const error = await failureOf(work);
  assert.ok(error instanceof CheckpointRefused, `${error.reason}: ${error.message}`);
  return error;
}

describe('a checkpoint', async () => {
  const opened = await connect(cluster);

  test('is made, and its path comes back', async () => {
    for (const container of ['web', 'mesh', 'debugger']) {
      const taken = await take(opened, { container });
      assert.match(
        taken.path,
        new RegExp(`^/var/lib/kubelet/checkpoints/checkpoint-web-node-1_lab-${container}-.*Z\\.tar$`),
      );
      assert.deepEqual(readFileSync(join(cluster.node().root, taken.path)), readFileSync(archiveOf('crio-tty')));
      assert.ok(taken.elapsed > 0 && taken.elapsed < 60_000);
    }
  });

  test('never happens twice at once nor in a second to one container, whoever asks', async () => {
    const pod = freshPod();
    const [first, second] = await Promise.all([take(opened, { pod }), take(await connect(cluster), { pod })]);
    assert.notEqual(first.path, second.path);
    assert.equal(readdirSync(cluster.node().checkpoints).filter((name) => name.includes(`${pod}_`)).length, 2);
  });

  test('of different containers happens at once', async () => {
    const node = cluster.node();
    Object.assign(node, { checkpointTime: 500, mostAtOnce: 0 });
    await Promise.all(Array.from({ length: 6 }, () => take(opened, { pod: freshPod() })));
    node.checkpointTime = 30;
    assert.ok(node.mostAtOnce > 1);
  });

  test('goes on to the kubelet with the time that it may take', async () => {
    cluster.server.seen.length = 0;
    const endpoint = throughApiServer(opened.api.transport, 'node-1');
    await takeCheckpoint(
      endpoint,
      { namespace: 'lab', pod: freshPod(), container: 'web', node: 'node-1' },
      { timeout: 299.2 },
    );
    assert.equal(cluster.server.seen.at(-1)?.query, '?timeout=300');
  });
});

describe('a checkpoint that is not made says why', async () => {
  const opened = await connect(cluster);

  test('what is meant is not there, or does not run', async () => {
    const cases: readonly (readonly [Where, string, RegExp])[] = [
      [{ pod: 'gone' }, 'not-found', /^There is no pod lab\/gone on node-1 any more\. Refresh the list\.$/],
      [{ namespace: 'gone' }, 'not-found', /^There is no pod gone\/web-node-1 on node-1/],
      [{ container: 'gone' }, 'not-found', /^The pod lab\/web-node-1 has no container gone\. Refresh the list/],
      [
        { pod: 'done-node-1', container: 'done-node-1' },
        'not-found',
        /^Container done-node-1 of lab\/done-node-1 is not running on node-1/,
      ],
      [{ container: 'prepare' }, 'not-found', /^Container prepare of lab\/web-node-1 is not running on node-1/],
      [{ node: 'nonode' }, 'not-found', /^test has no node nonode any more/],
    ];
    for (const [where, reason, words] of cases) {
      const error = await refusalOf(take(opened, where));
      assert.equal(error.reason, reason);
      assert.match(error.message, words);
      assert.equal(error.mayExist, false);
    }
  });

  test('names that no address can have', async () => {
    for (const where of [{ pod: '..' }, { container: '' }, { node: 'a/b' }]) {
      assert.equal((await failureOf(take(opened, where))).reason, 'usage');
    }
  });

  const failures: readonly (readonly [NodeFailure, string, RegExp, RegExp | undefined])[] = [
    ['gate-off', 'unsupported', /^The kubelet of node-\d has checkpoints switched off/, /ContainerCheckpoint: true/],
    [
      'kubelet-down',
      'unreachable',
      /^The API server of test cannot reach the kubelet of node-\d: dial tcp 10\.99\.0\.1:10250: connect: connection refused/,
      /^systemctl status kubelet;/,
    ],
    [
      'runtime-down',
      'unavailable',
      /^The container runtime on node-\d does not answer \((?:\/var\/run\/crio\/crio|\/run\/containerd\/containerd)\.sock\)/,
      /^systemctl status (?:crio|containerd);/,
    ],
    [
      'support-off',
      'unsupported',
      /^The container runtime on node-\d has its support for checkpoints off/,
      /container_level_enabled = "checkpoint_restore"|enable_criu = true/,
    ],
    [
      'criu-missing',
      'unsupported',
      /^(?:CRIU, which makes the checkpoints, is not installed on node-2|The container runtime on node-1 has its support)/,
      /criu|checkpoint_restore/,
    ],
    ['criu-broken', 'unsupported', /^CRIU on node-\d cannot be used: it is too old or does not run/, /criu check/],
    [
      'tcp-established',
      'unsupported',
      /established TCP connection|does not say why: the reason is in \/run\/containerd\/.*criu-dump\.log on the node/,
      /tcp-established|grep Error -- '\/run\/containerd[^']*'\n$/,
    ],
    [
      'unimplemented',
      'unsupported',
      /^The container runtime of node-\d \((?:cri-o 1\.37\.0|containerd 2\.1\.9\+unknown)\) cannot make checkpoints/,
      undefined,
    ],
  ];
  for (const [failure, reason, words, copy] of failures) {
    test(failure, async () => {
      for (const node of cluster.nodes.values()) {
        node.failure = failure;
        const facts = { runtime: node.runtime, runtimeVersion: node.runtimeVersion };
        const error = await refusalOf(
          take(opened, { pod: `web-${node.name}`, container: 'log', node: node.name }, facts),
        );
        node.failure = undefined;
        assert.equal(error.reason, reason, error.message);
        assert.match(error.message, words);
        if (copy) assert.match(error.remedy?.copy?.text ?? '', copy);
      }
    });
  }

  test('too long for the node: the archive may be there all the same', async () => {
    for (const node of cluster.nodes.values()) {
      const pod = freshPod(node.name);
      Object.assign(node, { requestTimeout: 50, checkpointTime: 200 });
      const error = await refusalOf(take(opened, { pod, node: node.name }));
      Object.assign(node, { requestTimeout: 120_000, checkpointTime: 30 });
      assert.deepEqual([error.reason, error.mayExist], ['timeout', true]);
      assert.match(error.message, /took longer than node-\d allows/);
      // CRI-O's is there, containerd's is not.
      const made = readdirSync(node.checkpoints).some((name) => name.includes(`${pod}_`));
      assert.equal(made, node.runtime === 'cri-o');
    }
  });

  test('in words of its own where they are not known, without those of the protocol', () => {
    const subject = { namespace: 'lab', pod: 'web', container: 'app', node: 'node-1' };
    const { text } = explainRuntimeFailure('rpc error: code = Unknown desc = the moon is full', subject, undefined);
    assert.equal(say(text), 'app of lab/web could not be checkpointed on node-1: the moon is full.');
  });

  test('another one is under way', async () => {
    // Twice: containerd says one or the other.
    for (const node of [...cluster.nodes.values(), ...cluster.nodes.values()]) {
      const pod = freshPod(node.name);
      node.checkpointTime = 300;
      const path = `/api/v1/nodes/${node.name}/proxy/checkpoint/lab/${pod}/web`;
      // Somebody else's: not through this program's own turns.
      const other = opened.api.transport.send({ method: 'POST', path });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const error = await refusalOf(take(opened, { pod, node: node.name }));
      node.checkpointTime = 30;
      assert.match(error.message, /^Another checkpoint of web in lab\/pod-\d+ is being made/);
      // What helps stays when it is known that there is no archive.
      const remedies = [error, withoutArchive(error, node.name)].map(({ remedy }) => remedy && say(remedy.text));
      assert.equal(remedies[0], 'Try again when that one is done.');
      assert.equal(remedies[1], `There is no archive of it on ${node.name} so far. Try again when that one is done.`);
      (await other).discard();
    }
  });

  test('a connection that breaks off: the archive may be there all the same', async () => {
    const pod = freshPod();
    cluster.server.faults.add({ cutAfter: () => 0, times: 1 });
    const error = await refusalOf(take(opened, { pod }));
    assert.deepEqual([error.reason, error.mayExist], ['unreachable', true]);
    const { checkpoints } = cluster.node();
    assert.equal(
      readdirSync(checkpoints).some((name) => name.includes(`${pod}_`)),
      true,
    );
  });

  test('given up: what CRI-O has begun it ends', async () => {
    const pod = freshPod();
    Object.assign(cluster.node(), { checkpointTime: 200, mostAtOnce: 0 });
    const endpoint = throughApiServer(opened.api.transport, 'node-1');
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const failure = failureOf(
      takeCheckpoint(endpoint, { namespace: 'lab', pod, container: 'web', node: 'node-1' }, { signal }),
    );
    await until(() => cluster.node().mostAtOnce > 0);
    giveUp.abort();
    assert.equal((await failure).reason, 'cancelled');
    await until(() => readdirSync(cluster.node().checkpoints).some((name) => name.includes(`${pod}_`)));
    cluster.node().checkpointTime = 30;
  });
});

describe('rights', () => {
  const confined = (name: string) => ({ verbs: ['create'], resources: ['nodes/proxy'], names: [name] });

  test('exactly create on nodes/proxy, also of one node', async () => {
    const allowed = await connect(cluster, serviceAccount(cluster, confined('node-1')));
    await take(allowed, { pod: freshPod() });
    assert.deepEqual(await Promise.all(['node-1', 'node-2'].map((node) => mayCheckpoint(allowed.api, node))), [
      true,
      false,
    ]);
    for (const rule of [
      confined('node-2'),
      { verbs: ['get'], resources: ['nodes/proxy'] },
      { verbs: ['create'], resources: ['nodes/checkpoint'] },
    ]) {
      const login = serviceAccount(cluster, rule);
      const error = await refusalOf(take(await connect(cluster, login), {}));
      assert.equal(error.reason, 'forbidden');
      assert.match(
        error.message,
        /^You \(system:serviceaccount:lab:account-\d+\) may not make checkpoints on node-1: it takes the right to create nodes\/proxy there\.$/,
      );
      const yaml = error.remedy?.copy?.text ?? '';
      assert.match(yaml, /resources: \[nodes\/proxy\]\n {4}resourceNames: \[node-1\]\n {4}verbs: \[create\]/);
      assert.match(yaml, /kind: ServiceAccount\n {4}name: account-\d+\n {4}namespace: lab\n/);
    }
  });

  test('of the API server at the kubelet: another refusal, another remedy', async () => {
    cluster.node().deniedKubeletClient = 'kube-apiserver-kaa';
    const error = await refusalOf(take(await connect(cluster), {}));
    cluster.node().deniedKubeletClient = undefined;
    assert.equal(error.reason, 'forbidden');
    assert.match(
      error.message,
      /^The kubelet on node-1 refused the checkpoint: the API server’s own account \(kube-apiserver-kaa\) may not create nodes\/checkpoint\.$/,
    );
    assert.match(
      error.remedy?.copy?.text ?? '',
      /resources: \[nodes\/checkpoint\][\s\S]*kind: User\n.*\n {4}name: kube-apiserver-kaa\n/,
    );
  });

  test('nobody', async () => {
    const opened = await connect(cluster, {});
    const error = await refusalOf(take(opened, {}));
    assert.equal(error.reason, 'unauthorized');
    assert.match(error.message, /^test takes you for nobody \(system:anonymous\)/);
    // A role for everybody who comes by is no remedy.
    assert.equal(error.remedy, undefined);
    assert.equal((await failureOf(mayCheckpoint(opened.api, 'node-1'))).reason, 'unauthorized');
  });
});

describe("the kubelet's own address", async () => {
  const kubelet = cluster.kubelet('node-1');
  assert.ok(kubelet);
  const server = new KubeletServer('node-1', kubelet, cluster.users, cluster.authority);
  await server.listen();
  after(() => server.close());
  const address = { node: 'node-1', host: '127.0.0.1', port: server.port };

  async function straight(path: string, fingerprint: string) {
    const resolved = (await loadKubeconfig({ path })).resolve();
    const transport = connectToKubelet(resolved, address, { allowPlugins: true, environment: PLAIN, fingerprint });
    after(() => transport.close());
    return (pod: string) =>
      takeCheckpoint(straightToKubelet(transport, 'node-1'), {
        namespace: 'lab',
        pod,
        container: 'web',
        node: 'node-1',
      });
  }

  test('is known by the fingerprint that a person has seen', async () => {
    const facts = await lookAtKubelet(address, PLAIN);
    assert.match(facts.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.deepEqual([facts.subject, facts.names], ['CN=node-1@1700000000', 'DNS:node-1']);
    const ask = await straight(cluster.kubeconfig(), facts.fingerprint);
    assert.match((await ask(freshPod())).path, /\.tar$/);
  });

  test('of another fingerprint is told nothing', async () => {
    let requests = 0;
    cluster.node().onAsked = () => requests++;
    const ask = await straight(cluster.kubeconfig(), `${'AA:'.repeat(31)}AA`);
    const error = await refusalOf(ask(freshPod()));
    assert.ok(ClusterError.is(error, 'tls'));
    assert.match(error.message, /is not the one that was accepted before: its fingerprint is [0-9A-F]{2}:/);
    assert.equal(requests, 0);
  });

  test('takes exactly create on nodes/checkpoint', async () => {
    const { fingerprint } = await lookAtKubelet(address, PLAIN);
    const login = (resource: string) =>
      cluster.kubeconfig(serviceAccount(cluster, { verbs: ['create'], resources: [resource] }));
    await (
      await straight(login('nodes/checkpoint'), fingerprint)
    )(freshPod());
    const error = await refusalOf((await straight(login('nodes/proxy'), fingerprint))(freshPod()));
    assert.match(
      error.message,
      /^The kubelet of node-1 refused: you \(system:serviceaccount:lab:account-\d+\) may not create nodes\/checkpoint\.$/,
    );
    const nobody = await refusalOf((await straight(cluster.kubeconfig({}), fingerprint))(freshPod()));
    assert.equal(nobody.reason, 'unauthorized');
  });
});
