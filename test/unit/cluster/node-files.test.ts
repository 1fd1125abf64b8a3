import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isOf } from '../../../src/core/cluster/node-files/archive-facts.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { sweepJournal } from '../../../src/core/cluster/node-files/helper-pods.ts';
import { sweepAbandoned } from '../../../src/core/cluster/node-files/helper-sweep.ts';
import { CHECKPOINTS, NodeFiles } from '../../../src/core/cluster/node-files/node-files.ts';
import { openNodeSource } from '../../../src/core/cluster/node-source/node-source.ts';
import { download } from '../../../src/core/cluster/download/download.ts';
import { archiveOf } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { helperPods, nodeOf, temporary, workshop } from './node-support.ts';
import { connect, failureOf, PLAIN, serviceAccount, startCluster } from './support.ts';

const NAME = 'checkpoint-counter_lab-counter-2026-11-23T21:56:14Z.tar';
const PATH = `${CHECKPOINTS}/${NAME}`;

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2' }] });
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, NAME));

describe('archives on a node', async () => {
  const opened = await connect(cluster);
  const { files } = workshop(opened);
  const node = await nodeOf(opened);

  test('are listed with size, time and what their names tell', async () => {
    const { archives, free, time } = await files.list(node);
    assert.deepEqual(
      archives.map(({ name, path }) => [name, path]),
      [[NAME, PATH]],
    );
    const [archive] = archives;
    assert.equal(archive?.size, readFileSync(archiveOf('crio-tty')).length);
    assert.deepEqual(archive.named, {
      pod: 'counter',
      namespaceAndContainer: 'lab-counter',
      time: '2026-11-23T21:56:14Z',
    });
    assert.equal(isOf(archive, { namespace: 'lab', pod: 'counter', container: 'counter' }), true);
    assert.equal(isOf(archive, { namespace: 'lab', pod: 'counter', container: 'other' }), false);
    assert.ok((free ?? 0) > 1024 * 1024);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  });

  test('whatever they are called', async () => {
    const folder = cluster.node('node-2').checkpoints;
    const odd = ['-rf', '--', ' space ', "it's", '$(touch pwned)', 'a\nb', '\u202etar', '*', 'ü.tar', '.hidden'];
    for (const name of odd) writeFileSync(join(folder, name), name);
    mkdirSync(join(folder, 'folder'));
    symlinkSync('/etc/passwd', join(folder, 'link'));
    const there = await nodeOf(opened, 'node-2');
    const { archives } = await files.list(there);
    assert.deepEqual(archives.map(({ name }) => name).sort(), [...odd].sort());
    for (const { name, path, size } of archives) {
      assert.equal(size, Buffer.byteLength(name));
      const { state } = await files.stat(there, path);
      assert.equal(state.size, size);
      assert.equal((await files.hash(there, path)).sha256, createHash('sha256').update(name).digest('hex'));
      await files.delete(there, path, state);
    }
    assert.deepEqual(readdirSync(folder).sort(), ['folder', 'link']);
  });

  test('that are called by what is no text are listed, and told as what they are', async (context) => {
    const folder = cluster.node('node-2').checkpoints;
    const name = Buffer.from([...Buffer.from('latin-'), 0xe9, ...Buffer.from('.tar')]);
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    try {
      writeFileSync(path, 'x');
    } catch {
      return context.skip('the disk takes no such names');
    }
    const there = await nodeOf(opened, 'node-2');
    const { archives } = await files.list(there);
    const listed = archives.find((one) => one.name.startsWith('latin'));
    const error = await failureOf(files.stat(there, listed?.path ?? ''));
    assert.match(error.message, /latin-\ufffd\.tar on node-2 cannot be asked for: its name is not UTF-8\./);
    rmSync(path);
  });

  test('are hashed where they are', async () => {
    const expected = createHash('sha256')
      .update(readFileSync(archiveOf('crio-tty')))
      .digest('hex');
    assert.equal((await files.hash(node, PATH)).sha256, expected);
    assert.equal(await files.endsAsArchive(node, PATH), true);
    writeFileSync(
      join(cluster.node().checkpoints, 'half.tar'),
      readFileSync(archiveOf('crio-tty')).subarray(0, 10_000),
    );
    assert.equal(await files.endsAsArchive(node, `${CHECKPOINTS}/half.tar`), false);
  });

  test('are asked for with patience, but not for ever, and hashed for as long as that takes', async () => {
    const hasty = new NodeFiles(opened.api.transport, files.helpers, 100);
    const tools = temporary();
    for (const tool of ['date', 'openssl', 'sha256sum']) {
      const script = `#!/bin/sh\nPATH=/usr/bin:/bin\nsleep 1\nexec ${tool} "$@"\n`;
      writeFileSync(join(tools, tool), script, { mode: 0o755 });
    }
    cluster.exec.tools = tools;
    try {
      assert.equal((await failureOf(hasty.list(node))).reason, 'timeout');
      assert.equal((await failureOf(hasty.stat(node, PATH))).reason, 'timeout');
      assert.match((await hasty.hash(node, PATH)).sha256, /^[0-9a-f]{64}$/);
    } finally {
      cluster.exec.tools = undefined;
    }
  });

  test('that are not there', async () => {
    const gone = `${CHECKPOINTS}/gone.tar`;
    for (const work of [files.stat(node, gone), files.delete(node, gone, { size: 1, modified: 1, inode: '1' })]) {
      const error = await failureOf(work);
      assert.deepEqual([error.reason, error.message], ['not-found', `There is no file ${gone} on node-1 any more.`]);
    }
  });

  test('that were written anew are not deleted', async () => {
    const local = join(cluster.node().checkpoints, 'again.tar');
    writeFileSync(local, 'first');
    const { state } = await files.stat(node, `${CHECKPOINTS}/again.tar`);
    writeFileSync(local, 'other');
    utimesSync(local, state.modified + 60, state.modified + 60);
    const error = await failureOf(files.delete(node, `${CHECKPOINTS}/again.tar`, state));
    assert.equal(error.reason, 'changed');
    assert.equal(existsSync(local), true);
  });
});

