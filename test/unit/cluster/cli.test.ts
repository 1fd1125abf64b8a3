import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseAcquisition } from '../../../src/protocol/acquisition.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { addPod } from '../../cluster/workloads.ts';
import { cli } from '../cli/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { helperPods, temporary } from './node-support.ts';
import { serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2', runtime: 'containerd' }] });
const NAME = 'checkpoint-tty_lab-tty-2026-11-23T22:31:03Z.tar';
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, NAME));
for (const node of cluster.nodes.values()) node.archives.set('*', archiveOf('crio-rich'));
addPod(cluster, { name: 'shop', containers: ['web', 'log'], init: ['prepare'] });
addPod(cluster, { name: 'other', namespace: 'default', node: 'node-2' });
const LOCATOR = `node://test/node-1/var/lib/kubelet/checkpoints/${NAME}`;
const SHA256 = createHash('sha256')
  .update(readFileSync(archiveOf('crio-tty')))
  .digest('hex');

process.env['KUBECONFIG'] = cluster.kubeconfig();
process.env['XDG_CACHE_HOME'] = temporary();
for (const name of ['HTTPS_PROXY', 'https_proxy']) Reflect.deleteProperty(process.env, name);

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await cli(...args, '--format', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

describe('cluster', () => {
  test('contexts', async () => {
    const { code, stdout } = await cli('cluster', 'contexts');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^CURRENT {3}NAME {3}CLUSTER {3}NAMESPACE {3}SERVER\n.*\n\* {9}test {3}c {9}lab {9}127\.0\.0\.1:\d+\n$/,
    );
    assert.deepEqual(
      ((await json('cluster', 'contexts')) as { name: string; current: boolean }[]).map(({ name, current }) => [
        name,
        current,
      ]),
      [['test', true]],
    );
    const none = await cli('cluster', 'contexts', '--kubeconfig', '/nowhere');
    assert.deepEqual([none.code, none.stdout], [1, '']);
    assert.match(none.stderr, /There is no file or folder \/nowhere/);
  });

  test('pods', async () => {
    const { stdout } = await cli('cluster', 'pods');
    assert.match(stdout, /lab +shop +prepare +init +Completed +0 +node-1 +\S+\n/);
    assert.match(stdout, /lab +shop +web +regular +running +0 +node-1/);
    assert.doesNotMatch(stdout, /other/);
    const all = (await json('cluster', 'pods', '-A')) as {
      name: string;
      containers: { start_at?: string; kind: string }[];
    }[];
    assert.deepEqual(
      all.map(({ name, containers }) => [name, containers.map(({ kind }) => kind)]),
      [
        ['other', ['regular']],
        ['shop', ['init', 'regular', 'regular']],
      ],
    );
    assert.deepEqual(await json('cluster', 'pods', '-n', 'kube-system'), []);
    assert.match((await cli('cluster', 'pods', '-n', 'kube-system')).stdout, /^No pods found in kube-system of test$/m);
  });

  test('nodes', async () => {
    const { stdout } = await cli('cluster', 'nodes');
    assert.match(stdout, /node-1 +ready +cri-o 1\.37\.0 +v1\.36\.2/);
    assert.match(stdout, /node-2 +ready +containerd 2\.1\.9/);
  });

  test('archives', async () => {
    const list = (await json('cluster', 'archives')) as { locator: string; size: number; pod: string }[];
    assert.deepEqual(
      list.map(({ locator, size, pod }) => [locator, size, pod]),
      [[LOCATOR, readFileSync(archiveOf('crio-tty')).length, 'tty']],
    );
    assert.match((await cli('cluster', 'archives', 'node-2')).stdout, /^No archives found/);
    const { code, stderr } = await cli('cluster', 'archives', 'node-3');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /There is no node node-3 in test\.\n.*To see which there are: checkpoint-explorer cluster nodes/,
    );
  });
});

