import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../src/core/cluster/api/objects.ts';
import { PODS } from '../../../src/core/cluster/api/resources.ts';
import { watchChanges } from '../../../src/core/cluster/api/watch.ts';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { LiveList } from '../../../src/vscode/cluster/tree/live-list.ts';
import { reasonOf } from '../../../src/vscode/failure.ts';
import { PODS as KIND } from '../../cluster/pod-life.ts';
import type { TestCluster } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { connect, failureOf, serviceAccount, startCluster } from '../cluster/support.ts';
import { until } from '../support/until.ts';

/** The pods of `lab`, and each trouble that was told. */
function pods({ api }: Cluster, pageSize = 100) {
  const troubles: unknown[] = [];
  const list = new LiveList<Pod, { readonly name: string }>(
    api,
    {
      resource: PODS,
      namespace: 'lab',
      pageSize,
      describe: ({ metadata }: Pod) => ({ name: metadata.name ?? '' }),
      pauses: [10, 20],
    },
    () => {
      if (troubles.at(-1) !== list.trouble) troubles.push(list.trouble);
    },
  );
  after(() => list.follow(false));
  return { list, troubles, names: () => list.items.map(({ name }) => name) };
}

/** How often pods were listed, or watched. */
function asked(cluster: TestCluster, what: 'list' | 'watch'): number {
  return cluster.server.seen.filter(
    ({ path, query }) => path === '/api/v1/namespaces/lab/pods' && query.includes('watch=true') === (what === 'watch'),
  ).length;
}

function remove(cluster: TestCluster, name: string): void {
  cluster.store.remove(KIND, cluster.store.get(KIND, 'lab', name));
}

describe('a list that is followed', async () => {
  const cluster = await startCluster();
  addPod(cluster, { name: 'first' });
  const { list, troubles, names } = pods(await connect(cluster));
  await list.load();
  list.follow(true);

  test('shows what comes and goes', async () => {
    assert.deepEqual(names(), ['first']);
    addPod(cluster, { name: 'second' });
    addPod(cluster, { name: 'elsewhere', namespace: 'default' });
    await until(() => names().includes('second'));
    remove(cluster, 'first');
    await until(() => !names().includes('first'));
    assert.deepEqual(names(), ['second']);
    assert.equal(asked(cluster, 'list'), 1);
  });

  test('goes on where it was when the connection breaks off', async () => {
    cluster.server.cutAll();
    addPod(cluster, { name: 'third' });
    await until(() => names().includes('third'));
    assert.equal(asked(cluster, 'list'), 1);
  });

  test('says what is in the way while the server is away, and when it is back', async () => {
    cluster.server.faults.add({ answer: { status: 503, body: '{}' } });
    cluster.server.cutAll();
    await until(() => troubles.some((trouble) => reasonOf(trouble) === 'unavailable'));
    cluster.server.faults.clear();
    // Although nothing happens in it meanwhile.
    await until(() => list.trouble === undefined);
    assert.equal(troubles.at(-1), undefined);
    addPod(cluster, { name: 'fourth' });
    await until(() => names().includes('fourth'));
    assert.equal(asked(cluster, 'list'), 1);
  });

  test('is read again when too much has happened meanwhile', async () => {
    cluster.server.faults.add({ answer: { status: 503, body: '{}' } });
    cluster.server.cutAll();
    remove(cluster, 'second');
    cluster.store.compact();
    cluster.server.faults.clear();
    await until(() => !names().includes('second'));
    assert.deepEqual(names(), ['fourth', 'third']);
    assert.equal(asked(cluster, 'list'), 2);
  });

  test('keeps its place by bookmarks where nothing happens', async () => {
    cluster.bookmarkEvery = 20;
    cluster.server.cutAll();
    // A bookmark tells a version after the compaction: else the list would be read again.
    for (let count = 0; count < 3; count++) addPod(cluster, { name: `noise-${String(count)}`, namespace: 'default' });
    await sleep(150);
    const lists = asked(cluster, 'list');
    cluster.store.compact();
    await sleep(100);
    cluster.server.cutAll();
    addPod(cluster, { name: 'fifth' });
    await until(() => names().includes('fifth'));
    assert.equal(asked(cluster, 'list'), lists);
  });

  test('asks no more when nobody looks', async () => {
    list.follow(false);
    const watches = asked(cluster, 'watch');
    cluster.server.cutAll();
    await sleep(100);
    assert.equal(asked(cluster, 'watch'), watches);
  });
});

test('later pages are right, whether the list is still known as it was or too old to go on with', async () => {
  const cluster = await startCluster();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) addPod(cluster, { name });
  const { list, names } = pods(await connect(cluster), 2);
  await list.load();
  list.follow(true);
  assert.equal(list.remaining, 4);
  for (const name of ['c', 'e']) remove(cluster, name);
  addPod(cluster, { name: 'aa' });
  await until(() => names().includes('aa'));
  assert.equal(list.remaining, 2, 'd and f');
  await list.more();
  assert.deepEqual(names(), ['a', 'aa', 'b', 'd']);
  // The server still counts the list as it was.
  assert.equal(list.remaining, 1, 'f, without e');
  remove(cluster, 'f');
  for (const name of ['g', 'h', 'i', 'j']) addPod(cluster, { name });
  remove(cluster, 'j');
  addPod(cluster, { name: 'j' });
  addPod(cluster, { name: 'ab' });
  await until(() => names().includes('ab'));
  assert.equal(list.remaining, 4, 'g to j');
  cluster.store.compact();
  await list.more();
  assert.deepEqual([names().at(-1), list.remaining], ['h', 2]);
  while (list.hasMore) await list.more();
  assert.deepEqual(names(), ['a', 'aa', 'ab', 'b', 'd', 'g', 'h', 'i', 'j']);
  assert.equal(list.remaining, 0);
});

describe('a list that cannot be followed', async () => {
  const cluster = await startCluster();

  test('because one may list, but not watch', async () => {
    const account = serviceAccount(cluster, { verbs: ['list'], resources: ['pods'], namespace: 'lab' });
    const { list, troubles } = pods(await connect(cluster, account));
    await list.load();
    list.follow(true);
    await until(() => troubles.length > 0);
    assert.equal(reasonOf(list.trouble), 'forbidden');
    await sleep(100);
    assert.equal(asked(cluster, 'watch'), 1, 'what no further attempt mends is not attempted');
  });

  test('because it is too old: the error says so', async () => {
    const { api } = await connect(cluster);
    cluster.store.compact();
    const changes = watchChanges<Pod>(api, PODS, { namespace: 'lab', resourceVersion: '1' });
    const error = await failureOf(changes.next());
    assert.equal(error.reason, 'changed');
  });
});
