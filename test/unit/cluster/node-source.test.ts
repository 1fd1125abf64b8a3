import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { formatNodeLocator, parseNodeLocator } from '../../../src/core/cluster/node-files/node-locator.ts';
import { openNodeSource, type NodeSourceOptions } from '../../../src/core/cluster/node-source/node-source.ts';
import { header } from '../archive/tar-support.ts';
import { noise } from '../bytes/support.ts';
import { helperPods, nodeOf, workshop } from './node-support.ts';
import { connect, failureOf, startCluster } from './support.ts';

const cluster = await startCluster();
const opened = await connect(cluster);
const node = await nodeOf(opened);
const BYTES = noise(5_000_000);
const local = (name: string) => join(cluster.node().checkpoints, name);
writeFileSync(local('a.tar'), BYTES);

const isRanges = ({ query }: { query: string }) => query.includes('while');

function openSource(name = 'a.tar', options: Partial<NodeSourceOptions> = {}) {
  const { files } = workshop(opened);
  return openNodeSource(files, node, `${CHECKPOINTS}/${name}`, {
    name,
    server: opened.server,
    pauses: [1, 1, 1],
    ...options,
  });
}

const RANDOM = noise(8000, 3);
const RANGES = Array.from(
  { length: 200 },
  (_, index) =>
    [
      (RANDOM.readUInt32LE(index * 8) * 31) % BYTES.length,
      1 + (RANDOM.readUInt32LE(index * 8 + 4) % (index % 25 === 0 ? 3_000_000 : 3000)),
    ] as const,
);

describe('a file on a node', () => {
  test('is read where it is, byte for byte, over one connection', async () => {
    cluster.server.seen.length = 0;
    const source = await openSource();
    assert.equal(source.size, BYTES.length);
    await Promise.all(
      RANGES.map(async ([offset, length]) => {
        const bytes = await source.read(offset, length);
        assert.equal(
          Buffer.compare(bytes, BYTES.subarray(offset, offset + length)),
          0,
          `${String(offset)}+${String(length)}`,
        );
      }),
    );
    assert.equal((await source.read(BYTES.length - 5, 100)).length, 5);
    assert.equal((await source.read(BYTES.length, 100)).length, 0);
    assert.equal(cluster.server.seen.filter(isRanges).length, 1);
    await source.close();
  });

  test('is read in many pieces at once, for which few journeys are made', async () => {
    const source = await openSource('a.tar', { cache: { limit: 1 } });
    await source.read(0, 10);
    const before = cluster.exec.asked;
    const pieces = Array.from({ length: 100 }, (_, index) => [index * 40_000, 1 + index * 10] as const);
    await Promise.all(
      pieces.map(async ([offset, length]) => {
        const bytes = await source.read(offset, length);
        assert.equal(Buffer.compare(bytes, BYTES.subarray(offset, offset + length)), 0, String(offset));
      }),
    );
    assert.ok(cluster.exec.asked - before <= 8, String(cluster.exec.asked - before));
    await source.close();
  });

  test('is read on when many pieces are under way and the connection breaks off again and again', async () => {
    const source = await openSource('a.tar', { cache: { limit: 1 } });
    let cuts = 0;
    // Less than half of what is asked for at once comes before each break.
    cluster.server.faults.add({ match: isRanges, cutAfter: () => (++cuts, 1_200_000) });
    cluster.server.cutAll();
    const pieces = Array.from({ length: 48 }, (_, index) => [index * 100_000, 90_000] as const);
    await Promise.all(
      pieces.map(async ([offset, length]) => {
        const bytes = await source.read(offset, length);
        assert.equal(Buffer.compare(bytes, BYTES.subarray(offset, offset + length)), 0, String(offset));
      }),
    );
    cluster.server.faults.clear();
    assert.ok(cuts > 2, String(cuts));
    await source.close();
  });

  test('is hopped through where it is, from header to header, as far as they are apart', async () => {
    const sizes = [100_000, 511, 3_000_000, 16_384, 1, 2, 3, 4, 5, 6];
    const parts = sizes.flatMap((size, index) => [
      header({ name: `a-${String(index)}`, size }),
      Buffer.alloc(Math.ceil(size / 512) * 512),
    ]);
    writeFileSync(local('hops.tar'), Buffer.concat(parts));
    const headers: number[] = [];
    for (let [index, at] = [0, 0]; index < sizes.length; index++) {
      at += 512 + Math.ceil((sizes[index] ?? 0) / 512) * 512;
      headers.push(at);
    }
    const source = await openSource('hops.tar');
    assert.deepEqual(await source.headersFrom?.(0, 3), headers.slice(0, 3));
    assert.deepEqual(await source.headersFrom?.(headers[0] ?? 0, 2), headers.slice(1, 3));
    assert.deepEqual(await source.headersFrom?.(0, 50), headers.slice(0, 8), 'ends after four small ones');
    assert.deepEqual(await source.headersFrom?.(1024, 50), [], 'no header');
    assert.deepEqual(await source.headersFrom?.(1e15, 50), [], 'beyond the end');
    // Reading goes on as before.
    assert.equal(Buffer.compare(await source.read(0, 512), header({ name: 'a-0', size: 100_000 })), 0);
    await source.close();
  });

  test('is hashed where it is', async () => {
    const source = await openSource();
    assert.equal(await source.hash(), createHash('sha256').update(BYTES).digest('hex'));
    await source.close();
  });

  test('is named by its state', async () => {
    const [first, again] = [await openSource(), await openSource()];
    assert.equal(first.identity, again.identity);
    writeFileSync(local('b.tar'), 'b');
    const other = await openSource('b.tar');
    assert.notEqual(first.identity, other.identity);
    for (const source of [first, again, other]) await source.close();
  });

  test('is read on when the connection breaks off, however often', async () => {
    const source = await openSource('a.tar', { cache: { limit: 1 } });
    let cuts = 0;
    cluster.server.faults.add({
      match: isRanges,
      cutAfter: () => (++cuts, 4_000_000 + Math.floor(Math.random() * 1_000_000)),
    });
    cluster.server.cutAll();
    for (const [offset, length] of RANGES) {
      const bytes = await source.read(offset, length);
      assert.equal(Buffer.compare(bytes, BYTES.subarray(offset, offset + length)), 0);
    }
    cluster.server.faults.clear();
    assert.ok(cuts > 0, 'no connection was cut');
    await source.close();
  });

  test('is read on when the helper pod is gone', async () => {
    const source = await openSource('a.tar', { cache: { limit: 1 } });
    await source.read(0, 100);
    for (const { metadata } of helperPods(cluster)) {
      await opened.api.remove({ group: '', version: 'v1', plural: 'pods' }, metadata.name, {
        namespace: 'lab',
        graceSeconds: 0,
      });
    }
    assert.deepEqual(Buffer.from(await source.read(1000, 100)), BYTES.subarray(1000, 1100));
    await source.close();
  });

  test('keeps its helper pod as long as it is open', async () => {
    const { files } = workshop(opened, {}, { keepFor: 50 });
    const before = helperPods(cluster).length;
    const source = await openNodeSource(files, node, `${CHECKPOINTS}/a.tar`, { name: 'a', server: opened.server });
    await source.read(0, 10);
    await sleep(200);
    assert.equal(helperPods(cluster).length, before + 1);
    await source.close();
    while (helperPods(cluster).length > before) await sleep(5);
  });
});

