import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import { after, describe, test } from 'node:test';
import { watchChanges } from '../../../src/core/cluster/api/watch.ts';
import { PODS } from '../../../src/core/cluster/api/resources.ts';
import { takeCheckpoint } from '../../../src/core/cluster/checkpoint/take-checkpoint.ts';
import { throughApiServer } from '../../../src/core/cluster/checkpoint/node-endpoint.ts';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { knownNodes } from '../../../src/core/cluster/inventory/known-nodes.ts';
import { listNodes } from '../../../src/core/cluster/inventory/nodes.ts';
import { listPods } from '../../../src/core/cluster/inventory/pods.ts';
import type { CheckpointError } from '../../../src/core/errors.ts';
import { Authority } from '../../cluster/certificates.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

const PAGE =
  '<!DOCTYPE html><html><head><title>502 Bad\nGateway</title><style>a{}</style></head><body><h1>502</h1></body></html>';
const cluster = await startCluster();
const opened = await connect(cluster);

/** What is made of one answer in the server's place. */
function onceAnswered<T>(answer: { status?: number; type?: string; body: string }, work: () => Promise<T>): Promise<T> {
  const { status = 200, type = 'application/json', body } = answer;
  cluster.server.faults.add({ answer: { status, type, body }, times: 1 });
  return work();
}

const NO_API = /^test at 127\.0\.0\.1:\d+ does not answer as an API server does\.$/;

