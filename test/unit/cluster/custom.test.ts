import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCustomKinds } from '../../../src/core/cluster/custom/custom-kinds.ts';
import {
  listCustomObjects,
  type CustomArchive,
  type CustomFacts,
} from '../../../src/core/cluster/custom/custom-objects.ts';
import { chainManifest, createCustomObject, scheduleManifest } from '../../../src/core/cluster/custom/make-custom.ts';
import { doubtAbout, requireRecorded, verifyChain } from '../../../src/core/cluster/custom/verify-chain.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { readPod } from '../../../src/core/cluster/inventory/pods.ts';
import { OPERATOR_KINDS, POD_CHECKPOINTS } from '../../cluster/custom-kinds.ts';
import { addPod } from '../../cluster/workloads.ts';
import { connect, serviceAccount, startCluster } from './support.ts';

const [CHAINS, SCHEDULES, RESTORES] = OPERATOR_KINDS;
assert.ok(CHAINS && SCHEDULES && RESTORES);
const CHAIN = { group: 'criu.org', version: 'v1', plural: 'forensicsnapshotchains' };
const PATH = '/var/lib/kubelet/checkpoints/checkpoint-web_shop-app-2026-11-23T21:56:14Z.tar';
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];

describe('objects about checkpoints', async () => {
  const cluster = await startCluster({ kinds: [...OPERATOR_KINDS, POD_CHECKPOINTS], namespaces: ['shop', 'lab'] });
  const { api } = await connect(cluster);
  const kinds = await findCustomKinds(api);

  test('are found where the cluster has them', async () => {
    assert.deepEqual(Object.keys(kinds).sort(), ['chain', 'pod-checkpoint', 'restore', 'schedule']);
    assert.deepEqual(kinds['pod-checkpoint'], {
      group: 'checkpoint.k8s.io',
      version: 'v1alpha1',
      plural: 'podcheckpoints',
    });
    assert.deepEqual(await findCustomKinds((await connect(await startCluster())).api), {});
    const some = await startCluster({ kinds: [CHAINS] });
    assert.deepEqual(Object.keys(await findCustomKinds((await connect(some)).api)), ['chain']);
    // Who is nobody may not ask.
    assert.deepEqual(await findCustomKinds((await connect(cluster, {})).api), {});
    await connect(cluster, serviceAccount(cluster));
  });

  test('tell their state and their archives', async () => {
    cluster.store.create(CHAINS, 'shop', {
      metadata: { name: 'chain' },
      spec: { namespace: 'lab', selector: { matchLabels: { app: 'web' } }, capture: { maxSnapshots: 2 } },
      status: {
        phase: 'Running',
        snapshotChainRecords: [
          {
            index: 0,
            podName: 'web',
            containerName: 'app',
            checkpointPath: PATH,
            snapshotTime: '2026-11-23T21:56:14Z',
            sha256Hash: A.toUpperCase(),
          },
          {
            index: 1,
            podName: 'web',
            containerName: 'app',
            checkpointPath: PATH,
            snapshotTimestamp: '2026-11-23T21:57:14Z',
            sha256Hash: B,
            previousSHA256Hash: A,
          },
          { index: 2, podName: 'web', containerName: 'app', checkpointPath: '../../etc/passwd' },
          'nonsense',
        ],
      },
    });
    cluster.store.create(POD_CHECKPOINTS, 'shop', {
      metadata: { name: 'whole' },
      spec: { sourcePodName: 'web' },
      status: {
        nodeName: 'node-1',
        checkpointLocation: { type: 'NodeLocal', nodeLocal: { path: '/var/lib/kubelet/pod-checkpoints/whole' } },
        completionTime: '2026-11-23T21:58:00Z',
        conditions: [{ type: 'Ready', status: 'True', reason: 'CheckpointCompleted', message: 'done' }],
      },
    });
    cluster.store.create(RESTORES, 'shop', {
      metadata: { name: 'again' },
      spec: { targetNode: 'node-1', checkpoints: [{ container: 'app', path: PATH }] },
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Restoring' }] },
    });
    cluster.store.create(SCHEDULES, 'shop', { metadata: { name: 'hourly' }, status: { checkpointsCreated: 4 } });
    cluster.store.create(SCHEDULES, 'shop', { metadata: { name: 'odd' }, spec: 7, status: ['x'] });

    const of = async (kind: 'chain' | 'pod-checkpoint' | 'restore' | 'schedule') => {
      const resource = kinds[kind];
      assert.ok(resource);
      return listCustomObjects(api, kind, resource, { namespace: 'shop' });
    };
    const [chain] = await of('chain');
    assert.deepEqual([chain?.state, chain?.archives.length], ['Running', 2]);
    assert.deepEqual(
      chain?.archives.map(({ namespace, pod, container, time, sha256, previousSha256 }) => [
        namespace,
        pod,
        container,
        time,
        sha256,
        previousSha256,
      ]),
      [
        ['lab', 'web', 'app', '2026-11-23T21:56:14Z', A, undefined],
        ['lab', 'web', 'app', '2026-11-23T21:57:14Z', B, A],
      ],
    );
    const [checkpoint] = await of('pod-checkpoint');
    assert.deepEqual(
      [checkpoint?.state, checkpoint?.message, checkpoint?.archives[0]?.node, checkpoint?.archives[0]?.pod],
      ['CheckpointCompleted', 'done', 'node-1', 'web'],
    );
    const [restore] = await of('restore');
    assert.deepEqual(
      [restore?.state, restore?.archives[0]?.path, restore?.archives[0]?.node],
      ['Restoring', PATH, 'node-1'],
    );
    assert.deepEqual(
      (await of('schedule')).map(({ name, state }) => [name, state]),
      [
        ['hourly', '4'],
        ['odd', ''],
      ],
    );
  });

  test('can be made of a pod: of its workload, and without harm to it', async () => {
    addPod(cluster, {
      name: 'web-7d4b9c6f5-x2x7q',
      namespace: 'shop',
      labels: { app: 'web', 'pod-template-hash': '7d4b9c6f5' },
    });
    const pod = await readPod(api, { namespace: 'shop', name: 'web-7d4b9c6f5-x2x7q' });
    assert.ok(kinds.chain && kinds.schedule);
    const chain = chainManifest(pod, kinds.chain, {
      name: 'case-7',
      interval: '30s',
      maxSnapshots: 3,
      containers: ['app'],
    });
    assert.deepEqual(chain, {
      apiVersion: 'criu.org/v1',
      kind: 'ForensicSnapshotChain',
      metadata: { name: 'case-7', namespace: 'shop' },
      spec: {
        namespace: 'shop',
        selector: { matchLabels: { app: 'web' } },
        containerNames: ['app'],
        capture: { interval: '30s', maxSnapshots: 3 },
        integrity: { hashAlgorithm: 'sha256' },
        postSnapshotAction: 'None',
      },
    });
    await createCustomObject(api, kinds.chain, 'shop', chain);
    const names = (await listCustomObjects(api, 'chain', kinds.chain)).map(({ name }) => name);
    assert.deepEqual(names.sort(), ['case-7', 'chain']);
    addPod(cluster, { name: 'bare', namespace: 'shop', labels: { 'pod-template-hash': '1' } });
    const bare = await readPod(api, { namespace: 'shop', name: 'bare' });
    assert.throws(() => chainManifest(bare, CHAIN, { name: 'all', interval: '1s', maxSnapshots: 1 }), {
      reason: 'usage',
    });
    const schedule = scheduleManifest(pod, kinds.schedule, { name: 's', interval: '1h', onAnnotation: true });
    assert.deepEqual((schedule as { spec: { triggers: object } }).spec.triggers, {
      interval: '1h',
      onAnnotation: true,
    });
  });
});

