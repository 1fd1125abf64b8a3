import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { TestCluster } from '../cluster/test-cluster.ts';
import { addPod } from '../cluster/workloads.ts';
import type { KubernetesTools, Start } from './kubernetes-tools/extension.ts';
import { activate, sample, setting, useKubeconfig } from './support.ts';

const ARCHIVE = ['kubernetes', 'checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar'] as const;

describe('beside the Kubernetes extension', () => {
  let access: TestAccess;
  let kubernetes: KubernetesTools;
  let shown: TestCluster;
  let other: TestCluster;
  let start: (kubeconfig: string) => void;

  before(async () => {
    access = await activate();
    (globalThis as Start).kubernetesToolsStart = new Promise((resolve) => (start = resolve));
    [shown, other] = await Promise.all([TestCluster.start(), TestCluster.start()]);
    for (const cluster of [shown, other]) {
      cluster.node().archives.set('*', sample(...ARCHIVE).fsPath);
      addPod(cluster, { name: 'web', namespace: 'shop' });
    }
    await setting('checkpoint.confirm', false);
  });

  after(async () => {
    await (await access.clusters.part()).connections.end();
    for (const name of ['kubeconfig', 'checkpoint.confirm']) await setting(name, undefined);
    await vscode.commands.executeCommand('notifications.clearAll');
    await Promise.all([shown.close(), other.close()]);
  });

  /** The names of the archives that both clusters' nodes have. */
  const made = () => [shown, other].map((cluster) => readdirSync(cluster.node().checkpoints).length);

  /** Closes messages that stay until somebody does, until a command has ended. */
  async function closingMessages(command: Thenable<unknown>): Promise<void> {
    const ended = Promise.resolve(command).then(() => true);
    while (!(await Promise.race([ended, wait(50, false)]))) {
      await vscode.commands.executeCommand('notifications.clearAll');
    }
  }

  it('waits for it where its view is there before it has started', async () => {
    await useKubeconfig(access, both());
    const row = { kindName: 'pod/web', namespace: 'shop', metadata: { name: 'web', namespace: 'shop' } };
    const command = vscode.commands.executeCommand('checkpointExplorer.checkpoint', row);
    await wait(300);
    // Our current context leads to another cluster, which has a pod of that name, too.
    assert.deepEqual(made(), [0, 0]);
    start(shown.kubeconfig());
    const extension = vscode.extensions.getExtension<KubernetesTools>('ms-kubernetes-tools.vscode-kubernetes-tools');
    assert.ok(extension, 'the extension that stands for it is not there');
    kubernetes = await extension.activate();
    await closingMessages(command);
    assert.deepEqual(made(), [1, 0]);
  });

  it('checkpoints a pod of its tree in the cluster that it shows, whatever our current context is', async () => {
    kubernetes.show(shown.kubeconfig('admin', { context: 'there' }));
    await useKubeconfig(access, both());
    await vscode.commands.executeCommand('checkpointExplorer.checkpoint', kubernetes.pod('shop', 'web'));
    assert.deepEqual(made(), [2, 0]);
  });

  it('checkpoints nothing where no context of ours leads to that cluster', async () => {
    kubernetes.show(shown.kubeconfig());
    await useKubeconfig(access, other.kubeconfig());
    const before = made();
    const pod = kubernetes.pod('shop', 'web');
    await closingMessages(vscode.commands.executeCommand('checkpointExplorer.checkpoint', pod));
    assert.deepEqual(made(), before);
  });

  it('checkpoints no pod of the same name where its view still shows another cluster', async () => {
    await useKubeconfig(access, shown.kubeconfig());
    const before = made();
    const pod = kubernetes.pod('shop', 'web', 'node-of-before');
    await closingMessages(vscode.commands.executeCommand('checkpointExplorer.checkpoint', pod));
    assert.deepEqual(made(), before);
  });

  /** The other cluster is the current one, and a context under a name of its own leads to the one that is shown. */
  function both(): string {
    return other.kubeconfig('admin', {
      change: (config) => {
        config.clusters.push({ name: 'shown', cluster: shownCluster() });
        config.users.push({ name: 'shown', user: shownUser() });
        config.contexts.push({ name: 'the-one-shown', context: { cluster: 'shown', user: 'shown' } });
      },
    });
  }

  function shownCluster(): Record<string, unknown> {
    return { server: shown.address, 'certificate-authority-data': base64(shown.authority.certificate) };
  }

  function shownUser(): Record<string, unknown> {
    const { certificate, key } = shown.authority.issue({ name: 'admin', groups: ['system:masters'] });
    return { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
  }
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
