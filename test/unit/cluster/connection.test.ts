import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCluster } from '../../../src/core/cluster/cluster.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { listNodes } from '../../../src/core/cluster/inventory/nodes.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { Authority } from '../../cluster/certificates.ts';
import type { KubeconfigObject } from '../../cluster/test-cluster.ts';
import { connect, failureOf, PLAIN, serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster();
const NODES = { verbs: ['list'], resources: ['nodes'] };

async function tryContext(change: (config: KubeconfigObject) => void, login?: { token: string }): Promise<unknown> {
  const opened = await connect(cluster, login ?? 'admin', { change });
  return listNodes(opened.api);
}

function setCluster(fields: Record<string, unknown>): (config: KubeconfigObject) => void {
  return (config) => Object.assign(config.clusters[0]?.cluster ?? {}, fields);
}

function setUser(fields: Record<string, unknown>): (config: KubeconfigObject) => void {
  return (config) => {
    if (config.users[0]) config.users[0].user = fields;
  };
}

describe('who asks', () => {
  test('client certificates and tokens', async () => {
    assert.equal((await listNodes((await connect(cluster)).api)).length, 1);
    const login = serviceAccount(cluster, NODES);
    assert.equal((await listNodes((await connect(cluster, login)).api)).length, 1);
  });

  test('a token in a file, which may be replaced', async () => {
    const login = serviceAccount(cluster, NODES);
    const path = join(cluster.root, 'token');
    writeFileSync(path, 'token-that-is-no-good-any-more\n');
    const opened = await connect(cluster, {}, { change: setUser({ tokenFile: path }) });
    assert.equal((await failureOf(listNodes(opened.api))).reason, 'unauthorized');
    writeFileSync(path, `${login.token}\n`);
    assert.equal((await listNodes(opened.api)).length, 1);
  });

  test('nobody, and somebody unknown', async () => {
    const anonymous = await failureOf(tryContext(setUser({})));
    assert.equal(anonymous.reason, 'unauthorized');
    assert.match(anonymous.message, /^test takes you for nobody \(system:anonymous\): .* has no credentials/);
    const unknown = await failureOf(tryContext(() => undefined, { token: 'invented-token-0123456789' }));
    assert.equal(unknown.reason, 'unauthorized');
    assert.match(unknown.message, /does not know who you are/);
  });

  test('somebody in the name of somebody else', async () => {
    const opened = await connect(cluster, 'admin', {
      change: (config) => Object.assign(config.users[0]?.user ?? {}, { as: 'jane', 'as-groups': ['dev', 'ops'] }),
    });
    let headers: NodeJS.Dict<string | string[]> = {};
    cluster.server.onRequest = (request) => (headers = request.headers);
    await listNodes(opened.api);
    cluster.server.onRequest = () => undefined;
    assert.deepEqual([headers['impersonate-user'], headers['impersonate-group']], ['jane', 'dev, ops']);
  });
});

describe('credentials that cannot be used', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { certificate, key } = cluster.authority.issue({ name: 'jane' });
  const other = cluster.authority.issue({ name: 'jane' });
  const pair = (one: string, two: string) => ({ 'client-certificate-data': one, 'client-key-data': two });

  test('are told as what stands in the kubeconfig, and not as what TLS makes of it', async () => {
    for (const [user, flaw] of [
      [pair('AAAA', base64(key)), /client-certificate holds no certificate in PEM form/],
      [pair(base64(certificate), 'AAAA'), /client-key holds no private key in PEM form/],
      [pair(base64(certificate), base64(other.key)), /client-key is the key of another certificate/],
      [{ token: 'abcdefgh', 'as-groups': ['view'] }, /as-groups, as-uid or as-user-extra, but not as whom/],
    ] as const) {
      const error = await failureOf(tryContext(setUser(user)));
      assert.equal(error.reason, 'bad-kubeconfig', error.message);
      assert.match(error.message, flaw);
    }
    const nobody = await failureOf(tryContext(setCluster({ 'certificate-authority-data': base64('no certificate') })));
    assert.equal(nobody.reason, 'bad-kubeconfig');
    assert.match(nobody.message, /certificate-authority of the cluster c, .* holds no certificate in PEM form/);
  });

  test('that would begin another header are not sent, and not shown', async () => {
    let asked = 0;
    cluster.server.onRequest = () => asked++;
    for (const user of [
      { token: 'abcdefgh\r\nX-Evil: 1' },
      { token: 'токен-токен' },
      { token: 'abcdefgh', as: 'a\nb' },
    ]) {
      const error = await failureOf(tryContext(setUser(user)));
      assert.equal(error.reason, 'credentials');
      assert.match(
        error.message,
        /^The credentials of test cannot be sent: there is a line break or another character/,
      );
      assert.doesNotMatch(JSON.stringify(error) + error.message, /abcdefgh|токен/);
    }
    cluster.server.onRequest = () => undefined;
    assert.equal(asked, 0);
  });

  test('a file for a token that is empty, or has no end', async () => {
    const empty = join(cluster.root, 'empty-token');
    writeFileSync(empty, '\n');
    const none = await failureOf(tryContext(setUser({ tokenFile: empty })));
    assert.match(none.message, /empty-token, which should hold a token, is empty\.$/);
    if (process.platform === 'win32') return;
    assert.equal((await failureOf(tryContext(setUser({ tokenFile: '/dev/zero' })))).reason, 'too-large');
  });
});