describe('a chain', () => {
  const record = (sha256?: string, previousSha256?: string): CustomArchive => ({
    path: PATH,
    node: undefined,
    namespace: 'lab',
    pod: 'web',
    container: 'app',
    time: undefined,
    sha256,
    previousSha256,
  });
  const verdict = (...records: readonly CustomArchive[]) => verifyChain(records);

  test('is whole where each record names the one before it', () => {
    assert.deepEqual(verdict(), { state: 'whole', broken: [], withoutHash: [] });
    assert.equal(verdict(record(A), record(B, A), record(C, B)).state, 'whole');
    // The operator could not compute one.
    assert.deepEqual(verdict(record(A), record(), record(C, A)), { state: 'incomplete', broken: [], withoutHash: [1] });
  });

  test('is doubted, when an archive of it is fetched, where it proves nothing', () => {
    const doubt = (...archives: readonly CustomArchive[]) => {
      const chain: CustomFacts = {
        kind: 'chain',
        namespace: 'shop',
        name: 'chain',
        uid: '',
        created: '',
        state: '',
        message: undefined,
        archives,
      };
      const found = doubtAbout(chain);
      return found && say(found);
    };
    assert.equal(doubt(record(A), record(B, A)), undefined);
    assert.match(
      doubt(record(A), record(C, B)) ?? '',
      /^The chain shop\/chain is broken at record 2, which does not name/,
    );
    assert.match(doubt(record(A), record()) ?? '', /^The chain shop\/chain has no hash of record 2:/);
  });

  test('is broken where one was changed, taken out, or put in', () => {
    assert.deepEqual(verdict(record(A), record(C, B)), { state: 'broken', broken: [1], withoutHash: [] });
    assert.deepEqual(verdict(record(C), record(B, A)), { state: 'broken', broken: [1], withoutHash: [] });
    assert.deepEqual(verdict(record(B, A)), { state: 'broken', broken: [0], withoutHash: [] });
    assert.deepEqual(verdict(record(A), record(B)), { state: 'broken', broken: [1], withoutHash: [] });
  });

  test('tells whether what was fetched is what it recorded', () => {
    const chain = {
      kind: 'chain',
      namespace: 'shop',
      name: 'chain',
      uid: '',
      created: '',
      state: '',
      message: undefined,
      archives: [],
    } as const;
    requireRecorded(chain, record(A), A);
    requireRecorded(chain, record(), B);
    assert.throws(() => requireRecorded(chain, record(A), B), {
      reason: 'damaged',
      message: /is not what the chain shop\/chain recorded/,
    });
  });
});
