import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { listContexts } from '../../../src/core/cluster/cluster.ts';
import { kubeconfigFiles, loadKubeconfig, watchKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { failureOf } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const A = file(
  'a/config',
  `
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: shared
  cluster: { server: https://first.example:6443/, certificate-authority: certs/ca.pem }
- name: other
  cluster: { server: "https://user:secret-password@other.example", insecure-skip-tls-verify: true }
users:
- name: me
  user: { token: token-of-a-0123456789 }
- name: plugged
  user:
    exec: { apiVersion: client.authentication.k8s.io/v1, command: bin/login, args: [--now], interactiveMode: Never }
contexts:
- name: one
  context: { cluster: shared, user: me }
- name: two
  context: { cluster: other, user: plugged, namespace: shop }
- name: broken
  context: { cluster: nowhere, user: me }
- name: nobody
  context: { cluster: shared, user: lost }
`,
);
const B = file(
  'b/config',
  `
current-context: three
clusters:
- name: shared
  cluster: { server: https://second.example, tls-server-name: second }
users:
- name: me
  user: { client-certificate: me.pem, client-key: me.key }
- name: lost
  user: { tokenFile: ../token }
contexts:
- name: one
  context: { cluster: shared, user: lost, namespace: from-b }
- name: three
  context: { cluster: shared, user: lost }
`,
);

function environment(...files: readonly string[]): NodeJS.ProcessEnv {
  return { KUBECONFIG: files.join(delimiter), HOME: join(folder, 'home') };
}

describe('several kubeconfig files', () => {
  test('the first to name something wins, as a whole', async () => {
    const merged = await loadKubeconfig({ environment: environment(A, '', join(folder, 'missing'), B) });
    assert.equal(merged.currentContext, 'one');
    assert.deepEqual(
      merged.contexts.map(({ name }) => name),
      ['one', 'two', 'broken', 'nobody', 'three'],
    );
    const one = merged.resolve();
    assert.equal(one.context.namespace, undefined);
    assert.equal(one.cluster.server, 'https://first.example:6443');
    assert.equal(one.cluster.tlsServerName, undefined);
    assert.equal(one.user.token, 'token-of-a-0123456789');
    assert.equal(one.user.certificateFile, undefined);
    // What the first has not, the second has.
    assert.equal(merged.resolve('nobody').user.tokenFile, join(folder, 'token'));
  });

  test('order decides', async () => {
    const merged = await loadKubeconfig({ environment: environment(B, A) });
    assert.deepEqual([merged.currentContext, merged.resolve('one').context.namespace], ['three', 'from-b']);
    assert.equal(merged.resolve('one').cluster.server, 'https://second.example');
  });

  test('paths are those of the file that names them', async () => {
    const merged = await loadKubeconfig({ environment: environment(A, B) });
    assert.equal(merged.resolve('one').cluster.caFile, join(folder, 'a/certs/ca.pem'));
    assert.equal(merged.resolve('two').user.plugin?.command, join(folder, 'a/bin/login'));
  });

  test('a chosen file stands for all', async () => {
    const merged = await loadKubeconfig({ path: B, environment: environment(A) });
    assert.deepEqual(merged.files, [B]);
    assert.deepEqual(
      merged.contexts.map(({ name }) => name),
      ['one', 'three'],
    );
    const home = join(folder, 'home');
    assert.deepEqual(kubeconfigFiles({ path: '~/x/config', environment: { HOME: home } }), [join(home, 'x/config')]);
  });

  test('contexts are listed without anything being asked, and without a password', async () => {
    const contexts = listContexts(await loadKubeconfig({ environment: environment(A) }));
    assert.deepEqual(
      contexts.map(({ name, isCurrent, server, namespace, isUnverified }) => [
        name,
        isCurrent,
        server,
        namespace,
        isUnverified,
      ]),
      [
        ['one', true, 'first.example:6443', 'default', false],
        ['two', false, 'other.example', 'shop', true],
        ['broken', false, undefined, 'default', false],
        ['nobody', false, 'first.example:6443', 'default', false],
      ],
    );
    assert.doesNotMatch(JSON.stringify(contexts), /secret-password|token-of-a/);
  });
});

describe('no kubeconfig', () => {
  test('is no cluster, and no invented one', async () => {
    const none = await loadKubeconfig({ environment: environment() });
    assert.deepEqual([none.contexts, none.files], [[], [join(folder, 'home/.kube/config')]]);
    assert.throws(() => none.resolve(), {
      reason: 'no-kubeconfig',
      message: /There is no kubeconfig: .*home\/\.kube\/config/,
    });
  });

  test('an empty file is as good as none', async () => {
    for (const content of ['', '# nothing\n', 'kind: Config\nclusters: null\n']) {
      assert.deepEqual((await loadKubeconfig({ path: file('empty', content) })).contexts, []);
    }
  });

  test('a chosen file that is not there is told', async () => {
    const error = await failureOf(loadKubeconfig({ path: join(folder, 'nothing') }));
    assert.equal(error.reason, 'not-found');
  });
});

describe('what is wrong in a kubeconfig', () => {
  test('is told without quoting it', async () => {
    const path = file('bad', 'users:\n- name: x\n  user: { token: [secret-token-0123456789\n');
    const error = await failureOf(loadKubeconfig({ environment: environment(A, path) }));
    assert.equal(error.reason, 'bad-kubeconfig');
    assert.match(error.message, /bad is not YAML in line \d+: /);
    assert.doesNotMatch(JSON.stringify(error) + error.message + String(error.stack), /secret-token/);
  });

  test('something else is no kubeconfig', async () => {
    for (const content of ['kind: Pod\n', '- 1\n', 'just text\n', '42\n']) {
      assert.equal((await failureOf(loadKubeconfig({ path: file('else', content) }))).reason, 'bad-kubeconfig');
    }
  });

  test('a context names what is not there: only that context cannot be used', async () => {
    const merged = await loadKubeconfig({ environment: environment(A) });
    assert.throws(() => merged.resolve('broken'), { reason: 'bad-kubeconfig', message: /names the cluster nowhere/ });
    assert.throws(() => merged.resolve('nobody'), { reason: 'bad-kubeconfig', message: /names the user lost/ });
    assert.throws(() => merged.resolve('four'), {
      reason: 'no-kubeconfig',
      message: /There are: one, two, broken, nobody\./,
    });
    assert.equal(merged.resolve('two').user.plugin?.args[0], '--now');
  });

  test('fields of another type are as if they were not there', async () => {
    const path = file(
      'odd',
      `{"clusters": [1, {"name": "c", "cluster": {"server": "https://x", "proxy-url": 7}}], "users": [{"name": "u", "user": null}, {"user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}, null]}`,
    );
    const { cluster, user } = (await loadKubeconfig({ path })).resolve('x');
    assert.deepEqual([cluster.proxyUrl, user.name, user.token], [undefined, 'u', undefined]);
  });
});

test('inside of a pod the cluster around it is there', async () => {
  const { inClusterFile } = await import('../../../src/core/cluster/kubeconfig/in-cluster.ts');
  const account = join(folder, 'account');
  file('account/token', 'x');
  file('account/namespace', 'shop\n');
  const found = inClusterFile({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, account);
  assert.equal(found?.clusters[0]?.server, 'https://[fd00::1]:443');
  assert.equal(found.contexts[0]?.namespace, 'shop');
  assert.equal(inClusterFile({}, account), undefined);
});

test('a change of a file is noticed, also of one that was not there', { timeout: 30_000 }, async () => {
  const path = join(folder, 'watched/config');
  const noticed = new Promise<void>((resolve) => {
    const stop = watchKubeconfig([path], () => {
      stop();
      resolve();
    });
  });
  // The files are looked at every two seconds, by a timer that keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  file('watched/config', 'kind: Config\n');
  await noticed;
  clearInterval(alive);
});
