import assert from 'node:assert/strict';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { addPod } from '../../cluster/workloads.ts';
import { startCluster } from './support.ts';

/** The first choice of kubectl 1.16 and newer where it prints for people. */
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

interface Table {
  readonly kind: string;
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly object: { readonly kind: string } }[];
}

const cluster = await startCluster();
const { certificate, key } = cluster.authority.issue({ name: 'admin', groups: ['system:masters'] });
addPod(cluster, { name: 'web', containers: ['web', 'log'] });
addPod(cluster, { name: 'bad', phase: 'Pending', state: { waiting: { reason: 'ImagePullBackOff' } } });

/** What the server answers to whoever prefers a table. */
function get(path: string, accept = TABLE): Promise<Table> {
  return new Promise((resolve, reject) => {
    const options = { cert: certificate, key, ca: cluster.authority.certificate, headers: { accept }, agent: false };
    request(`${cluster.address}${path}`, options, (answer) => void json(answer).then(resolve as never, reject))
      .on('error', reject)
      .end();
  });
}

describe('the test cluster, asked by kubectl for what it prints', () => {
  test('makes the cells of pods', async () => {
    const { kind, columnDefinitions, rows } = await get('/api/v1/namespaces/lab/pods');
    assert.equal(kind, 'Table');
    const narrow = columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name);
    assert.deepEqual(narrow, ['Name', 'Ready', 'Status', 'Restarts', 'Age']);
    const cells = rows.map((row) => row.cells.filter((_, index) => columnDefinitions[index]?.name !== 'Age'));
    assert.deepEqual(cells, [
      ['bad', '0/1', 'ImagePullBackOff', '0', '10.88.0.7', 'node-1', '<none>', '<none>'],
      ['web', '2/2', 'Running', '0', '10.88.0.7', 'node-1', '<none>', '<none>'],
    ]);
    assert.equal(rows[0]?.object.kind, 'PartialObjectMetadata');
  });

  test('makes them of one object, and names and ages of what has no columns of its own', async () => {
    assert.deepEqual((await get('/api/v1/namespaces/lab')).rows[0]?.cells.slice(0, 2), ['lab', 'Active']);
    const { columnDefinitions } = await get('/apis/apps/v1/deployments');
    assert.deepEqual(
      columnDefinitions.map(({ name }) => name),
      ['Name', 'Age'],
    );
  });

  test('gives the objects to whoever asks for these', async () => {
    assert.equal((await get('/api/v1/namespaces/lab/pods', 'application/json')).kind, 'PodList');
    assert.equal((await get('/api/v1/namespaces/lab/pods', `application/json,${TABLE}`)).kind, 'PodList');
  });
});