describe('a file on a node that cannot be read on', () => {
  test('because it is not there', async () => {
    const error = await failureOf(openSource('gone.tar'));
    assert.equal(error.reason, 'not-found');
  });

  test('because it was changed', async () => {
    writeFileSync(local('c.tar'), BYTES);
    const source = await openSource('c.tar', { cache: { limit: 1 } });
    await source.read(0, 10);
    appendFileSync(local('c.tar'), 'x');
    const error = await failureOf(source.read(1_000_000, 10));
    assert.equal(error.reason, 'changed');
    assert.match(error.message, /c\.tar was changed on the node while it was open/);
    await source.close();
  });

  test('because it was deleted', async () => {
    copyFileSync(local('a.tar'), local('d.tar'));
    const source = await openSource('d.tar', { cache: { limit: 1 } });
    await source.read(0, 10);
    rmSync(local('d.tar'));
    const error = await failureOf(source.read(1_000_000, 10));
    assert.ok(['changed', 'unreadable'].includes(error.reason), error.reason);
    await source.close();
  });

  test('because the cluster is gone', async () => {
    const source = await openSource('a.tar', { cache: { limit: 1 } });
    await source.read(0, 10);
    cluster.server.faults.add({ cutAfter: () => 0 });
    cluster.server.cutAll();
    const error = await failureOf(source.read(1_000_000, 10));
    cluster.server.faults.clear();
    assert.equal(error.reason, 'unreachable');
    await source.close();
  });

  test('because nobody wants it any more', async () => {
    const source = await openSource();
    assert.equal((await failureOf(source.read(0, 10, AbortSignal.abort()))).reason, 'cancelled');
    const controller = new AbortController();
    const reading = failureOf(source.read(2_000_000, 2_000_000, controller.signal));
    controller.abort();
    assert.equal((await reading).reason, 'cancelled');
    // Others go on.
    assert.deepEqual(Buffer.from(await source.read(0, 10)), BYTES.subarray(0, 10));
    await source.close();
    assert.equal((await failureOf(source.read(3_000_000, 10))).reason, 'cancelled');
  });
});

test('locators name files on nodes, whatever contexts are called', () => {
  const contexts = ['kind-dev', 'arn:aws:eks:eu-west-1:1:cluster/dev', 'me@kubernetes', 'a b', '100%'];
  for (const context of contexts) {
    const location = { context, node: 'node-1', path: `${CHECKPOINTS}/checkpoint-a_b-c-2026-11-23T21:56:14Z.tar` };
    assert.deepEqual(parseNodeLocator(formatNodeLocator(location)), location);
  }
  assert.deepEqual(parseNodeLocator('node://kind-dev/node-1/var/lib/x.tar').path, '/var/lib/x.tar');
  for (const wrong of [
    'node://',
    'node://a',
    'node://a/b',
    'node://a/b/',
    'node://a/b/c/../d',
    'node://a/b/c/',
    'node://a/b/%',
    'node:///b/c',
  ]) {
    assert.throws(() => parseNodeLocator(wrong), { reason: 'usage' }, wrong);
  }
});
