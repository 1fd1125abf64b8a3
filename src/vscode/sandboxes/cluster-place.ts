import type { Cluster, ContextFacts } from '../../core/cluster/cluster.ts';
import type { NodeFiles } from '../../core/cluster/node-files/node-files.ts';
import { listNamespaces } from '../../core/cluster/inventory/namespaces.ts';
import { listNodes } from '../../core/cluster/inventory/nodes.ts';
import type { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { fits, isAble, KubernetesSandbox, type Measure } from '../../core/restore/sandbox/kubernetes.ts';
import type { Subject } from '../../core/restore/sandbox/sandbox.ts';
import type { RegistrySettings } from '../../core/restore/registry/registry.ts';
import type { UploadPlaces } from '../../core/restore/registry/upload.ts';
import { describeError } from '../../protocol/channel.ts';
import type { ClusterWishes, NodeChoice } from '../../protocol/restore-api.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { isCancelled } from '../failure.ts';
import { understand } from './cluster-wishes.ts';
import type { RestorePlace } from './restoring.ts';

/** The clusters of the kubeconfig, with the connections that the view of clusters has. */
export interface Clusters {
  /** The current one first. @throws ClusterError */
  contexts(): Promise<readonly ContextFacts[]>;
  /** @throws ClusterError */
  connect(context: string): Promise<ClusterConnection>;
  /** Asks once for each cluster whether helper pods may read the disks of its nodes. */
  allowHelpers(context: string): Promise<boolean>;
}

export interface ClusterConnection {
  readonly cluster: Cluster;
  readonly files: NodeFiles;
}

export interface ClusterPlaceOptions {
  readonly clusters: Clusters;
  readonly journal: SandboxJournal;
  readonly measure: Measure;
  readonly uploads: UploadPlaces;
  readonly registry: () => RegistrySettings;
  readonly network: 'nowhere' | 'as-it-was';
}

/**
 * What a restore in a cluster would be as a person wants it, and what there is to choose. What is in the way is told in
 * it: a cluster that cannot be reached, or something that is not said yet. @throws only where it is cancelled
 */
export async function clusterPlace(
  subject: Subject,
  wishes: ClusterWishes,
  options: ClusterPlaceOptions,
  signal: AbortSignal,
): Promise<RestorePlace> {
  const { clusters } = options;
  const known = await clusters.contexts();
  const contexts = known.map(({ name, server }) => ({ name, ...(server !== undefined && { server }) }));
  const nothing = { wishes, contexts, nodes: [], namespaces: [] };
  const place = { kind: 'kubernetes', target: { kind: 'kubernetes' } } as const;
  let connection: ClusterConnection;
  try {
    connection = await clusters.connect(wishes.context);
  } catch (error) {
    return { ...place, cluster: nothing, missing: whyNot(error, signal) };
  }
  const { cluster } = connection;
  const [nodes, namespaces] = await Promise.all([
    nodesOf(cluster, subject, signal),
    namespacesOf(cluster, wishes, signal),
  ]);
  const choices = { wishes, contexts, nodes, namespaces };
  const understood = understand(wishes);
  const sandbox = sandboxIn(connection, wishes, understood, options);
  try {
    const target = await sandbox.detect(subject, signal);
    if ('incomplete' in understood) return { ...place, target, cluster: choices, incomplete: understood.incomplete };
    return { ...place, target, cluster: choices, sandbox };
  } catch (error) {
    return { ...place, cluster: choices, missing: whyNot(error, signal) };
  }
}

const NO_IMAGE = { host: '', name: '' };

function sandboxIn(
  { cluster, files }: ClusterConnection,
  { node, namespace, createNamespace, pullSecret }: ClusterWishes,
  understood: ReturnType<typeof understand>,
  { journal, measure, uploads, registry, network }: ClusterPlaceOptions,
): KubernetesSandbox {
  const isWhole = !('incomplete' in understood);
  return new KubernetesSandbox({
    cluster,
    files,
    journal,
    measure,
    uploads,
    image: isWhole ? understood.image : NO_IMAGE,
    registry: isWhole ? registry() : {},
    namespace,
    createNamespace,
    network,
    ...(node !== '' && { node }),
    ...(pullSecret !== '' && { pullSecret }),
    ...(isWhole && { lifetime: understood.lifetime }),
  });
}

/** Those that fit first. Who may not see nodes need not: the scheduler knows them. */
async function nodesOf(cluster: Cluster, { facts }: Subject, signal: AbortSignal): Promise<readonly NodeChoice[]> {
  const nodes = await orNone(listNodes(cluster.api, signal), signal);
  return nodes
    .map((node) => ({
      name: node.name,
      runtime: `${node.runtimeName} ${node.runtimeVersion}`.trim(),
      architecture: node.architecture,
      isReady: isAble(node),
      fits: isAble(node) && fits(node, facts),
    }))
    .toSorted((a, b) => Number(b.fits) - Number(a.fits) || Number(b.isReady) - Number(a.isReady));
}

async function namespacesOf(
  cluster: Cluster,
  { namespace }: ClusterWishes,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await orNone(
    listNamespaces(cluster.api, [cluster.namespace, namespace], signal).then(({ namespaces }) => namespaces),
    signal,
  );
  return found.filter(({ isTerminating }) => !isTerminating).map(({ name }) => name);
}

/** What cannot be listed is typed, or left to the cluster; whether it can be reached at all is told by what follows. */
async function orNone<T>(work: Promise<readonly T[]>, signal: AbortSignal): Promise<readonly T[]> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  }
}

function whyNot(error: unknown, signal: AbortSignal): Sentence {
  if (signal.aborted || isCancelled(error)) throw error;
  const { template, args = [], message } = describeError(error);
  return template === undefined ? sentence('{0}', message) : { template, args };
}
