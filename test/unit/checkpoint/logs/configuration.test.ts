import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExactly, unfold } from '../../../../src/core/checkpoint/logs/configuration.ts';
import { openLogs } from '../../../../src/core/checkpoint/logs/logs.ts';
import type { ConfigurationTree } from '../../../../src/protocol/logs.ts';
import { memoryFiles } from '../../support/memory-files.ts';
import { withFixture } from '../isolation/support.ts';

/** Keys from the top to each node, and its value. */
function paths({ nodes }: ConfigurationTree): ReadonlyMap<string, unknown> {
  const known: string[] = [];
  return new Map(
    nodes.map(({ parent, key, value }, index) => {
      known[index] = parent < 0 ? key : `${known[parent] ?? '?'}/${key}`;
      return [known[index], value] as const;
    }),
  );
}

test('annotations with JSON inside are unfolded', () =>
  withFixture('crio-rich', async ({ logs }) => {
    const tree = await logs.configuration('spec.dump');
    const values = paths(tree);
    assert.equal(values.get('annotations/io.kubernetes.cri-o.Labels/io.kubernetes.pod.namespace'), 'lab');
    assert.equal(values.get('process/args/0'), '/bin/sh');
    const labels = tree.nodes.find(({ key }) => key === 'io.kubernetes.cri-o.Labels');
    assert.equal(labels?.embedded, true);
    assert.equal(tree.problem, undefined);
  }));

test('what an engine wrote is listed with what it is', () =>
  withFixture('containerd-webapp', async ({ logs }) => {
    assert.deepEqual(
      (await logs.configurationFiles()).map(({ name }) => name),
      ['spec.dump', 'config.dump', 'status.dump', 'status', 'checkpoint/descriptors.json'],
    );
    // All nineteen digits of a time in nanoseconds.
    const created = paths(await logs.configuration('status')).get('CreatedAt');
    assert.match(String(created), /^17\d{17}$/);
    assert.notEqual(String(created), String(Number(created)));
    const descriptors = await logs.configuration('checkpoint/descriptors.json');
    assert.deepEqual(
      descriptors.nodes.map(({ key, kind }) => [key, kind]),
      [
        ['0', 'text'],
        ['1', 'text'],
        ['2', 'text'],
      ],
    );
  }));

test('values of the environment are marked, wherever they stand', () =>
  withFixture('podman-webapp-host', async ({ logs }) => {
    const secrets = async (name: string) =>
      (await logs.configuration(name)).nodes.flatMap(({ secret, value }) =>
        secret === 'assignment' ? [String(value)] : [],
      );
    const inSpec = await secrets('spec.dump');
    assert.ok(inSpec.includes('API_TOKEN=demo-not-a-secret'));
    assert.ok(inSpec.length >= 8);
    for (const name of ['spec.dump', 'config.dump']) {
      const { nodes } = await logs.configuration(name);
      const open = nodes.filter(({ value, secret }) => secret === undefined && String(value).includes('demo-password'));
      assert.deepEqual(open, [], name);
    }
  }));

test('an environment may be a list, an object, or a list of names and values, in JSON of a text too', () => {
  const applied = {
    spec: {
      containers: [
        {
          env: [
            { name: 'TOKEN', value: 'hidden=1' },
            { name: 'POD', valueFrom: {} },
          ],
        },
      ],
    },
  };
  const { nodes } = unfold({
    Env: ['TOKEN=hidden', 'INHERITED'],
    environment: { TOKEN: 'hidden' },
    annotations: { 'last-applied-configuration': JSON.stringify(applied) },
    labels: { env: 'production' },
    command: ['podman', 'run', '-e', 'TOKEN=hidden', '--env=TOKEN=hidden', '-e', 'HOME', 'a=b'],
  });
  assert.deepEqual(
    nodes.flatMap(({ key, value, secret }) => (secret === undefined ? [] : [[key, value, secret]])),
    [
      ['0', 'TOKEN=hidden', 'assignment'],
      ['TOKEN', 'hidden', 'value'],
      ['value', 'hidden=1', 'value'],
      ['3', 'TOKEN=hidden', 'assignment'],
      ['4', '--env=TOKEN=hidden', 'assignment'],
    ],
  );
  const text = nodes.find(({ embedded }) => embedded === true);
  assert.deepEqual([text?.kind, text?.members], ['text', 1]);
});

test('what is no JSON, or too much of it, says so', async () => {
  const deep = '['.repeat(5000) + ']'.repeat(5000);
  const logs = openLogs({
    files: memoryFiles({
      status: 'running',
      'status.dump': '"text"',
      'spec.dump': JSON.stringify(Array.from({ length: 150_000 }, () => 0)),
      'config.dump': deep,
      'bind.mounts': { size: 20 * 1024 * 1024 },
    }),
    imagesPrefix: '',
  });
  assert.match((await logs.configuration('status')).problem?.template ?? '', /not valid JSON/);
  assert.deepEqual((await logs.configuration('status.dump')).nodes, [
    { parent: -1, key: '', kind: 'text', value: 'text' },
  ]);
  const long = await logs.configuration('spec.dump');
  assert.equal(long.nodes.length, 100_000);
  assert.match(long.problem?.template ?? '', /^Only the first/);
  assert.equal((await logs.configuration('config.dump')).nodes.length, 4999);
  assert.match((await logs.configuration('bind.mounts')).problem?.template ?? '', /far more than any engine/);
  await assert.rejects(logs.configuration('network.status'), { reason: 'not-found' });
});

test('JSON in JSON in JSON ends somewhere', () => {
  let text = '{"inner":"most"}';
  for (let depth = 0; depth < 12; depth++) text = JSON.stringify({ text });
  const tree = unfold(parseExactly(text));
  assert.ok(tree.nodes.length < 12);
});

test('any JSON is unfolded, each value once and below what holds it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const { nodes } = unfold(value);
      nodes.forEach(({ parent }, index) => assert.ok(parent >= -1 && parent < index));
      const leaves = nodes.filter(({ members, embedded }) => members === undefined && embedded !== true);
      const count = (inner: unknown): number =>
        typeof inner === 'object' && inner !== null
          ? Object.values(inner).reduce<number>((sum, member) => sum + count(member), 0)
          : 1;
      assert.ok(leaves.length >= count(value) - nodes.filter(({ embedded }) => embedded === true).length);
    }),
  );
});
