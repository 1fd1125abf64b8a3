import { readFile } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import type { Api } from '../../core/cluster/api/api.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { readPod } from '../../core/cluster/inventory/pods.ts';
import type { ClusterEntry } from '../../core/cluster/kubeconfig/entries.ts';
import { loadKubeconfig, type Kubeconfig } from '../../core/cluster/kubeconfig/kubeconfig.ts';
import { sentence } from '../../protocol/sentence.ts';

/*
 * The Kubernetes extension (ms-kubernetes-tools.vscode-kubernetes-tools). What its tree and its programming interface
 * give was looked up in its source, version 1.4.1, and tried with it: clusterexplorer/node.resource.ts,
 * kubectlUtils.ts (getPods), api/contract/configuration/v1.ts.
 */

/** A pod as a row of its tree shows it. */
export interface ForeignPod {
  /** Empty where the row does not say. */
  readonly namespace: string;
  readonly name: string;
  /** The node that it was on when the row was made; undefined where the row does not say. */
  readonly node: string | undefined;
}

/**
 * What VS Code hands to a command on one of its rows. `kindName` is the kind's abbreviation and the name, `pod/NAME`;
 * the namespace stands in `metadata`, too. Which cluster the row is of it does not say: the tree shows only that of one
 * kubeconfig's current context, see {@link foreignPlace}.
 */
export function foreignPod(argument: unknown): ForeignPod | undefined {
  if (!isObject(argument)) return undefined;
  const { kindName, metadata, namespace, extraInfo } = argument;
  const [, name] = /^(?:pods?|po)\/([^/]+)$/.exec(textOf(kindName)) ?? [];
  if (name === undefined) return undefined;
  const own = isObject(metadata) ? textOf(metadata['namespace']) : '';
  const info = isObject(extraInfo) && isObject(extraInfo['podInfo']) ? extraInfo['podInfo'] : {};
  const node = textOf(info['nodeName']);
  // It reads what kubectl prints.
  return { namespace: textOf(namespace) || own, name, node: node === '' || node === '<none>' ? undefined : node };
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
 * @param folder the workspace's: there it runs kubectl, so that a path in its settings may begin there
 * @returns undefined where it does not tell
 * @throws ClusterError `no-kubeconfig` where it cannot: it asks WSL for it
 */
export function foreignKubeconfig(exports: unknown, folder = ''): ForeignKubeconfig | undefined {
  const found = pathOf(apiOf(exports));
  if (!isObject(found)) return undefined;
  const { pathType, hostPath, wslPath } = found;
  if (pathType === 'host' && textOf(hostPath) !== '') return { pathType, hostPath: within(folder, textOf(hostPath)) };
  return pathType === 'wsl' ? { pathType, wslPath: textOf(wslPath) } : undefined;
}

function within(folder: string, list: string): string {
  const paths = list.split(delimiter).filter((path) => path !== '');
  return paths.map((path) => resolve(folder, path)).join(delimiter);
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

function pathOf(api: ConfigurationV1 | undefined): unknown {
  try {
    return api?.getKubeconfigPath();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ClusterError(
      'no-kubeconfig',
      sentence('The Kubernetes extension cannot tell which kubeconfig it shows. Find the pod in the view Clusters.'),
      { said, cause: error },
    );
  }
}

/** Where the other extension's rows are from, in terms of our own kubeconfig. */
export interface ForeignPlace {
  readonly context: string;
  /** The namespace of whatever its rows do not say one of. */
  readonly namespace: string;
}

/**
 * The context of our own kubeconfig that leads to the cluster that the other extension shows: a pod of that name in
 * another cluster must never be taken for it.
 * @throws ClusterError `no-kubeconfig` where none does, or where nobody can tell; `bad-kubeconfig`
 */
export async function foreignPlace(own: Kubeconfig, shown: ForeignKubeconfig): Promise<ForeignPlace> {
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
  const matches = await Promise.all(own.contexts.map((one) => isSameCluster(own.cluster(one.cluster), cluster)));
  const same = own.contexts.filter((_, index) => matches[index] === true);
  const found = same.find(({ name }) => name === context.name) ?? same[0];
  if (found) return { context: found.name, namespace: context.namespace ?? 'default' };
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

/**
 * Makes sure that a pod there is the one that a row shows: the tree stays as it was when something else than its own
 * menu makes another context the current one.
 * @throws ClusterError `changed` where it is not, and what asking for it throws
 */
export async function requireSamePod(
  api: Api,
  context: string,
  { namespace, name, node }: ForeignPod,
  signal?: AbortSignal,
): Promise<void> {
  const stale = { where: context };
  let found: string | undefined;
  try {
    found = (await readPod(api, { namespace, name, signal })).node;
  } catch (error) {
    if (!ClusterError.is(error, 'not-found')) throw error;
    throw new ClusterError(
      'changed',
      sentence(
        'The Kubernetes extension’s kubeconfig leads to {0} now, where there is no pod {1}. Its view may still show another cluster, or a pod that is gone: refresh it.',
        context,
        `${namespace}/${name}`,
      ),
      stale,
    );
  }
  // One that is on no node yet, or no longer, runs nothing that could be checkpointed.
  if (node === undefined || found === undefined || node === found) return;
  throw new ClusterError(
    'changed',
    sentence(
      'The Kubernetes extension shows the pod {0} on {1}, and its kubeconfig leads to {2} now, where the pod of that name is on {3}. Its view may still show another cluster, or where the pod was: refresh it.',
      `${namespace}/${name}`,
      node,
      context,
      found,
    ),
    stale,
  );
}

/** Several clusters may have one address: that of the near end of a tunnel. Then their authorities tell them apart. */
async function isSameCluster(one: ClusterEntry | undefined, other: ClusterEntry): Promise<boolean> {
  if (!one || addressOf(one) !== addressOf(other)) return false;
  const [mine, theirs] = await Promise.all([authorityOf(one), authorityOf(other)]);
  return mine === undefined || theirs === undefined || mine === theirs;
}

function addressOf({ server }: ClusterEntry): string {
  return URL.parse(server)?.href ?? server;
}

/** Undefined where it names none, or one that cannot be read: then it does not say. */
async function authorityOf({ caData, caFile }: ClusterEntry): Promise<string | undefined> {
  try {
    const certificate = caData ?? (caFile === undefined ? undefined : await readFile(caFile));
    return certificate?.toString('utf8').replace(/\s+/g, '');
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