test('checkpoint: all that run in a pod, or one container', async () => {
  const made = (await json('checkpoint', 'lab/shop')) as { locator: string; container: string; microseconds: number }[];
  assert.deepEqual(
    made.map(({ container }) => container),
    ['web', 'log'],
  );
  for (const { locator, microseconds } of made) {
    assert.match(locator, /^node:\/\/test\/node-1\/var\/lib\/kubelet\/checkpoints\/checkpoint-shop_lab-/);
    assert.ok(microseconds > 0);
    const shown = (await json('show', locator)) as { container_name: string }[];
    assert.equal(shown[0]?.container_name, 'app');
  }
  const one = await cli('checkpoint', 'shop/log');
  assert.equal(one.code, 1);
  assert.match(
    one.stderr,
    /There is no pod log in the namespace shop of test\.\n.*NAMESPACE\/POD\/CONTAINER.*--context/,
  );
  const alone = await cli('checkpoint', 'lab/shop/prepare');
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /Container prepare of lab\/shop is not running on node-1/);
  const wrong = await cli('checkpoint', 'lab/shop/weeb');
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /lab\/shop has no container weeb\. It has: prepare, web, log\./);
  assert.equal((await cli('checkpoint', 'lab/shop/web', 'a/b/c/d')).code, 2);
});

test('checkpoint: of several, one that is not there does not keep the others from being made, and told', async () => {
  const { code, stdout, stderr } = await cli('checkpoint', 'shop', 'gone', 'default/other');
  assert.equal(code, 1);
  assert.match(stderr, /There is no pod gone in the namespace lab of test\./);
  assert.match(stdout, /^node:\S+shop_lab-web\S+\nnode:\S+shop_lab-log\S+\nnode:\S+other_default-\S+\n$/);
  cluster.server.faults.add({ match: ({ path }) => path.endsWith('/pods/other'), answer: { status: 401, body: '' } });
  const broken = await cli('checkpoint', 'lab/shop/web', 'default/other', 'gone');
  cluster.server.faults.clear();
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^node:\S+shop_lab-web\S+\n$/);
  assert.match(broken.stderr, /does not know who you are/);
  assert.doesNotMatch(broken.stderr, /no pod gone/);
});

test('checkpoint: one that seemed to fail is looked for', async () => {
  Object.assign(cluster.node(), { requestTimeout: 50, checkpointTime: 100 });
  const { code, stdout, stderr } = await cli('checkpoint', 'lab/shop/web');
  Object.assign(cluster.node(), { requestTimeout: 120_000, checkpointTime: 30 });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /took longer than node-1 allows.*the archive was made all the same/is);
  assert.match(stdout, /^node:\/\/test\/node-1\/.*checkpoint-shop_lab-web-/);
});

test('checkpoint: one that failed and left nothing is said to have, once that was looked for', async () => {
  addPod(cluster, { name: 'late', namespace: 'moby', node: 'node-2' });
  Object.assign(cluster.node('node-2'), { requestTimeout: 50, checkpointTime: 100 });
  // Containerd gives up with the kubelet.
  const { code, stdout, stderr } = await cli('checkpoint', 'moby/late', '--namespace', 'lab');
  Object.assign(cluster.node('node-2'), { requestTimeout: 120_000, checkpointTime: 30 });
  cluster.store.remove(PODS, cluster.store.get(PODS, 'moby', 'late'));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /took longer than node-2 allows\.$/m);
  assert.match(stderr, /There is no archive of it on node-2 so far\. Allow more time/);
});

