/** Why a helper pod does not come to be, in words that say what would help. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { archiveOf } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { helperPods, nodeOf, workshop } from './node-support.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2' }] });
copyFileSync(
  archiveOf('crio-tty'),
  join(cluster.node().checkpoints, 'checkpoint-counter_lab-counter-2026-11-23T21:56:14Z.tar'),
);

describe('no helper pod', () => {
  async function refused(settings: Parameters<typeof workshop>[1], login?: { token: string }): Promise<ClusterError> {
    const opened = await connect(cluster, login ?? 'admin');
    const { files } = workshop(opened, settings, { patience: 400 });
    const node = await nodeOf(await connect(cluster));
    const error = await failureOf(files.list(node));
    assert.ok(ClusterError.is(error), String(error));
    await until(() => helperPods(cluster, settings?.namespace).length === 0);
    return error;
  }

  test('because of Pod Security', async () => {
    for (const level of ['baseline', 'restricted']) {
      cluster.addNamespace(`${level}-ns`, { 'pod-security.kubernetes.io/enforce': level });
      const error = await refused({ namespace: `${level}-ns` });
      assert.equal(error.reason, 'forbidden');
      assert.match(
        error.message,
        new RegExp(
          `^Pod Security \\(${level}:latest\\) does not allow the helper pod in the namespace ${level}-ns: .*hostPath`,
        ),
      );
      assert.match(error.remedy?.copy?.text ?? '', /pod-security\.kubernetes\.io\/enforce: privileged/);
    }
  });

  test('because of a quota', async () => {
    cluster.addNamespace('full');
    cluster.quotas.set('full', { name: 'compute', pods: 0 });
    const full = await refused({ namespace: 'full' });
    assert.match(
      full.message,
      /^The quota compute does not allow the helper pod in the namespace full: requested: pods=1, used: pods=0, limited: pods=0\.$/,
    );
    cluster.quotas.set('full', { name: 'compute', required: ['limits.nvidia.com/gpu'] });
    assert.match((await refused({ namespace: 'full' })).message, /must specify limits/);
  });

  test('because of rights', async () => {
    const error = await refused({}, serviceAccount(cluster, { verbs: ['get'], resources: ['pods'], namespace: 'lab' }));
    assert.match(
      error.message,
      /^You \(system:serviceaccount:lab:account-\d+\) may not create the helper pod in the namespace lab/,
    );
    assert.match(error.remedy?.copy?.text ?? '', /resources: \[pods\/exec\]\n {4}verbs: \[get, create\]/);
  });

  test('because there is no such namespace', async () => {
    const error = await refused({ namespace: 'nowhere' });
    assert.match(error.message, /^There is no namespace nowhere, in which the helper pod would be/);
  });

  test('because its image cannot be had', async () => {
    const error = await refused({ image: 'registry.example/missing:1' });
    assert.match(
      error.message,
      /^The node cannot get the image registry\.example\/missing:1 of the helper pod \(ImagePullBackOff\): Back-off pulling image/,
    );
  });

  test('because its image has no tools', async () => {
    const mixed = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2', runtime: 'containerd' }] });
    const opened = await connect(mixed);
    const { files } = workshop(opened, { image: 'registry.example/bare:1' });
    for (const name of ['node-1', 'node-2']) {
      const error = await failureOf(files.list(await nodeOf(opened, name)));
      assert.equal(
        error.message,
        'The image registry.example/bare:1 cannot be used for the helper pod: it lacks the tools of busybox.',
      );
    }
  });

  test('but one that only is slow to be made is waited for', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened, { image: 'registry.example/slow:1' });
    assert.equal((await files.list(await nodeOf(opened))).archives.length > 0, true);
  });

  test('because the scheduler finds no place', async () => {
    const error = await refused({ placement: 'selector', nodeSelector: { disk: 'ssd' } });
    assert.match(error.message, /^The helper pod does not start: no node takes it: 0\/2 nodes are available/);
  });

  test('because the node is down', async () => {
    cluster.node().failure = 'kubelet-down';
    const error = await refused({});
    cluster.node().failure = undefined;
    assert.deepEqual(
      [error.reason, error.message],
      [
        'timeout',
        'The helper pod did not start within 0 seconds: the kubelet of node-1 took no notice of it. Is the node up?',
      ],
    );
  });

  test('because the node is not ready, where it is not waited for as long', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened, {}, { patience: 0 });
    cluster.node().failure = 'kubelet-down';
    const error = await failureOf(files.list({ ...(await nodeOf(opened)), isReady: false }));
    cluster.node().failure = undefined;
    assert.match(error.message, /^The helper pod did not start within \d+ seconds: node-1 is not ready\./);
  });

  test('because no checkpoint was ever made there', async () => {
    const opened = await connect(cluster);
    // Long before it is too late: time does not mend it.
    const { files } = workshop(opened, {}, { patience: 3_600_000 });
    const error = await failureOf(files.list(await nodeOf(opened), '/var/lib/k0s/kubelet/checkpoints'));
    assert.deepEqual(
      [error.reason, error.message],
      ['not-found', 'There is no folder /var/lib/k0s/kubelet/checkpoints on node-1: no checkpoint was made there yet.'],
    );
    assert.equal(existsSync(join(cluster.node().root, 'var/lib/k0s')), false);
  });
});
