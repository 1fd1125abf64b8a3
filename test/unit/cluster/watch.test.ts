import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../src/core/cluster/api/objects.ts';
import { PODS } from '../../../src/core/cluster/api/resources.ts';
import { follow, watchChanges } from '../../../src/core/cluster/api/watch.ts';
import type { CheckpointError } from '../../../src/core/errors.ts';
import { PODS as KIND } from '../../cluster/pod-life.ts';
import type { TestCluster } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

/** What a view would show: the list, kept current. */
class Shown {
  readonly names = new Set<string>();
  lists = 0;
  troubles: (CheckpointError | undefined)[] = [];

  onList(items: readonly Pod[]): void {
    this.lists++;
    this.names.clear();
    for (const { metadata } of items) this.names.add(metadata.name ?? '');
  }

  onChange({ type, object }: { type: string; object: Pod }): void {
    if (type === 'deleted') this.names.delete(object.metadata.name ?? '');
    else this.names.add(object.metadata.name ?? '');
  }

  onTrouble(trouble: CheckpointError | undefined): void {
    this.troubles.push(trouble);
  }
}

function remove(cluster: TestCluster, name: string): void {
  cluster.store.remove(KIND, cluster.store.get(KIND, 'lab', name));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

describe('a list that is followed', async () => {
  const cluster = await startCluster();
  const { api } = await connect(cluster);
  const shown = new Shown();
  const controller = new AbortController();
  after(() => controller.abort());
  addPod(cluster, { name: 'first' });
  const following = follow<Pod>(api, PODS, { namespace: 'lab' }, shown, controller.signal, [10, 20]);

  test('shows what comes and goes', async () => {
    await until(() => shown.names.has('first'));
    addPod(cluster, { name: 'second' });
    addPod(cluster, { name: 'elsewhere', namespace: 'default' });
    await until(() => shown.names.has('second'));
    remove(cluster, 'first');
    await until(() => !shown.names.has('first'));
    assert.deepEqual([...shown.names], ['second']);
    assert.equal(shown.lists, 1);
  });

  test('goes on where it was when the connection breaks off', async () => {
    cluster.server.cutAll();
    addPod(cluster, { name: 'third' });
    await until(() => shown.names.has('third'));
    assert.equal(shown.lists, 1);
  });

  test('says what is in the way while the server is away, and when it is back', async () => {
    shown.troubles = [];
    cluster.server.faults.add({ answer: { status: 503, body: '{}' } });
    cluster.server.cutAll();
    await until(() => shown.troubles.some((trouble) => trouble?.reason === 'unavailable'));
    cluster.server.faults.clear();
    await until(() => shown.troubles.at(-1) === undefined);
    addPod(cluster, { name: 'fourth' });
    await until(() => shown.names.has('fourth'));
    assert.equal(shown.lists, 1);
  });

  test('is read again when too much has happened meanwhile', async () => {
    cluster.server.faults.add({ answer: { status: 503, body: '{}' } });
    cluster.server.cutAll();
    remove(cluster, 'second');
    cluster.store.compact();
    cluster.server.faults.clear();
    await until(() => shown.lists === 2);
    assert.deepEqual([...shown.names].sort(), ['fourth', 'third']);
  });

  test('keeps its place by bookmarks where nothing happens', async () => {
    cluster.bookmarkEvery = 20;
    cluster.server.cutAll();
    // A bookmark tells a version after the compaction: else the list would be read again.
    for (let count = 0; count < 3; count++) addPod(cluster, { name: `noise-${String(count)}`, namespace: 'default' });
    await sleep(150);
    const { lists } = shown;
    cluster.store.compact();
    await sleep(100);
    cluster.server.cutAll();
    addPod(cluster, { name: 'fifth' });
    await until(() => shown.names.has('fifth'));
    assert.equal(shown.lists, lists);
  });

  test('ends when it is not wanted any more', async () => {
    controller.abort();
    await following;
  });
});

describe('a list that cannot be followed', async () => {
  const cluster = await startCluster();

  test('because one may list, but not watch', async () => {
    const { api } = await connect(
      cluster,
      serviceAccount(cluster, { verbs: ['list'], resources: ['pods'], namespace: 'lab' }),
    );
    const shown = new Shown();
    const error = await failureOf(follow<Pod>(api, PODS, { namespace: 'lab' }, shown, new AbortController().signal));
    assert.equal(error.reason, 'forbidden');
    assert.match(error.message, /cannot watch resource "pods"/);
    assert.equal(shown.lists, 1);
  });

  test('because it is too old: the error says so', async () => {
    const { api } = await connect(cluster);
    cluster.store.compact();
    const changes = watchChanges<Pod>(api, PODS, { namespace: 'lab', resourceVersion: '1' });
    const error = await failureOf(changes.next());
    assert.equal(error.reason, 'changed');
  });
});
