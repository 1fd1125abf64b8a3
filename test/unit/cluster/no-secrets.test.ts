/** A whole flow with each kind of credential, through everything that can go wrong; then what was written is searched. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { throughApiServer } from '../../../src/core/cluster/checkpoint/node-endpoint.ts';
import { takeCheckpoint } from '../../../src/core/cluster/checkpoint/take-checkpoint.ts';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { download } from '../../../src/core/cluster/download/download.ts';
import { listNamespaces } from '../../../src/core/cluster/inventory/namespaces.ts';
import { listPods } from '../../../src/core/cluster/inventory/pods.ts';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { openNodeSource } from '../../../src/core/cluster/node-source/node-source.ts';
import { mayCheckpoint } from '../../../src/core/cluster/rights/access.ts';
import { checkSetup } from '../../../src/core/cluster/setup/check-setup.ts';
import { describeError } from '../../../src/protocol/channel.ts';
import type { NodeFailure } from '../../cluster/node.ts';
import type { KubeconfigObject, Login } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { archiveOf } from '../support/fixtures.ts';
import { nodeOf, temporary, workshop } from './node-support.ts';
import { connect, serviceAccount, startCluster } from './support.ts';

const ALL = { verbs: ['*'], resources: ['*'], groups: ['*'] };
const FAILURES: readonly NodeFailure[] = [
  'kubelet-down',
  'gate-off',
  'runtime-down',
  'support-off',
  'criu-missing',
  'criu-broken',
  'tcp-established',
  'unimplemented',
];

const cluster = await startCluster();
cluster.node().archives.set('*', archiveOf('crio-tty'));

interface Trial {
  readonly name: string;
  readonly login: Login | 'admin';
  readonly change?: (config: KubeconfigObject) => void;
  /** What nobody may find. */
  readonly secrets: readonly string[];
}

function user(entry: Record<string, unknown>): (config: KubeconfigObject) => void {
  return (config) => {
    const [first] = config.users;
    if (first) first.user = entry;
  };
}

function trials(): readonly Trial[] {
  const [bearer, filed, issued] = [1, 2, 3].map(() => serviceAccount(cluster, ALL).token) as [string, string, string];
  const tokenFile = join(temporary(), 'token');
  writeFileSync(tokenFile, `${filed}\n`);
  const plugin = join(temporary(), 'plugin');
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: issued },
  };
  const noise = 'environment-secret-of-the-plugin-0123456789';
  writeFileSync(plugin, `#!/bin/sh\necho "logging in with $CLOUD_SECRET" >&2\necho '${JSON.stringify(credential)}'\n`);
  chmodSync(plugin, 0o755);
  const exec = { apiVersion: credential.apiVersion, command: plugin, env: [{ name: 'CLOUD_SECRET', value: noise }] };
  const certificate = cluster.authority.issue({ name: 'admin', groups: ['system:masters'] });
  const lines = certificate.key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
  return [
    { name: 'a bearer token', login: { token: bearer }, secrets: [bearer] },
    { name: 'a token in a file', login: {}, change: user({ tokenFile }), secrets: [filed] },
    { name: 'what a plugin prints', login: {}, change: user({ exec }), secrets: [issued, noise] },
    {
      name: "a client certificate's key",
      login: { certificate },
      secrets: [...lines, Buffer.from(certificate.key).toString('base64')],
    },
  ];
}

