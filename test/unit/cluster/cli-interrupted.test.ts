/** The command line after Ctrl+C: what it leaves, and what it says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { PODS } from '../../cluster/pod-life.ts';
import { addPod } from '../../cluster/workloads.ts';
import { program, start } from '../cli/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { helperPods, temporary } from './node-support.ts';
import { serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster();
cluster.node().archives.set('*', archiveOf('crio-rich'));
addPod(cluster, { name: 'shop', containers: ['web'] });

process.env['KUBECONFIG'] = cluster.kubeconfig();
process.env['XDG_CACHE_HOME'] = temporary();
for (const name of ['HTTPS_PROXY', 'https_proxy']) Reflect.deleteProperty(process.env, name);

test('interrupted, the program leaves a part that can be gone on with, and no helper pod', async () => {
  const bytes = Buffer.alloc(30_000_000, 'x');
  writeFileSync(join(cluster.node().checkpoints, 'long.tar'), bytes);
  const folder = temporary();
  const child = start(['download', 'node://test/node-1/var/lib/kubelet/checkpoints/long.tar', '-o', folder]);
  const isUnderWay = () =>
    readdirSync(folder).includes('long.tar.partial') && readFileSync(join(folder, 'long.tar.partial')).length > 0;
  while (!isUnderWay() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 130);
  assert.deepEqual(readdirSync(folder).sort(), ['long.tar.partial', 'long.tar.partial.json']);
  assert.equal(helperPods(cluster).length, 0);
  const outcome = await program(['download', 'node://test/node-1/var/lib/kubelet/checkpoints/long.tar', '-o', folder]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(readFileSync(join(folder, 'long.tar')), bytes);
});

describe('interrupted, a checkpoint', () => {
  const SLOW = { name: 'slow', namespace: 'moby' };
  beforeEach(() => addPod(cluster, SLOW));
  afterEach(() => {
    cluster.server.faults.clear();
    cluster.node().checkpointTime = 30;
    cluster.store.remove(PODS, cluster.store.get(PODS, 'moby', 'slow'));
  });

  test('is looked for on the node, and what was made before is told too', async () => {
    // CRI-O goes on when nobody waits any more.
    cluster.node().checkpointTime = 1500;
    const { stdout, stderr, code } = await interrupted(['checkpoint', 'lab/shop/web', 'moby/slow']);
    assert.equal(code, 130);
    assert.match(stderr, /node-1 may finish the checkpoint of slow in moby\/slow all the same.*Ctrl\+C again/);
    assert.match(stderr, /node-1 made the archive all the same\./);
    assert.match(stdout, /^node:\S+shop_lab-web\S+\nnode:\S+slow_moby-slow\S+\.tar\n$/);
    assert.equal(helperPods(cluster).length, 0);
  });

  test('that nobody may look for is said to be unknown, and how to see it', async () => {
    cluster.node().checkpointTime = 1500;
    const login = serviceAccount(
      cluster,
      { verbs: ['get'], resources: ['pods'], namespace: 'moby' },
      { verbs: ['create'], resources: ['nodes/proxy'] },
    );
    const { stdout, stderr, code } = await interrupted([
      'checkpoint',
      'moby/slow',
      '--kubeconfig',
      cluster.kubeconfig(login),
    ]);
    assert.deepEqual([code, stdout], [130, '']);
    assert.match(stderr, /is not known: You \(\S+\) may not create the helper pod.*cluster archives node-1 --context/);
  });

  test('is looked for until the second interrupt, and no longer', async () => {
    cluster.node().checkpointTime = 5000;
    let isAsked = false;
    const { stdout, code } = await interrupted(['checkpoint', 'moby/slow'], (child) => {
      cluster.server.faults.add({
        match: ({ method, path }) => {
          isAsked ||= method === 'POST' && path.endsWith('/pods');
          if (isAsked) child.kill('SIGINT');
          return false;
        },
      });
    });
    assert.deepEqual([code, stdout, isAsked], [130, '', true]);
  });
});

/** Runs the program, interrupts it once the node has begun with the pod `moby/slow`, and waits for its end. */
async function interrupted(args: readonly string[], then?: (child: ReturnType<typeof start>) => void) {
  const child = start(args);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString('utf8')));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString('utf8')));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const asked = new Promise<void>((resolve) => {
    cluster.server.faults.add({
      match: ({ method, path }) => {
        if (method === 'POST' && path.includes('/checkpoint/moby/slow')) resolve();
        return false;
      },
    });
  });
  await Promise.race([asked, closed]);
  then?.(child);
  child.kill('SIGINT');
  return { code: await closed, stdout, stderr };
}
