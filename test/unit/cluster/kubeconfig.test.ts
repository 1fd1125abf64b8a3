import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
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

  test('is told where KUBECONFIG names only separators', async () => {
    const none = await loadKubeconfig({ environment: { KUBECONFIG: delimiter.repeat(3), HOME: folder } });
    assert.throws(() => none.resolve(), { message: /^There is no kubeconfig: KUBECONFIG names no file\./ });
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
    const none = await loadKubeconfig({ path: file('none', 'contexts:\n- { name: x, context: { user: u } }\n') });
    assert.throws(() => none.resolve('x'), {
      reason: 'bad-kubeconfig',
      message: /The context x in .* names no cluster\./,
    });
  });

  test('the address of a server is put in order', async () => {
    const servers = ['HTTPS://One.example:6443//', 'two.example:6443', ' https://three.example/k8s/ ', 'https://'];
    const clusters = servers.map((server, index) => ({ name: String(index), cluster: { server } }));
    const contexts = servers.map((_, index) => ({ name: String(index), context: { cluster: String(index) } }));
    const merged = await loadKubeconfig({ path: file('servers', JSON.stringify({ clusters, contexts })) });
    assert.deepEqual(
      servers.map((_, index) => merged.resolve(String(index)).cluster.server),
      ['https://One.example:6443', 'https://two.example:6443', 'https://three.example/k8s', 'https://'],
    );
    assert.deepEqual(
      listContexts(merged).map(({ server }) => server),
      ['one.example:6443', 'two.example:6443', 'three.example', '?'],
    );
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

describe('a file without bounds', () => {
  test('is not read further than a kubeconfig goes', { skip: process.platform === 'win32' }, async () => {
    assert.equal((await failureOf(loadKubeconfig({ path: '/dev/zero' }))).reason, 'too-large');
    assert.deepEqual((await loadKubeconfig({ path: '/dev/null' })).contexts, []);
  });

  test(
    'a pipe is read when it is written to, and is empty while nobody does',
    { skip: process.platform === 'win32' },
    async () => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      assert.deepEqual((await loadKubeconfig({ path: pipe })).contexts, []);
      const writer = spawn('sh', ['-c', 'exec 3>"$1"; sleep 0.2; cat "$2" >&3', 'sh', pipe, A]);
      // Who opens it for writing waits until somebody reads.
      let contexts: readonly unknown[] = [];
      while (contexts.length === 0) contexts = (await loadKubeconfig({ path: pipe })).contexts;
      assert.equal(contexts.length, 4);
      writer.kill();
    },
  );

  test('aliases that stand for more than can be held are refused', async () => {
    const levels = Array.from({ length: 11 }, (_, level) => {
      const below = level === 0 ? 'x' : `*a${String(level - 1)}`;
      return `a${String(level)}: &a${String(level)} [${Array.from({ length: 10 }, () => below).join(', ')}]\n`;
    });
    const bomb = file('bomb', levels.join(''));
    const error = await failureOf(loadKubeconfig({ path: bomb }));
    assert.equal(error.reason, 'bad-kubeconfig');
    assert.match(error.message, /bomb is not a kubeconfig: its aliases stand for far more than it holds/);
    // What a tool, or somebody, wrote only once counts as often as it is used.
    const shared = Array.from({ length: 200 }, (_, index) => `- { name: u${String(index)}, user: *me }\n`).join('');
    const path = file('shared', `x: &me { token: ${'t'.repeat(2000)} }\nusers:\n${shared}contexts:\n- { name: c }\n`);
    assert.equal((await loadKubeconfig({ path })).contexts.length, 1);
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
