import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { ClusterWishes, RestoreFailure } from '../../src/protocol/restore-api.ts';
import { say } from '../../src/protocol/sentence.ts';
import type { RestorePage } from '../../src/vscode/sandboxes/restore-page.ts';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { PODS } from '../cluster/pod-life.ts';
import { NETWORK_POLICIES, TestCluster } from '../cluster/test-cluster.ts';
import { addPod } from '../cluster/workloads.ts';
import { RegistryServer } from '../registry/registry-server.ts';
import { activate, closeAllEditors, refused, sample, setting, until, useKubeconfig } from './support.ts';

const ARCHIVE = ['kubernetes', 'checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar'] as const;
/** Uid of the pod that it is of. */
const ORIGINAL = 'd08c5499-ea18-4ae1-a63b-140ba79bc6b5';

describe('restoring in a cluster', () => {
  let access: TestAccess;
  let cluster: TestCluster;
  let registry: RegistryServer;
  const signal = new AbortController().signal;

  before(async () => {
    access = await activate();
    access.sessions.grace = 50;
    registry = await new RegistryServer().start();
    cluster = await TestCluster.start({
      nodes: [{ name: 'node-crio' }, { name: 'node-containerd', runtime: 'containerd', runtimeVersion: '2.1.9' }],
      kinds: [NETWORK_POLICIES],
    });
    await setting('registry.repository', undefined);
    await useKubeconfig(
      access,
      cluster.kubeconfig('admin', {
        context: 'lab',
        namespace: 'lab',
        change: (config) => {
          config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
          config.contexts.push({ name: 'dead', context: { cluster: 'gone', user: 'u' } });
        },
      }),
    );
  });

  after(async () => {
    await closeAllEditors();
    await vscode.commands.executeCommand('notifications.clearAll');
    await (await access.clusters.part()).connections.end();
    for (const name of ['kubeconfig', 'registry.repository']) await setting(name, undefined);
    await cluster.close();
    await registry.stop();
  });

  afterEach(async () => {
    const part = await access.sandboxes.part();
    for (const { record } of await part.list.items()) await part.actions.removeNow(record);
    for (const terminal of vscode.window.terminals) terminal.dispose();
  });

  async function open(): Promise<RestorePage> {
    const { restores } = await access.sandboxes.part();
    const looked = await restores.look({ locator: sample(...ARCHIVE).fsPath, isFolder: false });
    const place = looked.places.find(({ kind }) => kind === 'kubernetes');
    assert.ok(place);
    return restores.open(looked, place);
  }

  async function wishesOf(page: RestorePage): Promise<ClusterWishes> {
    const { review } = await page.handlers.start(signal);
    assert.ok(review.cluster, 'there is nothing to choose');
    return review.cluster.wishes;
  }

  /** As a person does: says where, agrees to what the page asks, and restores. */
  async function restore(
    page: RestorePage,
    wishes: Partial<ClusterWishes>,
    confirmed = '',
  ): Promise<RestoreFailure | null> {
    const review = await page.handlers.place(signal, { ...(await wishesOf(page)), ...wishes });
    assert.ok(review.plan !== null, JSON.stringify(review.noPlan));
    const agreed = review.findings.filter(({ canBeAgreedTo }) => canBeAgreedTo).map(({ id }) => id);
    return page.handlers.run(signal, review.plan, agreed, confirmed);
  }

  async function rows(): Promise<readonly vscode.TreeItem[]> {
    const part = await access.sandboxes.part();
    await part.list.look();
    return (await access.sandboxes.getChildren()).map((item) => access.sandboxes.getTreeItem(item));
  }

  /** What was made for sandboxes; helper pods that read the disks of nodes are not. */
  function made(): readonly string[] {
    return [...cluster.store.list(PODS, 'lab'), ...cluster.store.list(NETWORK_POLICIES, 'lab')]
      .filter(({ metadata }) => metadata.name.startsWith('checkpoint-counter'))
      .map(({ kind }) => kind);
  }

  it('offers what fits first, and says what has not been said yet', async () => {
    const page = await open();
    const { review } = await page.handlers.start(signal);
    assert.equal(review.plan, null);
    assert.match(say(review.noPlan ?? { template: '', args: [] }), /Name the image/);
    assert.deepEqual(
      review.cluster?.nodes.map(({ name, fits }) => [name, fits]),
      [
        ['node-containerd', true],
        ['node-crio', false],
      ],
    );
    assert.deepEqual(review.cluster.namespaces.includes('lab'), true);
    assert.equal(review.place, 'Kubernetes · lab · containerd 2.1.9');

    const { wishes } = review.cluster;
    const image = `${registry.host}/lab/counter:1`;
    const elsewhere = await page.handlers.place(signal, { ...wishes, image, node: 'node-crio' });
    const engine = elsewhere.findings.find(({ id }) => id === 'engine');
    assert.equal(engine?.verdict, 'blocker', 'a node of another runtime is fine');

    const odd = await page.handlers.place(signal, { ...wishes, image: 'UPPER CASE' });
    assert.equal(odd.plan, null);
    assert.match(say(odd.noPlan ?? { template: '', args: [] }), /not where an image can be put/);

    const dead = await page.handlers.place(signal, { ...wishes, image, context: 'dead' });
    assert.equal(dead.plan, null);
    assert.match(say(dead.findings[0]?.reason ?? { template: '', args: [] }), /cannot be reached/);

    const right = await page.handlers.place(signal, { ...wishes, image });
    const shown = right.steps.map(({ content = '' }) => content).join('');
    assert.match(shown, /"kind": "NetworkPolicy"[^]*"kind": "Pod"[^]*"kubernetes.io\/hostname": "node-containerd"/);
    assert.deepEqual(made(), [], 'something was made before anybody agreed');
    assert.equal(registry.seen.length, 0);
    page.dispose();
  });

  it('sends the image, restores, and lists the sandbox with its end, logs and a shell', async () => {
    const page = await open();
    assert.equal(await restore(page, { image: `${registry.host}/lab/counter:1`, lifetime: 30 }), null);
    const digest = createHash('sha256')
      .update(readFileSync(sample(...ARCHIVE).fsPath))
      .digest('hex');
    assert.ok(registry.blobs.has(`sha256:${digest}`), 'the archive is not in the registry');
    assert.deepEqual(made(), ['Pod', 'NetworkPolicy']);

    const [row, ...more] = await rows();
    assert.equal(more.length, 0);
    assert.equal(row?.contextValue, 'sandbox.running.kubernetes');
    assert.match(String(row.description), /Kubernetes · lab · lab · running · .*30 min/);

    const [item] = await access.sandboxes.getChildren();
    await vscode.commands.executeCommand('checkpointExplorer.showSandboxLogs', item);
    assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /count/);

    const sent = cluster.exec.sent;
    await vscode.commands.executeCommand('checkpointExplorer.openSandboxShell', item);
    const terminal = vscode.window.terminals.at(-1);
    assert.ok(terminal && 'pty' in terminal.creationOptions, 'the shell needs a program of this machine');
    await until('the shell is there', () => cluster.exec.open > 0);
    terminal.sendText('echo $((6 * 7))');
    await until('the shell answers', () => cluster.exec.sent > sent);

    await (await access.clusters.part()).memory.allowHelpers('lab');
    cluster.node('node-containerd').archives.set('*', sample(...ARCHIVE).fsPath);
    await vscode.commands.executeCommand('checkpointExplorer.checkpointSandbox', item);
    const again = sample(`${item?.record.name ?? ''}.tar`);
    assert.deepEqual(readFileSync(again.fsPath), readFileSync(sample(...ARCHIVE).fsPath));
    const folder = vscode.Uri.joinPath(again, '..');
    for (const [name] of await vscode.workspace.fs.readDirectory(folder)) {
      if (name.startsWith(`${item?.record.name ?? ''}.`)) {
        await vscode.workspace.fs.delete(vscode.Uri.joinPath(folder, name));
      }
    }

    // The next image goes beside this one.
    const next = await open();
    assert.match((await wishesOf(next)).image, new RegExp(`^${registry.host}/lab/counter:\\d{8}t\\d+z$`));
    next.dispose();

    assert.ok(item);
    await (await access.sandboxes.part()).actions.removeNow(item.record);
    assert.deepEqual(await rows(), []);
    assert.deepEqual(made(), []);
    assert.ok(registry.blobs.has(`sha256:${digest}`));
  });

  it('moves a pod: the original is deleted when its name was typed and what was restored runs, and only that very pod', async () => {
    const originals = () => cluster.store.list(PODS, 'default').filter(({ metadata }) => metadata.name === 'counters');
    const add = (uid: string) => {
      const pod = addPod(cluster, { name: 'counters', namespace: 'default', node: 'node-containerd' });
      cluster.store.update(PODS, pod, { metadata: { ...pod.metadata, uid } });
    };
    const wishes = { image: `${registry.host}/lab/counter:3`, move: true };
    add('7a1d2b0c-0000-4000-8000-000000000000');
    const page = await open();
    const { review } = await page.handlers.start(signal);
    assert.ok(review.cluster?.original && 'missing' in review.cluster.original, 'a pod of that name is taken for it');
    cluster.store.list(PODS, 'default').forEach((pod) => cluster.store.remove(PODS, pod));
    add(ORIGINAL);
    for (const typed of ['', 'counters', 'lab/counters']) {
      const failure = await restore(page, wishes, typed);
      assert.match(say(failure?.text ?? { template: '', args: [] }), /Type default\/counters/);
    }
    assert.deepEqual(made(), []);
    assert.equal(originals().length, 1);
    assert.equal(await restore(page, wishes, 'default/counters'), null);
    await until('the original is gone', () => originals().every(({ metadata }) => metadata.deletionTimestamp));
    assert.equal((await rows())[0]?.contextValue, 'sandbox.running.kubernetes');

    // Between the look and the end another pod got the name: it stays, and so does what was restored.
    cluster.store.list(PODS, 'default').forEach((pod) => cluster.store.remove(PODS, pod));
    add(ORIGINAL);
    const next = await open();
    const seen = await next.handlers.place(signal, { ...(await wishesOf(next)), ...wishes });
    cluster.store.list(PODS, 'default').forEach((pod) => cluster.store.remove(PODS, pod));
    add('7a1d2b0c-0000-4000-8000-000000000001');
    const agreed = seen.findings.filter(({ canBeAgreedTo }) => canBeAgreedTo).map(({ id }) => id);
    assert.equal(await next.handlers.run(signal, seen.plan ?? '', agreed, 'default/counters'), null);
    assert.ok(originals().every(({ metadata }) => metadata.deletionTimestamp === undefined));
    assert.equal(originals().length, 1);
    assert.equal((await rows()).length, 2);
    await vscode.commands.executeCommand('notifications.clearAll');
    cluster.store.list(PODS, 'default').forEach((pod) => cluster.store.remove(PODS, pod));
  });

  it('explains why it did not work, and takes everything away again', async () => {
    const page = await open();
    const failure = await restore(page, { image: `${registry.host}/missing/counter:1` });
    assert.ok(failure, 'it was restored');
    assert.match(say(failure.text), /ImagePullBackOff/);
    assert.deepEqual(made(), []);
    assert.deepEqual(await rows(), []);
    page.dispose();
  });

  it('ends when it is stopped, with nothing left', async () => {
    const { start } = cluster.life.pace;
    cluster.life.pace.start = 60_000;
    try {
      const page = await open();
      const running = restore(page, { image: `${registry.host}/lab/counter:2` });
      await until('the pod is there', () => made().includes('Pod'));
      await page.handlers.stop(signal);
      assert.equal(await running, null);
      assert.deepEqual(made(), []);
      page.dispose();
    } finally {
      cluster.life.pace.start = start;
    }
  });

  it('sends an image without restoring it, and says why a registry refuses', async () => {
    const { images } = await access.sandboxes.part();
    const locator = sample(...ARCHIVE).fsPath;
    const digest = await images.pushNow(locator, { host: registry.host, name: 'lab/only', tag: '1' });
    assert.ok(registry.manifests.has(`lab/only:${digest}`));
    assert.ok(registry.manifests.has('lab/only:1'));
    // Where it is now, it can be opened, too.
    const there = `docker://${registry.host}/lab/only:1`;
    const overview = await access.sessions.use(there, (session) => session.ask((checkpoint) => checkpoint.overview()));
    assert.equal(overview.container.name, 'counter');
    const { restores } = await access.sandboxes.part();
    const { subject } = await restores.look({ locator: there, isFolder: false });
    const source = await subject.checkpoint.openArchive();
    assert.equal(source.size, readFileSync(locator).length);
    await source.close();

    const closed = await new RegistryServer({ gate: 'basic', username: 'a', password: 'b' }).start();
    try {
      await refused(images.pushNow(locator, { host: closed.host, name: 'lab/only', tag: '1' }), /podman login/);
    } finally {
      await closed.stop();
    }
  });
});
