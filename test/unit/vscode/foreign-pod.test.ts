import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import {
  foreignKubeconfig,
  foreignPlace,
  foreignPod,
  requireSamePod,
} from '../../../src/vscode/cluster/foreign-pod.ts';
import type { KubeconfigObject } from '../../cluster/test-cluster.ts';
import { addPod } from '../../cluster/workloads.ts';
import { connect, startCluster } from '../cluster/support.ts';

const cluster = await startCluster();
const other = await startCluster();

/** A row as the Kubernetes extension makes it: what it is called and where it is are properties and getters. */
class ResourceNode {
  readonly nodeCategory = 'kubernetes-explorer-node';
  readonly nodeType = 'resource';
  readonly kindName: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly extraInfo: unknown;

  constructor(abbreviation: string, name: string, namespace: string, nodeName?: string) {
    this.kindName = `${abbreviation}/${name}`;
    this.metadata = { name, namespace };
    this.extraInfo = { podInfo: { name, namespace, nodeName, status: 'Running', ready: '1/1' } };
  }

  get namespace(): string {
    return this.metadata.namespace;
  }
}

describe('a pod of the Kubernetes extension', () => {
  test('is known by what its tree hands over', () => {
    const pod = { namespace: 'shop', name: 'web-0', node: undefined };
    assert.deepEqual(foreignPod(new ResourceNode('pod', 'web-0', 'shop')), pod);
    assert.deepEqual(foreignPod(new ResourceNode('pod', 'web-0', 'shop', 'node-b')), { ...pod, node: 'node-b' });
    // What kubectl prints of a pod that no node has.
    assert.deepEqual(foreignPod(new ResourceNode('pod', 'web-0', 'shop', '<none>')), pod);
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
    const list = ['kube/config', '/etc/kube', ''].join(delimiter);
    assert.deepEqual(foreignKubeconfig(exportsOf({ pathType: 'host', hostPath: list }), '/home/me/shop'), {
      pathType: 'host',
      hostPath: ['/home/me/shop/kube/config', '/etc/kube'].join(delimiter),
    });
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

  test('is said not to be told where asking for it fails', () => {
    const getKubeconfigPath = (): never => {
      throw new Error('Impossible to retrieve the kubeconfig path from WSL. Error code: 1.');
    };
    const exports = { get: () => ({ available: true, api: { getKubeconfigPath } }) };
    assert.throws(
      () => foreignKubeconfig(exports),
      (error) => ClusterError.is(error, 'no-kubeconfig') && error.said?.includes('from WSL') === true,
    );
  });

  test('leads to our context of the same cluster, whatever it is called', async () => {
    const shown = { pathType: 'host', hostPath: cluster.kubeconfig('admin', { context: 'theirs' }) } as const;
    const list = [other.kubeconfig('admin', { context: 'current', change: renamed }), cluster.kubeconfig()];
    const own = await loadKubeconfig({ environment: { KUBECONFIG: list.join(delimiter) } });
    assert.equal(own.currentContext, 'current');
    assert.deepEqual(await foreignPlace(own, shown), { context: 'test', namespace: 'lab' });
    const same = [...list, cluster.kubeconfig('admin', { context: 'theirs' })];
    const both = await loadKubeconfig({ environment: { KUBECONFIG: same.join(delimiter) } });
    assert.equal((await foreignPlace(both, shown)).context, 'theirs');
    // It may show several files as one, too.
    const several = await foreignPlace(both, { pathType: 'host', hostPath: list.join(delimiter) });
    assert.equal(several.context, 'current');
  });

  test('leads nowhere where ours are of other clusters', async () => {
    // The same names, and another cluster.
    const own = await loadKubeconfig({ path: other.kubeconfig() });
    const path = cluster.kubeconfig();
    await assert.rejects(foreignPlace(own, { pathType: 'host', hostPath: path }), (error) => {
      assert.ok(ClusterError.is(error, 'no-kubeconfig'));
      assert.ok(error.message.includes(path), error.message);
      return true;
    });
    await assert.rejects(foreignPlace(own, { pathType: 'wsl', wslPath: '/root/config' }), /in WSL/);
    await assert.rejects(foreignPlace(own, { pathType: 'host', hostPath: '/nowhere' }), /no context was found/);
  });
});

describe('two clusters at one address, as behind a tunnel', () => {
  const at = 'https://127.0.0.1:6443';
  const kubeconfigOf = (one: typeof cluster, change: (entry: Record<string, unknown>) => void = () => undefined) =>
    one.kubeconfig('admin', {
      change: (config) => {
        for (const { cluster: entry } of config.clusters) {
          entry['server'] = at;
          change(entry);
        }
      },
    });

  test('are told apart by their authorities', async () => {
    const own = await loadKubeconfig({ path: kubeconfigOf(cluster) });
    const hostPath = kubeconfigOf(other);
    await assert.rejects(foreignPlace(own, { pathType: 'host', hostPath }), (error) =>
      ClusterError.is(error, 'no-kubeconfig'),
    );
  });

  test('are taken for one where an authority is written in another way, or is not named', async () => {
    const own = await loadKubeconfig({ path: kubeconfigOf(cluster) });
    const file = join(cluster.root, 'authority.pem');
    writeFileSync(file, `${cluster.authority.certificate}\n`);
    const inFile = kubeconfigOf(cluster, (entry) => {
      delete entry['certificate-authority-data'];
      entry['certificate-authority'] = file;
    });
    const without = kubeconfigOf(other, (entry) => delete entry['certificate-authority-data']);
    for (const hostPath of [inFile, without]) {
      assert.equal((await foreignPlace(own, { pathType: 'host', hostPath })).context, 'test');
    }
  });
});

describe('a row of the Kubernetes extension that was made earlier', () => {
  const pod = { namespace: 'lab', name: 'cache-0', node: 'node-1' };
  const changed = (words: RegExp) => (error: unknown) => {
    assert.ok(ClusterError.is(error, 'changed'));
    assert.match(error.message, words);
    return true;
  };

  test('stands for the pod where it is the same', async () => {
    addPod(cluster, { name: 'cache-0' });
    await requireSamePod((await connect(cluster)).api, 'test', pod);
    await requireSamePod((await connect(cluster)).api, 'test', { ...pod, node: undefined });
  });

  test('stands for no pod of that name on another node', async () => {
    const api = (await connect(cluster)).api;
    await assert.rejects(
      requireSamePod(api, 'prod', { ...pod, node: 'node-b' }),
      changed(/lab\/cache-0 on node-b.* leads to prod now, .* on node-1\..*refresh it/),
    );
  });

  test('says so where there is no such pod', async () => {
    await assert.rejects(
      requireSamePod((await connect(other)).api, 'prod', pod),
      changed(/leads to prod now, where there is no pod lab\/cache-0/),
    );
  });
});

/** So that merging finds both clusters and users. */
function renamed(config: KubeconfigObject): void {
  for (const one of [...config.clusters, ...config.users]) one.name += '-other';
  for (const { context } of config.contexts) Object.assign(context, { cluster: 'c-other', user: 'u-other' });
}