test('checkpoint: why it failed is looked up on the node where the runtime only says where that is written', async () => {
  addPod(cluster, { name: 'moby', namespace: 'moby', node: 'node-2' });
  cluster.node('node-2').failure = 'tcp-established';
  const { code, stderr } = await cli('checkpoint', 'moby/moby', '--namespace', 'lab');
  assert.equal(code, 1);
  assert.match(stderr, /Container moby of moby\/moby has an established TCP connection/);
  assert.match(stderr, /echo 'tcp-established' >> \/etc\/criu\/runc\.conf/);
  // CRIU has written none, or elsewhere.
  addPod(cluster, { name: 'else', namespace: 'moby', node: 'node-2' });
  cluster.node('node-2').logsElsewhere = true;
  const elsewhere = await cli('checkpoint', 'moby/else', '--namespace', 'lab');
  cluster.node('node-2').logsElsewhere = false;
  cluster.store.remove(PODS, cluster.store.get(PODS, 'moby', 'else'));
  assert.match(
    elsewhere.stderr,
    /its log is not where the runtime says, at \/run\/containerd\/\S+\/criu-dump\.log\.\n.*log-file/,
  );
  // Without the right to look it stays what the runtime said.
  const blind = await cli('checkpoint', 'moby/moby', '--namespace', 'nowhere');
  cluster.node('node-2').failure = undefined;
  assert.equal(blind.code, 1);
  assert.match(
    blind.stderr,
    /node-2 does not say why: the reason is in \/run\/containerd\/\S+\/criu-dump\.log on the node/,
  );
  cluster.store.remove(PODS, cluster.store.get(PODS, 'moby', 'moby'));
});

describe('an archive on a node', () => {
  test('is shown where it is', async () => {
    const { code, stdout, stderr } = await cli('inspect', '--ps-tree', LOCATOR);
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as { container_name: string }[])[0]?.container_name, 'tty');
    assert.equal(helperPods(cluster).length, 0, 'no helper pod stays');
  });

  test('is downloaded, with its record', async () => {
    const folder = temporary();
    const { code, stdout, stderr } = await cli('download', LOCATOR, '-o', folder);
    assert.equal(code, 0, stderr);
    const target = join(folder, NAME.replaceAll(':', '-'));
    assert.equal(stdout, `${SHA256}  ${target}\n`);
    assert.deepEqual(readFileSync(target), readFileSync(archiveOf('crio-tty')));
    const record = parseAcquisition(readFileSync(`${target}.acquisition.json`, 'utf8'));
    assert.equal(record?.archive.sha256, SHA256);
    const { told_by: by, namespace, pod, pod_uid: uid, name, id, image } = record.container ?? {};
    assert.deepEqual([by, namespace, pod, name], ['archive', 'lab', 'tty', 'tty']);
    assert.match(`${uid ?? ''} ${id ?? ''} ${image ?? ''}`, /^[0-9a-f-]{36} [0-9a-f]{64} localhost\/\S+$/);
    const again = await cli('download', LOCATOR, '-o', folder);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already, and is not written over/);
    assert.equal(helperPods(cluster).length, 0);
  });

  test('is downloaded into a folder that is not there, if a slash says that it is one', async () => {
    const folder = join(temporary(), 'case 7', 'node-1');
    const { code, stdout, stderr } = await cli('download', LOCATOR, '-o', `${folder}/`);
    assert.equal(code, 0, stderr);
    const target = join(folder, NAME.replaceAll(':', '-'));
    assert.equal(stdout, `${SHA256}  ${target}\n`);
    assert.ok(existsSync(target));
    // What a process had in its memory is nobody else's business.
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal((await cli('download', LOCATOR, '-o', `${folder}/`)).code, 1);
    // Without the slash it is the name of the file, whose folder has to be there.
    const file = join(temporary(), 'web');
    assert.equal((await cli('download', LOCATOR, '-o', file)).stdout, `${SHA256}  ${file}\n`);
    const nowhere = await cli('download', LOCATOR, '-o', join(temporary(), 'new', 'web.tar'));
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /There is no file or folder .*new/);
  });

  test('makes no folder for nothing, and none in the place of a file', async () => {
    const folder = join(temporary(), 'new');
    const none = await cli('download', LOCATOR.replace('tty_lab', 'gone_lab'), '-o', `${folder}/`);
    assert.deepEqual([none.code, existsSync(folder)], [1, false]);
    writeFileSync(folder, '');
    for (const path of [`${folder}/`, `${folder}/deeper/`]) {
      const { code, stderr } = await cli('download', LOCATOR, '-o', path);
      assert.equal(code, 1);
      assert.match(stderr, /cannot be a folder: there is a file in its place/);
    }
  });

  test('is deleted, if that is meant', async () => {
    copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, 'old.tar'));
    const locator = 'node://test/node-1/var/lib/kubelet/checkpoints/old.tar';
    const asked = await cli('delete', locator);
    assert.equal(asked.code, 2);
    assert.equal(existsSync(join(cluster.node().checkpoints, 'old.tar')), true);
    const { code, stderr } = await cli('delete', locator, '--yes');
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(join(cluster.node().checkpoints, 'old.tar')), false);
    assert.equal((await cli('delete', locator, '--yes')).code, 1);
  });

  test('wrong usage', async () => {
    for (const args of [
      ['download', LOCATOR],
      ['download', 'web.tar', '-o', 'x'],
      ['delete', 'web.tar', '--yes'],
      ['cluster', 'nodes', '--timeout', 'soon'],
      ['cluster', 'gone'],
    ]) {
      const { code, stdout } = await cli(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    }
  });
});