/** As a log would show it, and as it crosses to the page. */
function shown(error: unknown): string {
  const deep = inspect(error, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null });
  return [deep, JSON.stringify(describeError(error)), error instanceof Error ? (error.stack ?? '') : ''].join('\n');
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Everything that a person does, and what comes of it as text. */
async function flow(opened: Cluster, secrets: readonly string[]): Promise<string> {
  const written: string[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      written.push(inspect(await work(), { depth: 12 }));
    } catch (error) {
      written.push(shown(error));
    }
  };
  const { api } = opened;
  const node = await nodeOf(opened);
  const { files, helpers, journalFolder } = workshop(opened);
  const folder = temporary();
  const tool = { name: 'checkpoint-explorer', version: '1' };
  let count = 0;
  const take = (): Promise<unknown> => {
    const pod = `pod-${opened.user}-${String(++count)}-${String(Math.random()).slice(2)}`;
    addPod(cluster, { name: pod, containers: ['web'] });
    const subject = { namespace: 'lab', pod, container: 'web', node: 'node-1' };
    return takeCheckpoint(throughApiServer(api.transport, 'node-1'), subject);
  };
  const fetch = (name: string, target: string): Promise<unknown> =>
    download(
      opened,
      files,
      { node, path: `${CHECKPOINTS}/${name}`, target: join(folder, target), tool },
      { pauses: [1] },
    );

  await attempt(() => listNamespaces(api, []));
  await attempt(() => listPods(api, { namespace: 'lab', limit: 10 }));
  await attempt(() => mayCheckpoint(api, 'node-1'));
  await attempt(take);
  for (const failure of FAILURES) {
    cluster.node().failure = failure;
    await attempt(take);
  }
  cluster.node().failure = undefined;
  await attempt(async () => {
    const points = [];
    for await (const point of checkSetup(opened, node, { files })) points.push(point);
    return points;
  });
  const [name = ''] = readdirSync(cluster.node().checkpoints);
  await attempt(() => fetch(name, 'good.tar'));
  await attempt(() => fetch('nothing.tar', 'nothing.tar'));
  await attempt(async () => {
    const source = await openNodeSource(files, node, `${CHECKPOINTS}/${name}`, { name, server: opened.server });
    await source.read(0, 100);
    await source.close();
  });
  const isExec = ({ path }: { path: string }): boolean => path.endsWith('/exec');
  cluster.server.faults.add({ match: isExec, cutAfter: () => 300_000 });
  await attempt(() => fetch(name, 'cut.tar'));
  cluster.server.faults.clear();
  // A server, or a gateway before it, that repeats what it was sent.
  for (const secret of secrets) {
    for (const [status, type, body] of [
      [401, 'text/plain', `Authorization: Bearer ${secret} is not valid`],
      [403, 'application/json', JSON.stringify({ kind: 'Status', message: `token ${secret} is forbidden`, code: 403 })],
      [500, 'text/html', `<html>X-Token: ${secret}</html>`],
      [502, 'text/plain', `${secret}${secret}`],
      [200, 'application/json', `{"items": ${secret}`],
    ] as const) {
      cluster.server.faults.add({ answer: { status, type, body } });
      for (const work of [
        () => listNamespaces(api, []),
        () => listPods(api, { namespace: 'lab', limit: 10 }),
        () => fetch(name, 'again.tar'),
        take,
      ]) {
        await attempt(work);
      }
      cluster.server.faults.clear();
    }
  }
  await helpers.close();
  for (const path of [...filesIn(folder), ...filesIn(journalFolder)]) written.push(path, readFileSync(path, 'latin1'));
  return written.join('\n');
}

for (const { name, login, change, secrets } of trials()) {
  test(`${name} is in nothing that is written`, async () => {
    cluster.server.seen.length = 0;
    const opened = await connect(cluster, login, change ? { change } : {});
    const told = await flow(opened, secrets);
    const addresses = cluster.server.seen.map(({ path, query }) => path + decodeURIComponent(query)).join('\n');
    // The flow was gone through, and what servers said is shown but for the secrets.
    for (const words of ['checkpoint-explorer/acquisition', 'CRIU', '[removed]', 'good.tar']) {
      assert.ok(told.includes(words), words);
    }
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
        const at = told.indexOf(form);
        assert.equal(at, -1, at < 0 ? '' : told.slice(Math.max(0, at - 300), at + 20));
        assert.ok(!addresses.includes(form), 'in an address');
      }
    }
  });
}
