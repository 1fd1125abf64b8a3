import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ErrorNode, isBranch } from '../../../src/vscode/cluster/tree/node.ts';
import { ALL, type KubeconfigObject } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { serviceAccount, startCluster } from '../cluster/support.ts';
import { scratch, Shown } from './shown-tree.ts';

describe('what is in the way', async () => {
  const cluster = await startCluster();
  addPod(cluster, { name: 'web' });

  /** Several contexts in one file; the first is the test cluster's. */
  function kubeconfigOf(...others: readonly ((config: KubeconfigObject) => void)[]): string {
    return cluster.kubeconfig('admin', { change: (config) => others.forEach((other) => other(config)) });
  }

  function dead(port: number, name: string): (config: KubeconfigObject) => void {
    return (config) => {
      config.clusters.push({ name, cluster: { server: `https://127.0.0.1:${String(port)}` } });
      config.contexts.push({ name, context: { cluster: name, user: 'u' } });
    };
  }

  async function errorOf(shown: Shown, ...path: readonly string[]): Promise<ErrorNode> {
    const [node] = await shown.tree.children(await shown.at(...path));
    assert.ok(node instanceof ErrorNode, 'there is no row that says what is wrong');
    return node;
  }

  test('a cluster that is not there keeps nobody else waiting', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    after(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const shown = new Shown(kubeconfigOf(dead(1, 'refused'), dead(port, 'hangs')));
    const context = await shown.at('hangs');
    let isAnswered = false;
    void shown.tree.children(context).then(() => (isAnswered = true));
    assert.deepEqual(await shown.labels('test', 'lab'), ['web']);
    const error = await errorOf(shown, 'refused');
    assert.equal(error.reason, 'unreachable');
    assert.match(shown.row(error).spoken ?? '', /refused cannot be reached: nothing listens at 127\.0\.0\.1:1/);
    assert.equal(shown.row(await shown.at('refused')).description, 'unreachable');
    assert.equal(isAnswered, false);
  });

  test('a user of the kubeconfig that cannot be used is told as that, in the row of the context too', async () => {
    const bad = (config: KubeconfigObject): void => {
      config.users.push({ name: 'bad', user: { 'client-certificate-data': 'AAAA', 'client-key-data': 'AAAA' } });
      config.contexts.push({ name: 'bad', context: { cluster: 'c', user: 'bad' } });
    };
    const shown = new Shown(kubeconfigOf(bad));
    const { label, description } = shown.row(await errorOf(shown, 'bad'));
    assert.deepEqual([label, description], ['Bad user', 'client-certificate holds no certificate in PEM form']);
    assert.equal(shown.row(await shown.at('bad')).description, 'bad kubeconfig');
  });

  test('it is asked again only when somebody wants it', async () => {
    const shown = new Shown(kubeconfigOf());
    cluster.server.faults.add({ answer: { status: 503, body: '{}' } });
    const error = await errorOf(shown, 'test');
    assert.equal(error.reason, 'unavailable');
    cluster.server.faults.clear();
    assert.equal(await errorOf(shown, 'test'), error);
    shown.tree.forget(await shown.at('test'));
    assert.ok((await shown.labels('test')).includes('lab'));
    assert.equal(shown.row(await shown.at('test')).description, 'current · lab');
  });

  test('a login that is not accepted', async () => {
    const shown = new Shown(cluster.kubeconfig({ token: 'nobody-knows-this-token' }));
    assert.equal((await errorOf(shown, 'test')).reason, 'unauthorized');
    assert.match(shown.row(await shown.at('test')).description, /not logged in/);
  });

  test('a certificate that nobody vouches for', async () => {
    const shown = new Shown(
      cluster.kubeconfig('admin', {
        change: ({ clusters: [one] }) => delete one?.cluster['certificate-authority-data'],
      }),
    );
    assert.equal((await errorOf(shown, 'test')).reason, 'tls');
  });

  test('a cluster whose certificate is not to be verified says so', async () => {
    const shown = new Shown(
      cluster.kubeconfig('admin', {
        change: ({ clusters: [one] }) => {
          delete one?.cluster['certificate-authority-data'];
          if (one) one.cluster['insecure-skip-tls-verify'] = true;
        },
      }),
    );
    const [row] = await shown.rows();
    assert.match(row?.description ?? '', /TLS not verified/);
    assert.equal(row?.icon, 'unlock');
    assert.ok((await shown.labels('test')).includes('lab'));
  });

  test('and so does one that is spoken to without TLS', async () => {
    for (const scheme of ['http://', 'HTTP://']) {
      const plain = cluster.kubeconfig('admin', {
        change: ({ clusters: [one] }) => {
          if (one) one.cluster['server'] = String(one.cluster['server']).replace('https://', scheme);
        },
      });
      const [row] = await new Shown(plain).rows();
      assert.match(row?.description ?? '', /no TLS/);
      assert.equal(row?.icon, 'unlock');
    }
  });

  test('a plugin of a kubeconfig does not run in a workspace that is not trusted', async () => {
    const shown = new Shown(
      cluster.kubeconfig('admin', {
        change: ({ users: [one] }) => {
          if (one) one.user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'true' } };
        },
      }),
    );
    shown.allowPlugins = false;
    assert.equal((await errorOf(shown, 'test')).reason, 'untrusted');
  });

  describe('stands in a row that says the cause first, and all of it to who hears it', () => {
    const set =
      (change: { readonly cluster?: object; readonly user?: object }) =>
      (config: KubeconfigObject): void => {
        Object.assign(config.clusters[0]?.cluster ?? {}, change.cluster);
        if (change.user) for (const one of config.users) one.user = { ...change.user };
      };
    const plugin = (command: string, ...args: readonly string[]) =>
      set({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args } } });
    const klog = 'F1127 18:58:31.784494    8586 cred.go:145] no active account';
    const cases: readonly (readonly [label: string, detail: RegExp, change: (config: KubeconfigObject) => void])[] = [
      ['Nothing listens', /^at 127\.0\.0\.1:1; is/, set({ cluster: { server: 'https://127.0.0.1:1' } })],
      ['Name not found', /^nowhere\.invalid; check/, set({ cluster: { server: 'https://nowhere.invalid' } })],
      ['Another name', /^in the certificate of 127/, set({ cluster: { 'tls-server-name': 'elsewhere' } })],
      ['Proxy failed', /^127\.0\.0\.1:1: nothing listens/, set({ cluster: { 'proxy-url': 'http://127.0.0.1:1' } })],
      ['Not logged in', /^credentials missing, wrong or expired$/, set({ user: { token: 'nobody-knows-this' } })],
      ['Not logged in', /^no credentials that count there$/, set({ user: {} })],
      ['Plugin missing', /^no-such-plugin is not installed here$/, plugin('/no/such/no-such-plugin')],
      ['Login failed', /^sh: no active account Log in\.$/, plugin('sh', '-c', `echo "${klog}\nLog in." >&2; exit 1`)],
      ['No such cluster', /no server of c/, ({ clusters }) => void clusters.splice(0)],
      ['No such user', /^u is not in the kubeconfig$/, ({ users }) => void users.splice(0)],
    ];
    for (const [label, detail, change] of cases) {
      test(`${label}: ${detail.source}`, async () => {
        const shown = new Shown(cluster.kubeconfig('admin', { change }));
        const row = shown.row(await errorOf(shown, 'test'));
        assert.equal(row.label, label);
        assert.match(row.description, detail);
        // With an indentation and an icon before it, in a sidebar of 200 pixels.
        assert.ok(label.length <= 15);
        assert.match(row.spoken ?? '', /\w{3}.*\w{3}/);
        assert.ok((row.spoken ?? '').length > label.length);
        assert.ok(!/error:|ECONN|F1127/.test(`${row.description} ${row.spoken ?? ''}`), row.spoken);
      });
    }

    test('an authority that is not known, and what does not speak TLS at all', async () => {
      const unknown = ({ clusters: [one] }: KubeconfigObject): void => {
        delete one?.cluster['certificate-authority-data'];
      };
      const shown = new Shown(cluster.kubeconfig('admin', { change: unknown }));
      assert.equal(shown.row(await errorOf(shown, 'test')).label, 'Unknown issuer');
      const port = await answering('HTTP/1.0 400 Bad Request\r\n\r\nspeak plainly');
      const other = new Shown(kubeconfigOf(dead(port, 'plain')));
      const row = other.row(await errorOf(other, 'plain'));
      assert.equal(row.label, 'No TLS');
      assert.doesNotMatch(row.spoken ?? '', /routines|deps/);
    });

    test('a client certificate that is turned down in the handshake', async () => {
      // A fatal alert of TLS 1.2: its record, and what it says.
      const alert = (number: number) => Buffer.from([21, 3, 3, 0, 2, 2, number]);
      for (const [number, why] of [
        [42, 'bad certificate'],
        [45, 'certificate expired'],
        [48, 'unknown ca'],
      ] as const) {
        const shown = new Shown(kubeconfigOf(dead(await answering(alert(number)), 'strict')));
        const error = await errorOf(shown, 'strict');
        assert.equal(error.reason, 'unauthorized');
        const row = shown.row(error);
        assert.equal(row.label, 'Not logged in');
        assert.match(row.description, new RegExp(`^client certificate not accepted: [\\w/]+ alert ${why}$`));
        assert.doesNotMatch(row.spoken ?? '', /routines|deps/);
      }
      // One that speaks of something else.
      const other = new Shown(kubeconfigOf(dead(await answering(alert(40)), 'picky')));
      assert.equal((await errorOf(other, 'picky')).reason, 'tls');
    });

    /** The port of a server that says this to whoever says something, and no more. */
    async function answering(answer: string | Buffer): Promise<number> {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      after(() => server.close());
      return (server.address() as AddressInfo).port;
    }

    test('a right that is missing, and what has no words of its own', async () => {
      const account = serviceAccount(cluster, { verbs: ['list'], resources: ['pods'], namespace: 'elsewhere' });
      const shown = new Shown(cluster.kubeconfig(account));
      const row = shown.row(await errorOf(shown, 'test', 'Nodes'));
      assert.deepEqual([row.label, row.description], ['Not allowed', 'to list nodes in the cluster']);
      const written = join(scratch, 'broken-config');
      writeFileSync(written, 'clusters:\n - name: x\n  bad: [\n');
      const [bad] = await new Shown(written).rows();
      assert.equal(bad?.label, 'Bad kubeconfig');
      assert.match(bad.description, /^line 3 of broken-config: /);
      const broken = new Shown(join(scratch, 'is-not-there-either'));
      const [gone] = await broken.rows();
      assert.equal(gone?.label, 'Not there');
      assert.equal(gone.description, gone.spoken);
    });
  });

  test('one who may see a single namespace sees that, and those that they name', async () => {
    const account = serviceAccount(
      cluster,
      { verbs: ['get', 'list', 'watch', 'create', 'delete'], resources: ['pods'], namespace: 'lab' },
      { verbs: ['get', 'create'], resources: ['pods/exec'], namespace: 'lab' },
      { ...ALL, namespace: 'elsewhere' },
    );
    const shown = new Shown(cluster.kubeconfig(account));
    shown.pins.push('default');
    assert.deepEqual(await shown.labels('test'), ['default', 'lab', 'Add a namespace…', 'Nodes']);
    assert.deepEqual(await shown.labels('test', 'lab'), ['web']);
    assert.equal((await errorOf(shown, 'test', 'default')).reason, 'forbidden');
    // Archives can be listed on the nodes of the pods that one sees.
    const [node, note] = await shown.rows('test', 'Nodes');
    assert.deepEqual([node?.label, node?.description, node?.color], ['node-1', '', undefined]);
    assert.match(note?.label ?? '', /^Only nodes of pods/);
    assert.deepEqual(await shown.labels('test', 'Nodes', 'node-1'), ['No archives in /var/lib/kubelet/checkpoints']);
  });

  test('no kubeconfig is no row at all: the view has its own words', async () => {
    const empty = cluster.kubeconfig('admin', {
      change: (config) => {
        config.contexts = [];
        config.clusters = [];
      },
    });
    assert.deepEqual(await new Shown(empty).rows(), []);
  });

  test('a kubeconfig that cannot be understood is', async () => {
    const shown = new Shown(join(scratch, 'is-not-there'));
    const [node] = await shown.tree.children();
    assert.ok(node instanceof ErrorNode);
    assert.equal(node.reason, 'not-found');
    assert.equal(isBranch(node), false);
  });
});