describe('the helper pod', () => {
  test('may do nothing but read the folder', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened, {
      tolerations: [{ key: 'k' }],
      imagePullSecret: 'secret',
      resources: { limits: { cpu: '1' } },
    });
    await files.list(await nodeOf(opened));
    const [pod] = helperPods(cluster);
    const spec = pod?.spec as unknown as Record<string, unknown>;
    const [container] = pod?.spec.containers ?? [];
    assert.deepEqual(container?.securityContext, {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.deepEqual(container.volumeMounts, [{ name: 'checkpoints', mountPath: '/checkpoints', readOnly: true }]);
    assert.deepEqual(spec['volumes'], [{ name: 'checkpoints', hostPath: { path: CHECKPOINTS, type: 'Directory' } }]);
    for (const [field, value] of Object.entries({
      nodeName: 'node-1',
      restartPolicy: 'Never',
      activeDeadlineSeconds: 3600,
      automountServiceAccountToken: false,
      tolerations: [{ key: 'k' }],
      imagePullSecrets: [{ name: 'secret' }],
      hostNetwork: undefined,
      hostPID: undefined,
    })) {
      assert.deepEqual(spec[field], value, field);
    }
    assert.match(
      pod?.metadata.annotations?.['checkpoint-explorer/purpose'] ?? '',
      /reads checkpoint archives in \/var\/lib\/kubelet\/checkpoints of node-1/,
    );
  });

  test('is shared while in use, kept for a moment, and then removed', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened, {}, { keepFor: 200 });
    const node = await nodeOf(opened);
    await until(() => helperPods(cluster).length === 0);
    cluster.server.seen.length = 0;
    await Promise.all([files.list(node), files.list(node), files.hash(node, PATH)]);
    await files.list(node);
    const created = cluster.server.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/pods'));
    assert.equal(created.length, 1);
    await until(() => helperPods(cluster).length === 0);
  });

  test('writes only to delete', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened);
    const node = await nodeOf(opened);
    writeFileSync(join(cluster.node().checkpoints, 'old.tar'), 'x');
    const path = `${CHECKPOINTS}/old.tar`;
    const { state } = await files.stat(node, path);
    await files.delete(node, path, state);
    const mounts = helperPods(cluster).map(({ spec }) => spec.containers[0]?.volumeMounts?.[0]?.readOnly);
    assert.deepEqual(mounts.sort(), [false, true]);
  });

  test('that was deleted by somebody is made again', async () => {
    const opened = await connect(cluster);
    const { files } = workshop(opened);
    const node = await nodeOf(opened);
    await files.list(node);
    const before = helperPods(cluster);
    for (const pod of before)
      await opened.api.remove({ group: '', version: 'v1', plural: 'pods' }, pod.metadata.name, {
        namespace: 'lab',
        graceSeconds: 0,
      });
    assert.equal((await failureOf(files.list(node))).reason, 'not-found');
    await files.list(node);
    assert.notEqual(helperPods(cluster)[0]?.metadata.name, before[0]?.metadata.name);
  });

  test('is removed with its makers, also while it starts', async () => {
    const opened = await connect(cluster);
    await until(() => helperPods(cluster).length === 0);
    const { files, helpers } = workshop(opened);
    const node = await nodeOf(opened);
    cluster.life.pace.start = 300;
    const work = failureOf(files.list(node));
    await until(() => helperPods(cluster).length === 1);
    await helpers.close();
    cluster.life.pace.start = 20;
    assert.equal((await work).reason, 'cancelled');
    assert.equal(helperPods(cluster).length, 0);
    assert.equal((await failureOf(files.list(node))).reason, 'cancelled');
  });

  test('of a process that crashed is removed at the next start, and no other', async () => {
    const script = `
      import { openCluster } from '${join(import.meta.dirname, '../../../src/core/cluster/cluster.ts')}';
      import { loadKubeconfig } from '${join(import.meta.dirname, '../../../src/core/cluster/kubeconfig/kubeconfig.ts')}';
      import { readNode } from '${join(import.meta.dirname, '../../../src/core/cluster/inventory/nodes.ts')}';
      import { HelperJournal } from '${join(import.meta.dirname, '../../../src/core/cluster/node-files/helper-journal.ts')}';
      import { HelperPods } from '${join(import.meta.dirname, '../../../src/core/cluster/node-files/helper-pods.ts')}';
      import { HELPER_DEFAULTS } from '${join(import.meta.dirname, '../../../src/core/cluster/node-files/helper-manifest.ts')}';
      import { NodeFiles } from '${join(import.meta.dirname, '../../../src/core/cluster/node-files/node-files.ts')}';
      const opened = await openCluster(await loadKubeconfig({ path: process.argv[1] }), undefined, { allowPlugins: false });
      const settings = { ...HELPER_DEFAULTS, namespace: 'lab' };
      const helpers = new HelperPods(opened.api, { settings, journal: new HelperJournal(process.argv[2]), context: opened.name });
      await new NodeFiles(opened.api.transport, helpers).list(await readNode(opened.api, 'node-1'));
      process.kill(process.pid, 'SIGKILL');`;
    const crash = async (journalFolder: string) => {
      const { spawn } = await import('node:child_process');
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          '--input-type=module-typescript',
          '-e',
          script,
          cluster.kubeconfig(),
          journalFolder,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      let complaint = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
      const signal = await new Promise((resolve) => child.once('close', (_code, how) => resolve(how)));
      assert.equal(signal, 'SIGKILL', complaint);
    };
    await until(() => helperPods(cluster).length === 0);
    const opened = await connect(cluster);
    const { files, journal, journalFolder } = workshop(opened);
    await crash(journalFolder);
    assert.equal(helperPods(cluster).length, 1);
    // By what is written down: without listing pods, and at the start.
    assert.equal(await sweepJournal(journal, 'other-context', opened.api), 0);
    const options = { allowPlugins: false, environment: PLAIN };
    const elsewhere = await loadKubeconfig({ path: cluster.kubeconfig('admin', { context: 'elsewhere' }) });
    assert.equal(await sweepAbandoned(journal, elsewhere, options), 0);
    assert.equal(await sweepAbandoned(journal, await loadKubeconfig({ path: cluster.kubeconfig() }), options), 1);
    assert.equal(helperPods(cluster).length, 0);
    assert.deepEqual(readdirSync(journalFolder), []);
    // By their labels: what another folder wrote down.
    await crash(workshop(opened).journalFolder);
    const left = helperPods(cluster)[0]?.metadata.name;
    await files.list(await nodeOf(opened));
    const now = helperPods(cluster).map(({ metadata }) => metadata.name);
    assert.equal(now.length, 1);
    assert.notEqual(now[0], left);
  });
});

