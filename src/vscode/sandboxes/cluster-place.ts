import type { Api } from '../../core/cluster/api/api.ts';
import type { Cluster, ContextFacts } from '../../core/cluster/cluster.ts';
import { findCustomKinds } from '../../core/cluster/custom/custom-kinds.ts';
import type { NodeFiles } from '../../core/cluster/node-files/node-files.ts';
import { isNodeLocator, parseNodeLocator } from '../../core/cluster/node-files/node-locator.ts';
import { listNamespaces } from '../../core/cluster/inventory/namespaces.ts';
import { listNodes } from '../../core/cluster/inventory/nodes.ts';
import type { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { fits, isAble, KubernetesSandbox, type Measure } from '../../core/restore/sandbox/kubernetes.ts';
import { OperatorSandbox } from '../../core/restore/sandbox/operator.ts';
import type { Sandbox, Subject } from '../../core/restore/sandbox/sandbox.ts';
import type { RegistrySettings } from '../../core/restore/registry/registry.ts';
import type { UploadPlaces } from '../../core/restore/registry/upload-places.ts';
import { describeError } from '../../protocol/channel.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { ClusterWishes, NodeChoice, OperatorChoice } from '../../protocol/restore-api.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { isCancelled } from '../failure.ts';
import { understand } from './cluster-wishes.ts';
import { lookForOriginal, Moving, originalChoice } from './moving.ts';
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
  const { pod } = await subject.checkpoint.overview(signal);
  const [nodes, namespaces, operator, original] = await Promise.all([
    nodesOf(cluster, subject, signal),
    namespacesOf(cluster, wishes, signal),
    operatorChoice(cluster, subject.locator, wishes.context, pod, signal),
    lookForOriginal(cluster, pod, signal),
  ]);
  const choices = {
    wishes,
    contexts,
    nodes,
    namespaces,
    ...(operator && { operator }),
    ...(original && { original: originalChoice(original) }),
  };
  const understood = understand(wishes);
  const sandbox = sandboxIn(connection, subject, wishes, understood, options);
  const isMoved = wishes.move && original !== undefined && !('missing' in original);
  const { network } = options;
  const { lifetime } = wishes;
  const moving = isMoved ? { moving: new Moving(cluster, original, { lifetime, network }) } : {};
  try {
    const target = await sandbox.detect(subject, signal);
    if ('incomplete' in understood) return { ...place, target, cluster: choices, incomplete: understood.incomplete };
    return { ...place, target, cluster: choices, sandbox, ...moving };
  } catch (error) {
    return { ...place, cluster: choices, missing: whyNot(error, signal) };
  }
}

const NO_IMAGE = { host: '', name: '' };

function sandboxIn(
  { cluster, files }: ClusterConnection,
  { locator }: Subject,
  { way, node, namespace, createNamespace, pullSecret }: ClusterWishes,
  understood: ReturnType<typeof understand>,
  { journal, measure, uploads, registry, network }: ClusterPlaceOptions,
): Sandbox {
  const isWhole = !('incomplete' in understood);
  const common = { cluster, files, journal, namespace, network, ...(isWhole && { lifetime: understood.lifetime }) };
  if (way === 'operator') {
    const { node: where, path } = parseNodeLocator(locator);
    return new OperatorSandbox({ ...common, node: where, path });
  }
  return new KubernetesSandbox({
    ...common,
    measure,
    uploads,
    image: isWhole ? (understood.image ?? NO_IMAGE) : NO_IMAGE,
    registry: isWhole ? registry() : {},
    createNamespace,
    ...(node !== '' && { node }),
    ...(pullSecret !== '' && { pullSecret }),
  });
}

/** Where the operator would restore the archive; undefined in a cluster that does not have it. */
async function operatorChoice(
  { api }: Cluster,
  locator: string,
  context: string,
  pod: Overview['pod'],
  signal: AbortSignal,
): Promise<OperatorChoice | undefined> {
  if (!(await hasOperator(api, signal))) return undefined;
  const place = isNodeLocator(locator) ? parseNodeLocator(locator) : undefined;
  if (place?.context !== context) {
    return { missing: sentence('The operator restores only archives that lie on a node of this cluster.') };
  }
  return { node: place.node, ...(pod?.namespace !== undefined && { namespace: pod.namespace }) };
}

async function hasOperator(api: Api, signal: AbortSignal): Promise<boolean> {
  try {
    return (await findCustomKinds(api, signal)).restore !== undefined;
  } catch (error) {
    // Whether the cluster can be reached at all is told by what follows.
    if (signal.aborted) throw error;
    return false;
  }
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