describe('the server', () => {
  test('that is not there', async () => {
    const free = await freePort();
    const error = await failureOf(tryContext(setCluster({ server: `https://127.0.0.1:${String(free)}` })));
    assert.equal(error.reason, 'unreachable');
    assert.equal(
      error.message,
      `test cannot be reached: nothing listens at 127.0.0.1:${String(free)}. Is the cluster running?`,
    );
  });

  test('whose name leads nowhere', async () => {
    const error = await failureOf(tryContext(setCluster({ server: 'https://no-such-host.invalid:6443' })));
    assert.equal(error.reason, 'unreachable');
    assert.match(error.message, /the name in no-such-host\.invalid:6443 cannot be looked up/);
  });

  test('that says nothing', async () => {
    await withServer({ silent: true }, async (port) => {
      const opened = await connect(cluster, 'admin', {
        change: setCluster({ server: `https://127.0.0.1:${String(port)}` }),
      });
      const error = await failureOf(opened.api.send({ path: '/api/v1/nodes', timeout: 100 }));
      assert.equal(error.reason, 'timeout');
      assert.match(error.message, /did not answer within 0 seconds|did not answer within/);
    });
  });

  test('that is none', async () => {
    await withServer({ answer: 'HTTP/1.0 400 Bad Request\r\n\r\nspeak plainly' }, async (port) => {
      const error = await failureOf(tryContext(setCluster({ server: `https://127.0.0.1:${String(port)}` })));
      assert.equal(error.reason, 'tls');
      assert.match(error.message, /does not speak TLS: something else answers there/);
    });
    cluster.server.faults.add({ answer: { status: 200, type: 'text/html', body: '<html>log in</html>' }, times: 1 });
    const error = await failureOf(tryContext(() => undefined));
    assert.equal(error.reason, 'unavailable');
    assert.match(error.message, /^Something on the way to test at .* answered in its place, .* \(200\): log in\./);
  });

  test('that breaks off in the middle of an answer', async () => {
    cluster.server.faults.add({ cutAfter: () => 300, times: 1 });
    const error = await failureOf(tryContext(() => undefined));
    assert.equal(error.reason, 'unreachable');
    assert.match(error.message, /The connection to test at 127\.0\.0\.1:\d+ broke off/);
  });

  test('that is overloaded, or behind a proxy that cannot reach it', async () => {
    for (const [status, reason] of [
      [429, 'unavailable'],
      [503, 'unavailable'],
      [504, 'timeout'],
      [502, 'unavailable'],
    ] as const) {
      cluster.server.faults.add({ answer: { status, type: 'text/plain', body: 'busy' }, times: 1 });
      assert.equal((await failureOf(tryContext(() => undefined))).reason, reason);
    }
  });

  test('that nobody waits for any more', async () => {
    cluster.server.faults.add({ delay: 5000, times: 1 });
    const { api } = await connect(cluster);
    const controller = new AbortController();
    const work = failureOf(api.send({ path: '/api/v1/nodes', signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    assert.equal((await work).reason, 'cancelled');
    assert.equal(
      (await failureOf(api.send({ path: '/api/v1/nodes', signal: AbortSignal.abort() }))).reason,
      'cancelled',
    );
  });
});

describe('its certificate', () => {
  const stranger = Buffer.from(new Authority('somebody else').certificate).toString('base64');

  test('from an authority that is not known', async () => {
    const error = await failureOf(tryContext(setCluster({ 'certificate-authority-data': stranger })));
    assert.equal(error.reason, 'tls');
    assert.match(error.message, /is not trusted: its issuer is not known|an authority that is not known signed it/);
    const none = await failureOf(
      tryContext((config) => delete config.clusters[0]?.cluster['certificate-authority-data']),
    );
    assert.equal(none.reason, 'tls');
  });

  test('for another name, and with the name that it is for', async () => {
    const named = (name: string) => setCluster({ 'tls-server-name': name });
    const error = await failureOf(tryContext(named('elsewhere.example')));
    assert.equal(error.reason, 'tls');
    assert.match(error.message, /is for another name.*tls-server-name/);
    await tryContext(named('kubernetes.default.svc'));
  });

  test('is looked past only where the kubeconfig says so, and then that is said', async () => {
    const change = (config: KubeconfigObject) => {
      delete config.clusters[0]?.cluster['certificate-authority-data'];
      setCluster({ 'insecure-skip-tls-verify': true })(config);
    };
    const opened = await connect(cluster, 'admin', { change });
    assert.equal(opened.isUnverified, true);
    assert.equal((await listNodes(opened.api)).length, 1);
    const both = await failureOf(tryContext(setCluster({ 'insecure-skip-tls-verify': true })));
    assert.equal(both.reason, 'bad-kubeconfig');
  });

  test('of the client: one that the server does not accept', async () => {
    const certificate = new Authority('somebody else').issue({ name: 'admin', groups: ['system:masters'] });
    const opened = await connect(cluster, { certificate });
    assert.equal((await failureOf(listNodes(opened.api))).reason, 'unauthorized');
    const half = await failureOf(tryContext(setUser({ 'client-certificate-data': stranger })));
    assert.equal(half.reason, 'bad-kubeconfig');
  });
});

describe('a credential plugin', () => {
  const runs = join(cluster.root, 'runs');
  function plugin(script: string, exec: Record<string, unknown> = {}): (config: KubeconfigObject) => void {
    const path = join(cluster.root, `plugin-${String(Math.random()).slice(2)}`);
    writeFileSync(path, `#!/bin/sh\necho x >> '${runs}'\n${script}\n`);
    chmodSync(path, 0o755);
    return setUser({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: path, ...exec } });
  }
  const credential = (token: string, expires?: string): string =>
    JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token, ...(expires !== undefined && { expirationTimestamp: expires }) },
    });
  const count = (): number => readFileSync(runs, 'utf8').length / 2;

  test('runs once for many who ask at once, and not again until its token expires', async () => {
    const login = serviceAccount(cluster, NODES);
    writeFileSync(runs, '');
    const lasting = await connect(cluster, {}, { change: plugin(`sleep 0.1; echo '${credential(login.token)}'`) });
    await Promise.all(Array.from({ length: 5 }, () => listNodes(lasting.api)));
    await listNodes(lasting.api);
    assert.equal(count(), 1);
    const short = await connect(
      cluster,
      {},
      { change: plugin(`echo '${credential(login.token, '2020-01-01T00:00:00Z')}'`) },
    );
    await listNodes(short.api);
    await listNodes(short.api);
    assert.equal(count(), 3);
  });

  test('is asked again when its token is refused', async () => {
    const login = serviceAccount(cluster, NODES);
    writeFileSync(runs, '');
    const script = `if [ $(wc -l < '${runs}') = 1 ]; then echo '${credential('outdated-token-0123456789')}'; else echo '${credential(login.token)}'; fi`;
    const opened = await connect(cluster, {}, { change: plugin(script) });
    assert.equal((await listNodes(opened.api)).length, 1);
    assert.equal(count(), 2);
  });

  test('that issues another certificate each time disturbs no request that is under way', async () => {
    const issued = [1, 2, 3].map((number) => {
      const { certificate, key } = cluster.authority.issue({ name: 'admin', groups: ['system:masters'] });
      const status = {
        clientCertificateData: certificate,
        clientKeyData: key,
        expirationTimestamp: '2020-01-01T00:00:00Z',
      };
      const path = join(cluster.root, `issued-${String(number)}`);
      writeFileSync(path, JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', status }));
      return path;
    });
    writeFileSync(runs, '');
    const [first = ''] = issued;
    const script = `cat "${first.slice(0, -1)}$(wc -l < '${runs}' | tr -d ' ')"`;
    const opened = await connect(cluster, {}, { change: plugin(script) });
    const sockets = new Set<unknown>();
    cluster.server.onRequest = ({ socket }) => sockets.add(socket);
    cluster.server.faults.add({ delay: 1000, times: 1 });
    const slow = listNodes(opened.api);
    // It is under way; the server counts it when it answers.
    while (count() === 0) await sleep(10);
    await sleep(200);
    assert.equal((await listNodes(opened.api)).length, 1);
    assert.equal((await slow).length, 1);
    assert.equal((await listNodes(opened.api)).length, 1);
    cluster.server.onRequest = () => undefined;
    assert.equal(sockets.size, 3);
    // The connections of those that are over are not kept.
    const isClosed = (socket: unknown): boolean => (socket as { readonly destroyed: boolean }).destroyed;
    for (let tries = 0; [...sockets].filter(isClosed).length < 2 && tries < 100; tries++) await sleep(20);
    assert.equal([...sockets].filter(isClosed).length, 2);
  });

  test('is told about the cluster', async () => {
    const login = serviceAccount(cluster, NODES);
    const told = join(cluster.root, 'told');
    const change = (config: KubeconfigObject) => {
      plugin(`printf %s "$KUBERNETES_EXEC_INFO$EXTRA" > '${told}'; echo '${credential(login.token)}'`, {
        provideClusterInfo: true,
        env: [{ name: 'EXTRA', value: ' and more' }],
      })(config);
      setCluster({ extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'me' } }] })(
        config,
      );
    };
    await listNodes((await connect(cluster, {}, { change })).api);
    const [json = '', more] = readFileSync(told, 'utf8').split(' and ');
    const { spec, kind } = JSON.parse(json) as { kind: string; spec: Record<string, Record<string, unknown>> };
    assert.deepEqual([kind, more, spec['interactive']], ['ExecCredential', 'more', false]);
    assert.equal(spec['cluster']?.['server'], cluster.address);
    assert.deepEqual(spec['cluster']['config'], { audience: 'me' });
  });

  test('fails: its own words are shown, without secrets', async () => {
    const secret = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl';
    const error = await failureOf(tryContext(plugin(`echo 'please log in: token ${secret}' >&2; exit 3`)));
    assert.equal(error.reason, 'credentials');
    assert.match(error.message, /plugin-\d+ of test failed \(3\): please log in: token \[removed\]/);
    const garbage = await failureOf(tryContext(plugin(`echo 'token: ${secret}'`)));
    assert.match(garbage.message, /printed no credential that can be used/);
    // A certificate that is none is no credential, either.
    const text = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      status: { clientCertificateData: 'x', clientKeyData: 'y' },
    });
    const noPair = await failureOf(tryContext(plugin(`echo '${text}'`)));
    assert.match(noPair.message, /printed no credential that can be used/);
    for (const one of [error, garbage]) assert.doesNotMatch(JSON.stringify(one) + String(one.stack), /eyJ/);
  });

  test('is not there: the hint says how to get it', async () => {
    const exec = { command: 'no-such-plugin', installHint: 'Install it from example.org' };
    const hinted = await failureOf(tryContext(plugin('', exec)));
    assert.match(hinted.message, /no-such-plugin of test is not installed here: Install it from example\.org/);
    const plain = await failureOf(tryContext(plugin('', { command: 'no-such-plugin' })));
    assert.match(plain.message, /not installed here, or not in PATH/);
  });

  test('is not run where the workspace is not trusted', async () => {
    writeFileSync(runs, '');
    const path = cluster.kubeconfig({}, { change: plugin(`echo '${credential('x'.repeat(20))}'`) });
    const opened = await openCluster(await loadKubeconfig({ path }), undefined, {
      allowPlugins: false,
      environment: PLAIN,
    });
    const error = await failureOf(listNodes(opened.api));
    assert.equal(error.reason, 'untrusted');
    assert.equal(readFileSync(runs, 'utf8'), '');
  });

  test('that never ends is ended, with what it started', async () => {
    const { CredentialPlugin } = await import('../../../src/core/cluster/connection/plugin.ts');
    const { Secrets } = await import('../../../src/core/secrets.ts');
    const path = cluster.kubeconfig({}, { change: plugin('echo waiting for a person >&2; sleep 600') });
    const resolved = (await loadKubeconfig({ path })).resolve();
    assert.ok(resolved.user.plugin);
    const options = { allowPlugins: true, environment: PLAIN, secrets: new Secrets(), timeout: 300 };
    const source = new CredentialPlugin(resolved, resolved.user.plugin, options, () =>
      Promise.resolve({ headers: {} }),
    );
    const error = await failureOf(source.get());
    assert.ok(ClusterError.is(error, 'credentials'));
    assert.match(error.message, /was ended after 0 seconds: waiting for a person/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function withServer(
  how: { silent?: boolean; answer?: string },
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (how.answer !== undefined) socket.end(how.answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await use((server.address() as { port: number }).port);
  } finally {
    server.close();
  }
}