describe('an answer that is no API server’s', () => {
  test('JSON of another form is told as such, and is no mistake of the program', async () => {
    const named = JSON.stringify([{ metadata: { name: 5 } }]);
    const bodies = ['null', '"x"', '5', '[]', '{}', '', '{"items":[]}', '{"metadata":{},"items":{}}'];
    for (const body of [...bodies, '{"metadata":{},"items":[null]}', `{"metadata":{},"items":${named}}`]) {
      const error = await failureOf(onceAnswered({ body }, () => listNodes(opened.api)));
      assert.equal(error.reason, 'unavailable', body);
      assert.match(error.message, NO_API, body);
    }
    const odd =
      '{"metadata":{},"items":[{"metadata":{"name":"a","namespace":"lab"},"spec":null,"status":null},' +
      '{"metadata":{"name":"b","ownerReferences":null},"spec":{"containers":[null,{"name":"c"}],"initContainers":null}}]}';
    const { pods } = await onceAnswered({ body: odd }, () => listPods(opened.api, { namespace: 'lab' }));
    assert.deepEqual(
      pods.map(({ name, containers }) => [name, containers.length]),
      [
        ['a', 0],
        ['b', 1],
      ],
    );
  });

  test('a Status whose members have other types', async () => {
    for (const [body, text] of [
      ['{"kind":"Status","message":{"a":1},"details":5}', /test does not allow it: \{"kind"/],
      [
        '{"kind":"Status","message":"no","details":{"causes":[null,5,{"reason":7}]},"metadata":9}',
        /test does not allow it: no\./,
      ],
    ] as const) {
      const error = await failureOf(onceAnswered({ status: 403, body }, () => listNodes(opened.api)));
      assert.equal(error.reason, 'forbidden');
      assert.match(error.message, text);
    }
    const silent = await failureOf(onceAnswered({ status: 503, body: '' }, () => listNodes(opened.api)));
    assert.match(silent.message, /^test cannot answer now \(503\): no reason is given\.$/);
  });

  test('the page of a proxy is told by its title, whatever its number', async () => {
    for (const status of [200, 401, 403, 404, 502]) {
      const answer = { status, type: 'text/html; charset=utf-8', body: PAGE };
      const error = await failureOf(onceAnswered(answer, () => listNodes(opened.api)));
      assert.equal(error.reason, 'unavailable');
      assert.match(
        error.message,
        new RegExp(`answered in its place, .* \\(${String(status)}\\): 502 Bad Gateway\\. Check`),
      );
    }
    const subject = { namespace: 'lab', pod: 'a', container: 'b', node: 'node-1' };
    const take = () => takeCheckpoint(throughApiServer(opened.api.transport, 'node-1'), subject);
    const error = await failureOf(onceAnswered({ status: 403, type: 'text/html', body: PAGE }, take));
    assert.match(error.message, /answered in its place/);
    // A login page that says that all is well is no checkpoint.
    const login = await failureOf(onceAnswered({ status: 200, type: 'text/html', body: PAGE }, take));
    assert.match(login.message, /answered in its place, .* \(200\)/);
    const moved = await failureOf(onceAnswered({ status: 302, type: 'text/plain', body: '' }, take));
    assert.match(moved.message, /sends on to/);
  });

  test('a long refusal is cut, and not taken for another failure', async () => {
    const answer = { status: 500, type: 'text/plain', body: 'why '.repeat(100_000) };
    const error = await failureOf(onceAnswered(answer, () => listNodes(opened.api)));
    assert.match(error.message, /^test cannot answer now \(500\): why why/);
    assert.ok(error.message.length < 1000);
  });

  test('pages that lead to themselves, or on and on', async () => {
    const page = (goOn: string) => JSON.stringify({ metadata: { continue: goOn }, items: [] });
    const fault = {
      match: ({ path }: { path: string }) => path === '/api/v1/nodes',
      answer: { status: 200, body: page('here') },
    };
    cluster.server.faults.add(fault);
    assert.match((await failureOf(listNodes(opened.api))).message, NO_API);
    let count = 0;
    Object.defineProperty(fault, 'answer', { get: () => ({ status: 200, body: page(String(count++)) }) });
    const endless = await failureOf(listNodes(opened.api));
    cluster.server.faults.clear();
    assert.equal(endless.reason, 'too-large');
    assert.ok(count < 1000);
  });
});

describe('a watch that is none', () => {
  const changes = async (answer: { type?: string; body: string }) => {
    const names: string[] = [];
    const options = { namespace: 'lab', resourceVersion: '1' };
    await onceAnswered(answer, async () => {
      for await (const { object } of watchChanges(opened.api, PODS, options)) names.push(object.metadata.name ?? '');
    });
    return names;
  };

  test('is told as such', async () => {
    const lines = [
      'null',
      '5',
      '[]',
      '{}',
      '{"type":"ADDED","object":"x"}',
      '{"type":"ADDED","object":{"metadata":null}}',
    ];
    for (const body of [...lines, '{"type":"ADDED","object":{"metadata":{}}}', 'garbage']) {
      assert.match((await failureOf(changes({ body: `${body}\n` }))).message, NO_API, body);
    }
    for (const object of ['null', '{"code":"x","message":5}']) {
      const error = await failureOf(changes({ body: `{"type":"ERROR","object":${object}}\n` }));
      assert.match(error.message, /cannot answer now \(500\): no reason is given/);
    }
    assert.match((await failureOf(changes({ type: 'text/html', body: PAGE }))).message, /answered in its place/);
  });

  test('kinds of events that are not known are passed over', async () => {
    const pod = '{"metadata":{"name":"a","resourceVersion":"7"}}';
    const body = `{"type":"NEW","object":${pod}}\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}\n{"type":"ADDED","object":${pod}}\n`;
    assert.deepEqual(await changes({ body }), ['a']);
  });
});

describe('a server that speaks strangely', () => {
  test('sends on to another address: nothing is sent there, and no part of it but the host is shown', async () => {
    const error = await answered((response) => {
      response.writeHead(302, { location: 'https://login.example/?ticket=secret-0123456789' }).end();
    });
    assert.match(error.message, /sends on to login\.example instead of answering/);
    assert.doesNotMatch(JSON.stringify(error) + error.message, /secret-0123456789/);
  });

  test('is too busy: it is asked again when it says so, a few times and for a short while', async () => {
    let asked = 0;
    const busy = (after: string) => (response: ServerResponse) => {
      asked++;
      response.writeHead(429, { 'retry-after': after, 'content-type': 'text/plain' }).end('later');
    };
    assert.match((await answered(busy('0'))).message, /is too busy to answer\. Try again later/);
    assert.equal(asked, 4);
    for (const after of ['3600', '', 'Wed, 21 Oct 2026 07:28:00 GMT', '-1']) await answered(busy(after));
    assert.equal(asked, 8);
  });

  test('writes no HTTP, or compresses nothing', async () => {
    const overlong = await answered((response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(300_000)}\r\n\r\n`);
    });
    assert.match(
      overlong.message,
      /does not speak HTTP as expected: Header overflow\. Something else may answer there/,
    );
    const packed = await answered((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not packed');
    });
    assert.match(packed.message, /does not speak HTTP as expected: incorrect header check/);
  });

  test('answers in drops: it has no more than ten times the time that one of them may take', async () => {
    const error = await answered((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drops = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(drops));
    }, 60);
    assert.equal(error.reason, 'timeout');
  });
});

test('a command that is to be pasted into a shell runs nothing that a node has put into it', async () => {
  const log = '/tmp/x;touch${IFS}pwned`id`&|b.log';
  const body = `checkpointing of lab/a/b failed (criu failed: type DUMP errno 0 path= ${log})`;
  const subject = { namespace: 'lab', pod: 'a', container: 'b', node: 'node-1' };
  const take = () => takeCheckpoint(throughApiServer(opened.api.transport, 'node-1'), subject);
  const error = await failureOf(onceAnswered({ status: 500, type: 'text/plain', body }, take));
  assert.ok(error instanceof ClusterError);
  const text = error.remedy?.copy?.text ?? '';
  assert.match(text, /^grep Error -- '[^']*'\n$/);
});

test('who gives up choosing a node is not told that there are none', async () => {
  const { token } = serviceAccount(cluster, { verbs: ['list'], resources: ['pods'] });
  const other = await connect(cluster, { token });
  const giveUp = new AbortController();
  cluster.server.faults.add({ match: ({ path }) => path.endsWith('/pods'), delay: 300 });
  setTimeout(() => giveUp.abort(), 100);
  const error = await failureOf(knownNodes(other, giveUp.signal));
  cluster.server.faults.clear();
  assert.equal(error.reason, 'cancelled');
});

/** What is made of how a server of its own answers. */
async function answered(answer: (response: ServerResponse) => void, timeout?: number): Promise<CheckpointError> {
  const authority = new Authority('strange');
  const { certificate, key } = authority.issue({ name: 'server', hosts: ['127.0.0.1'] });
  const server = createServer({ cert: certificate, key }, (_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.closeAllConnections());
  const { port } = server.address() as { port: number };
  const strange: Cluster = await connect(
    cluster,
    { token: 'token-0123456789' },
    {
      change: (config) =>
        Object.assign(config.clusters[0]?.cluster ?? {}, {
          server: `https://127.0.0.1:${String(port)}`,
          'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
        }),
    },
  );
  const error = await failureOf(strange.api.send({ path: '/api/v1/nodes', ...(timeout !== undefined && { timeout }) }));
  server.close();
  server.closeAllConnections();
  return error;
}