test('a server without TLS is told no credentials, and that is said', async () => {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    response.writeHead(401).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  after(() => server.close());
  const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const kubeconfig = cluster.kubeconfig(serviceAccount(cluster), {
    change: ({ clusters: [one] }) => {
      if (one) one.cluster['server'] = `HTTP://${address}`;
    },
  });
  const { code, stderr } = await cli('cluster', 'nodes', '--kubeconfig', kubeconfig);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`What is said to ${address} is not encrypted`));
  assert.ok(heard.length > 0);
  for (const headers of heard) assert.equal(headers.authorization, undefined);
});

test('within a time limit it is told why a helper pod does not start', async () => {
  cluster.node('node-2').failure = 'kubelet-down';
  const { code, stderr } = await cli('cluster', 'archives', 'node-2', '--timeout', '4');
  cluster.node('node-2').failure = undefined;
  assert.equal(code, 1);
  assert.match(stderr, /did not start within 3 seconds: the kubelet of node-2 took no notice of it\. Is the node up\?/);
  assert.equal(helperPods(cluster).length, 0);
});

test('archives of a node that is not ready are not said to be none', async () => {
  const half = await startCluster({ nodes: [{ name: 'node-up' }, { name: 'node-gone', ready: false }] });
  copyFileSync(archiveOf('crio-tty'), join(half.node('node-up').checkpoints, NAME));
  const outcome = await cli('cluster', 'archives', '--kubeconfig', half.kubeconfig());
  assert.equal(outcome.code, 1);
  assert.match(outcome.stdout, /^node-up .*checkpoint-tty_lab-tty/m);
  assert.match(outcome.stderr, /node-gone is not ready, so it was not looked at\./);
  rmSync(join(half.node('node-up').checkpoints, NAME));
  const none = await cli('cluster', 'archives', '--kubeconfig', half.kubeconfig());
  assert.deepEqual([none.code, none.stdout], [1, '']);
});

test('a cluster that does not answer is given up', async () => {
  cluster.server.faults.add({ delay: 5000, times: 1 });
  const { code, stderr } = await cli('cluster', 'nodes', '--timeout', '1');
  assert.equal(code, 1);
  assert.match(stderr, /The cluster did not get it done within 1 seconds/);
});

test('no output holds a credential', async () => {
  const login = serviceAccount(cluster, { verbs: ['get'], resources: ['pods'], namespace: 'lab' });
  const path = cluster.kubeconfig(login);
  const outputs: string[] = [];
  for (const args of [
    ['cluster', 'contexts'],
    ['cluster', 'contexts', '--format', 'json'],
    ['cluster', 'pods'],
    ['cluster', 'nodes'],
    ['cluster', 'archives'],
    ['checkpoint', 'lab/shop/web'],
    ['download', LOCATOR, '-o', temporary()],
    ['delete', LOCATOR, '--yes'],
  ]) {
    const { stdout, stderr } = await cli(...args, '--kubeconfig', path);
    outputs.push(stdout, stderr);
  }
  cluster.users.revoke(login.token);
  outputs.push((await cli('cluster', 'pods', '--kubeconfig', path)).stderr);
  const all = outputs.join('');
  assert.match(all, /may not make checkpoints on node-1/);
  assert.match(all, /does not know who you are/);
  assert.doesNotMatch(all, new RegExp(login.token));
  assert.doesNotMatch(all, /Bearer|PRIVATE KEY/);
});

