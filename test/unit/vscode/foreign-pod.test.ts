import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { foreignContext, foreignKubeconfig, foreignPod } from '../../../src/vscode/cluster/foreign-pod.ts';
import type { KubeconfigObject } from '../../cluster/test-cluster.ts';
import { startCluster } from '../cluster/support.ts';

const cluster = await startCluster();
const other = await startCluster();

/** A row as the Kubernetes extension makes it: what it is called and where it is are properties and getters. */
class ResourceNode {
  readonly nodeCategory = 'kubernetes-explorer-node';
  readonly nodeType = 'resource';
  readonly kindName: string;
  readonly metadata: { readonly name: string; readonly namespace: string };

  constructor(abbreviation: string, name: string, namespace: string) {
    this.kindName = `${abbreviation}/${name}`;
    this.metadata = { name, namespace };
  }

  get namespace(): string {
    return this.metadata.namespace;
  }
}

describe('a pod of the Kubernetes extension', () => {
  test('is known by what its tree hands over', () => {
    const pod = { context: undefined, namespace: 'shop', pod: 'web-0' };
    assert.deepEqual(foreignPod(new ResourceNode('pod', 'web-0', 'shop')), pod);
    // Older ones abbreviated otherwise.
    assert.deepEqual(foreignPod(new ResourceNode('pods', 'web-0', 'shop')), pod);
    assert.deepEqual(foreignPod({ kindName: 'pod/web-0', metadata: { namespace: 'shop' }, namespace: null }), pod);
    assert.deepEqual(foreignPod({ kindName: 'pod/web-0' }), { ...pod, namespace: '' });
  });

  test('is nothing else', () => {
    for (const one of [
      undefined,
      null,
      'pod/x',
      {},
      new ResourceNode('deployment', 'web', 'shop'),
      new ResourceNode('podcheckpoints.checkpoint.k8s.io', 'one', 'shop'),
      { kindName: 'pod/a/b' },
      { kindName: 7 },
    ]) {
      assert.equal(foreignPod(one), undefined);
    }
  });

  test('has the menu entry, and no other row has', () => {
    const { contributes } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8'),
    ) as { contributes: { menus: Record<string, { command: string; when: string }[]> } };
    const entry = contributes.menus['view/item/context']?.find(({ when }) => when.includes('vsKubernetesExplorer'));
    assert.equal(entry?.command, 'checkpointExplorer.checkpoint');
    const [, view, source = ''] = /^view == (\S+) && viewItem =~ \/(.*)\/$/.exec(entry.when) ?? [];
    assert.equal(view, 'extension.vsKubernetesExplorer');
    const pattern = new RegExp(source);
    assert.ok(pattern.test('vsKubernetes.resource.podk8s-watchable'));
    assert.ok(pattern.test('vsKubernetes.resource.pod'));
    for (const kind of [
      ...[
        'deployment',
        'rs',
        'pvc',
        'node',
        'podcheckpoints.checkpoint.k8s.io',
        'podmonitor',
        'pod-group',
        'pods.x.io',
      ],
    ]) {
      for (const end of ['', 'k8s-watchable']) assert.ok(!pattern.test(`vsKubernetes.resource.${kind}${end}`), kind);
    }
    assert.ok(!pattern.test('vsKubernetes.kindk8s-watchable'));
  });
});

describe('the kubeconfig of the Kubernetes extension', () => {
  /** What its activation returns. */
  const exportsOf = (path: unknown) => ({
    apiVersion: '1.0',
    get: (component: string, version: string) =>
      component === 'configuration' && version === 'v1'
        ? { available: true, api: { getKubeconfigPath: () => path } }
        : { available: false, reason: 'version-unknown' },
  });

  test('is asked for by its own interface', () => {
    const host = { pathType: 'host', hostPath: '/home/me/.kube/config' } as const;
    assert.deepEqual(foreignKubeconfig(exportsOf(host)), host);
    const wsl = { pathType: 'wsl', wslPath: '/home/me/.kube/config' } as const;
    assert.deepEqual(foreignKubeconfig(exportsOf(wsl)), wsl);
  });

  test('is not known where that is missing or of another shape', () => {
    for (const one of [
      undefined,
      null,
      {},
      { get: 'x' },
      { get: () => ({ available: false, reason: 'version-removed' }) },
      { get: () => undefined },
      { get: () => ({ available: true, api: {} }) },
      exportsOf(undefined),
      exportsOf({ pathType: 'host', hostPath: '' }),
      exportsOf({ pathType: 'cloud' }),
    ]) {
      assert.equal(foreignKubeconfig(one), undefined);
    }
  });

  test('leads to our context of the same cluster, whatever it is called', async () => {
    const shown = { pathType: 'host', hostPath: cluster.kubeconfig('admin', { context: 'theirs' }) } as const;
    const list = [other.kubeconfig('admin', { context: 'current', change: renamed }), cluster.kubeconfig()];
    const own = await loadKubeconfig({ environment: { KUBECONFIG: list.join(delimiter) } });
    assert.equal(own.currentContext, 'current');
    assert.equal(await foreignContext(own, shown), 'test');
    const same = [...list, cluster.kubeconfig('admin', { context: 'theirs' })];
    const both = await loadKubeconfig({ environment: { KUBECONFIG: same.join(delimiter) } });
    assert.equal(await foreignContext(both, shown), 'theirs');
    // It may show several files as one, too.
    assert.equal(await foreignContext(both, { pathType: 'host', hostPath: list.join(delimiter) }), 'current');
  });

  test('leads nowhere where ours are of other clusters', async () => {
    // The same names, and another cluster.
    const own = await loadKubeconfig({ path: other.kubeconfig() });
    const path = cluster.kubeconfig();
    await assert.rejects(foreignContext(own, { pathType: 'host', hostPath: path }), (error) => {
      assert.ok(ClusterError.is(error, 'no-kubeconfig'));
      assert.ok(error.message.includes(path), error.message);
      return true;
    });
    await assert.rejects(foreignContext(own, { pathType: 'wsl', wslPath: '/root/config' }), /in WSL/);
    await assert.rejects(foreignContext(own, { pathType: 'host', hostPath: '/nowhere' }), /no context was found/);
  });
});

/** So that merging finds both clusters and users. */
function renamed(config: KubeconfigObject): void {
  for (const one of [...config.clusters, ...config.users]) one.name += '-other';
  for (const { context } of config.contexts) Object.assign(context, { cluster: 'c-other', user: 'u-other' });
}
