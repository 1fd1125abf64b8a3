import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { loadKubeconfig, type Kubeconfig } from '../../core/cluster/kubeconfig/kubeconfig.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { PodTarget } from './targets.ts';

/*
 * The Kubernetes extension (ms-kubernetes-tools.vscode-kubernetes-tools). What its tree and its programming interface
 * give was looked up in its source, version 1.4.1: clusterexplorer/node.resource.ts, api/contract/configuration/v1.ts.
 */

/**
 * A pod of its tree: what VS Code hands to a command on one of its rows. `kindName` is the kind's abbreviation and the
 * name, `pod/NAME`; the namespace stands in `metadata`, too. Which cluster the row is of it does not say: the tree shows
 * only that of one kubeconfig's current context, see {@link foreignContext}.
 */
export function foreignPod(argument: unknown): PodTarget | undefined {
  if (!isObject(argument)) return undefined;
  const { kindName, metadata, namespace } = argument;
  const [, pod] = /^(?:pods?|po)\/([^/]+)$/.exec(textOf(kindName)) ?? [];
  if (pod === undefined) return undefined;
  const own = isObject(metadata) ? textOf(metadata['namespace']) : '';
  return { context: undefined, namespace: textOf(namespace) || own, pod };
}

/** The kubeconfig of which that extension shows the current context. */
export type ForeignKubeconfig =
  | {
      readonly pathType: 'host';
      /** A file, or several as in KUBECONFIG. */
      readonly hostPath: string;
    }
  | { readonly pathType: 'wsl'; readonly wslPath: string };

/**
 * Asks that extension which kubeconfig it shows.
 * @param exports what its activation returned
 * @returns undefined where it does not tell
 */
export function foreignKubeconfig(exports: unknown): ForeignKubeconfig | undefined {
  const found = apiOf(exports)?.getKubeconfigPath();
  if (!isObject(found)) return undefined;
  const { pathType, hostPath, wslPath } = found;
  if (pathType === 'host' && textOf(hostPath) !== '') return { pathType, hostPath: textOf(hostPath) };
  return pathType === 'wsl' ? { pathType, wslPath: textOf(wslPath) } : undefined;
}

interface ConfigurationV1 {
  getKubeconfigPath(): unknown;
}

function apiOf(exports: unknown): ConfigurationV1 | undefined {
  if (!isObject(exports) || typeof exports['get'] !== 'function') return undefined;
  const answer = (exports as { get(component: string, version: string): unknown }).get('configuration', 'v1');
  const api = isObject(answer) && answer['available'] === true ? answer['api'] : undefined;
  return isObject(api) && typeof api['getKubeconfigPath'] === 'function'
    ? (api as unknown as ConfigurationV1)
    : undefined;
}

/**
 * The context of our own kubeconfig that leads to the cluster that the other extension shows: a pod of that name in
 * another cluster must never be taken for it.
 * @throws ClusterError `no-kubeconfig` where none does, or where nobody can tell; `bad-kubeconfig`
 */
export async function foreignContext(own: Kubeconfig, shown: ForeignKubeconfig): Promise<string> {
  if (shown.pathType === 'wsl') {
    throw new ClusterError(
      'no-kubeconfig',
      sentence(
        'The Kubernetes extension shows a cluster of the kubeconfig {0} in WSL, which cannot be read from here. Open the folder in WSL, or find the pod in the view Clusters.',
        shown.wslPath,
      ),
    );
  }
  const other = await loadKubeconfig({ environment: { ...process.env, KUBECONFIG: shown.hostPath } });
  const { context, cluster } = other.resolve();
  const same = own.contexts.filter((one) => serverOf(own.cluster(one.cluster)?.server) === serverOf(cluster.server));
  const found = same.find(({ name }) => name === context.name) ?? same[0];
  if (found) return found.name;
  throw new ClusterError(
    'no-kubeconfig',
    sentence(
      'The Kubernetes extension shows the context {0} of {1}, and no context of the kubeconfig that Checkpoint Explorer reads ({2}) leads to its cluster. Choose the same kubeconfig for both.',
      context.name,
      context.file,
      own.files.join(', '),
    ),
  );
}

function serverOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : (URL.parse(address)?.href ?? address);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