test('the rights that the README names suffice', async () => {
  const login = serviceAccount(
    cluster,
    { verbs: ['get', 'list'], resources: ['pods'], namespace: 'lab' },
    { verbs: ['create'], resources: ['nodes/proxy'], names: ['node-1'] },
    { verbs: ['create', 'get', 'list', 'delete'], resources: ['pods'], namespace: 'lab' },
    { verbs: ['get', 'create'], resources: ['pods/exec'], namespace: 'lab' },
  );
  const path = cluster.kubeconfig(login);
  const made = await cli('checkpoint', 'lab/shop/log', '--kubeconfig', path);
  assert.equal(made.code, 0, made.stderr);
  const archives = await cli('cluster', 'archives', 'node-1', '--kubeconfig', path);
  assert.equal(archives.code, 0, archives.stderr);
  const fetched = await cli('download', made.stdout.trim(), '-o', temporary(), '--kubeconfig', path);
  assert.equal(fetched.code, 0, fetched.stderr);
});

describe('who lacks a right is told what to ask for', () => {
  const login = serviceAccount(cluster, { verbs: ['get', 'list'], resources: ['pods'], namespace: 'lab' });
  const path = cluster.kubeconfig(login);

  test('to make checkpoints, with a ClusterRole confined to the node', async () => {
    const { code, stdout, stderr } = await cli('checkpoint', 'lab/shop/web', '--kubeconfig', path);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /may not make checkpoints on node-1.*\n.*An administrator can allow it/);
    assert.match(
      stderr,
      /^apiVersion: rbac\.authorization\.k8s\.io\/v1\nkind: ClusterRole\n[^]*^ {4}resourceNames: \[node-1\]\n[^]*^kind: ClusterRoleBinding\n[^]*^ {2}- kind: ServiceAccount\n/m,
    );
  });

  test('once, however many containers it is about', async () => {
    const { code, stderr } = await cli('checkpoint', 'lab/shop', '--kubeconfig', path);
    assert.equal(code, 1);
    assert.equal(stderr.match(/may not make checkpoints on node-1/g)?.length, 1);
    assert.equal(stderr.match(/^kind: ClusterRole$/gm)?.length, 1);
  });

  test('to read the files of a node, with a Role', async () => {
    const { code, stderr } = await cli('cluster', 'archives', 'node-1', '--kubeconfig', path);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /may not create the helper pod in the namespace lab.*\n.*CHECKPOINT_EXPLORER_HELPER_NAMESPACE/,
    );
    assert.match(stderr, /^kind: Role\n[^]*^ {4}resources: \[pods\/exec\]\n/m);
  });
});

test('commands that open an archive in place take the helper pod from the environment', async () => {
  process.env['CHECKPOINT_EXPLORER_HELPER_IMAGE'] = 'registry.example/missing:1';
  const absent = await cli('show', LOCATOR);
  process.env['CHECKPOINT_EXPLORER_HELPER_IMAGE'] = 'registry.example/busybox:1';
  process.env['CHECKPOINT_EXPLORER_HELPER_NAMESPACE'] = 'elsewhere';
  const nowhere = await cli('show', LOCATOR);
  process.env['CHECKPOINT_EXPLORER_HELPER_NAMESPACE'] = 'lab';
  const shown = await cli('show', LOCATOR);
  for (const name of ['IMAGE', 'NAMESPACE']) Reflect.deleteProperty(process.env, `CHECKPOINT_EXPLORER_HELPER_${name}`);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /cannot get the image registry\.example\/missing:1 of the helper pod/);
  assert.match(absent.stderr, /^checkpoint-explorer: Choose an image .*CHECKPOINT_EXPLORER_HELPER_IMAGE/m);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /There is no namespace elsewhere, in which the helper pod would be/);
  assert.deepEqual([shown.code, shown.stderr], [0, '']);
});