describe('the connections', async () => {
  const cluster = await startCluster();

  test('are told of a kubeconfig that changes, also when it could not be read', async () => {
    const path = join(scratch, 'config');
    writeFileSync(path, 'contexts: {');
    const shown = new Shown(path);
    const [broken] = await shown.tree.children();
    assert.ok(broken instanceof ErrorNode);
    assert.equal(broken.reason, 'bad-kubeconfig');
    const changed = new Promise<void>((resolve) => shown.connections.onChanged(resolve));
    copyFileSync(cluster.kubeconfig(), path);
    await changed;
    shown.tree.forgetRoots();
    assert.deepEqual(await shown.labels(), ['test']);
  });

  test('outlive the moment in which a kubeconfig is empty because it is being written', async () => {
    const path = join(scratch, 'being-written');
    copyFileSync(cluster.kubeconfig(), path);
    const content = readFileSync(path);
    for (const half of [0, content.length / 2]) {
      const shown = new Shown(path);
      const before = await shown.connections.connect('test');
      writeFileSync(path, content.subarray(0, half));
      const reloaded = shown.connections.reload();
      setTimeout(() => writeFileSync(path, content), 100);
      await reloaded;
      assert.equal(await shown.connections.connect('test'), before);
    }
    // And one that stays so is taken for what it is.
    const shown = new Shown(path);
    await shown.connections.connect('test');
    writeFileSync(path, '');
    await shown.connections.reload();
    assert.deepEqual(await shown.connections.contexts(), []);
  });

  test('outlive a change of the kubeconfig that does not concern them', async () => {
    const shown = new Shown(cluster.kubeconfig());
    const before = await shown.connections.connect('test');
    await shown.connections.reload();
    assert.equal(await shown.connections.connect('test'), before);
    await shown.connections.reset();
    assert.notEqual(await shown.connections.connect('test'), before);
  });
});
