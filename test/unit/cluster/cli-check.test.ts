/** What the command line says of nodes that lack something, that are not there, or that may not be listed. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cli } from '../cli/support.ts';
import { helperPods, temporary } from './node-support.ts';
import { serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2', runtime: 'containerd' }] });
process.env['KUBECONFIG'] = cluster.kubeconfig();
process.env['XDG_CACHE_HOME'] = temporary();
for (const name of ['HTTPS_PROXY', 'https_proxy']) Reflect.deleteProperty(process.env, name);

describe('cluster check', () => {
  interface Checked {
    readonly node: string;
    readonly points: readonly { question: string; state: string; message: string; remedy?: { copy?: unknown } }[];
  }

  test('tells of each node point by point what would mend it, and changes nothing', async () => {
    const before = readdirSync(cluster.node().checkpoints);
    const { code, stdout } = await cli('cluster', 'check');
    assert.equal(code, 0);
    assert.match(stdout, /^node-1\n {2}✓ You may make checkpoints on node-1\.\n/);
    assert.match(stdout, /\n\nnode-2\n {2}✓/);
    assert.match(
      stdout,
      /\n {2}\? .*established TCP.*\n {4}An administrator can allow it.*\n\n {6}mkdir -p \/etc\/criu/,
    );
    assert.deepEqual(readdirSync(cluster.node().checkpoints), before);
    assert.equal(helperPods(cluster).length, 0);
  });

  test('as JSON, with the archives where that is asked for', async () => {
    const { code, stdout } = await cli('cluster', 'check', 'node-1', '--archives', '--format', 'json');
    assert.equal(code, 0);
    const [checked] = JSON.parse(stdout) as readonly Checked[];
    assert.equal(checked?.node, 'node-1');
    const states = Object.fromEntries(checked.points.map(({ question, state }) => [question, state]));
    assert.deepEqual([states['rights'], states['gate'], states['archives']], ['good', 'good', 'good']);
    assert.equal(helperPods(cluster).length, 0);
  });

  test('ends with 1 where something keeps checkpoints away, or a node is not there', async () => {
    const login = serviceAccount(cluster);
    const path = cluster.kubeconfig(login);
    const refused = await cli('cluster', 'check', 'node-1', '--kubeconfig', path);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /✗ You \(system:serviceaccount:lab:\S+\) may not make checkpoints on node-1/);
    assert.match(refused.stdout, /\n {6}kind: ClusterRole\n/);
    const mixed = await cli('cluster', 'check', 'gone', 'node-1');
    assert.equal(mixed.code, 1);
    assert.match(mixed.stderr, /There is no node gone in test/);
    assert.match(mixed.stdout, /^node-1\n/);
  });
});

test('who may not list nodes is told to name one', async () => {
  const path = cluster.kubeconfig(serviceAccount(cluster, { verbs: ['get'], resources: ['nodes'] }));
  for (const words of [['archives'], ['nodes'], ['check']]) {
    const { code, stdout, stderr } = await cli('cluster', ...words, '--kubeconfig', path);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /cannot list resource "nodes".*\n.*Nodes can be named instead.*cluster pods.*\n[^]*kind: ClusterRole/,
    );
  }
});