test('are hashed by OpenSSL where the image has one that works, and it is said what did it', async () => {
  const opened = await connect(cluster);
  const { files } = workshop(opened);
  const node = await nodeOf(opened);
  const sum = createHash('sha256')
    .update(readFileSync(archiveOf('crio-tty')))
    .digest('hex');
  const tools = temporary();
  cluster.exec.tools = tools;
  try {
    for (const [openssl, tool] of [
      [`[ "$*" = "dgst -sha256 -r ./${NAME}" ] && echo "${sum} *x"`, 'openssl dgst -sha256 -r'],
      ['echo "not what was asked for"; exit 1', 'sha256sum'],
    ]) {
      writeFileSync(join(tools, 'openssl'), `#!/bin/sh\n${openssl ?? ''}\n`, { mode: 0o755 });
      assert.deepEqual(await files.hash(node, PATH), { sha256: sum, command: `${tool ?? ''} ./${NAME}` });
    }
  } finally {
    cluster.exec.tools = undefined;
  }
});

test('the documented rights suffice', async () => {
  const login = serviceAccount(
    cluster,
    { verbs: ['create', 'get', 'list', 'delete'], resources: ['pods'], namespace: 'lab' },
    { verbs: ['get', 'create'], resources: ['pods/exec'], namespace: 'lab' },
    { verbs: ['get'], resources: ['nodes'] },
  );
  const opened = await connect(cluster, login);
  const { files, helpers } = workshop(opened);
  const node = await nodeOf(opened);
  assert.ok((await files.list(node)).archives.length > 0);
  await helpers.close();
});

describe('with the tools of busybox', { skip: !hasBusybox() && 'busybox is not installed' }, () => {
  test('everything is as with those of GNU', async () => {
    const tools = temporary();
    for (const name of ['sh', 'stat', 'dd', 'sha256sum', 'tail', 'tr', 'wc', 'df', 'date', 'rm']) {
      writeFileSync(join(tools, name), `#!/bin/sh\nexec busybox ${name} "$@"\n`, { mode: 0o755 });
    }
    // Its images have none.
    writeFileSync(join(tools, 'openssl'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    cluster.exec.tools = tools;
    try {
      const opened = await connect(cluster);
      const { files } = workshop(opened);
      const node = await nodeOf(opened);
      writeFileSync(join(cluster.node().checkpoints, '-odd name.tar'), 'odd');
      const { archives, free, time } = await files.list(node);
      assert.ok(archives.some(({ name, size }) => name === '-odd name.tar' && size === 3));
      assert.ok((free ?? 0) > 0);
      assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
      const path = `${CHECKPOINTS}/-odd name.tar`;
      const { state } = await files.stat(node, path);
      assert.equal((await files.hash(node, path)).sha256, createHash('sha256').update('odd').digest('hex'));
      assert.equal(await files.endsAsArchive(node, PATH), true);
      const target = join(temporary(), NAME.replaceAll(':', '-'));
      const tool = { name: 'test', version: '0' };
      const { record } = await download(opened, files, { node, path: PATH, target, tool });
      assert.equal(record.archive.sha256, (await files.hash(node, PATH)).sha256);
      const source = await openNodeSource(files, node, PATH, { name: NAME, server: opened.server });
      const bytes = readFileSync(join(cluster.node().checkpoints, NAME));
      const ranges = [0, 5000, 70_000, 100_000].map((offset) => source.read(offset, 1 + offset / 2));
      for (const [index, read] of (await Promise.all(ranges)).entries()) {
        const offset = [0, 5000, 70_000, 100_000][index] ?? 0;
        assert.equal(Buffer.compare(read, bytes.subarray(offset, offset + 1 + offset / 2)), 0);
      }
      const [next = 0] = (await source.headersFrom?.(0, 1)) ?? [];
      assert.equal(bytes.toString('latin1', next + 257, next + 262), 'ustar');
      await source.close();
      await files.delete(node, path, state);
      assert.equal((await failureOf(files.stat(node, path))).reason, 'not-found');
    } finally {
      cluster.exec.tools = undefined;
    }
  });
});

function hasBusybox(): boolean {
  return spawnSync('busybox', ['true']).status === 0;
}
