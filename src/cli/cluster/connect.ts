import { join } from 'node:path';
import { applicationCache } from '../../core/application-cache.ts';
import { openCluster, type Cluster } from '../../core/cluster/cluster.ts';
import { loadKubeconfig, type Kubeconfig } from '../../core/cluster/kubeconfig/kubeconfig.ts';
import { HelperJournal } from '../../core/cluster/node-files/helper-journal.ts';
import { HELPER_DEFAULTS, type HelperSettings } from '../../core/cluster/node-files/helper-manifest.ts';
import { HelperPods, sweepJournal } from '../../core/cluster/node-files/helper-pods.ts';
import { NodeFiles } from '../../core/cluster/node-files/node-files.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { sentence } from '../../protocol/sentence.ts';
import { usage, type Arguments } from '../arguments.ts';
import type { Session } from '../session.ts';

/** What the options say about where a cluster is and how its nodes' files are reached. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly image?: string | undefined;
}

export function choiceOf(args: Arguments): ClusterChoice {
  return {
    kubeconfig: args.text('kubeconfig'),
    context: args.text('context'),
    namespace: args.text('namespace'),
    image: args.text('image'),
  };
}

export function readKubeconfig({ kubeconfig }: ClusterChoice): Promise<Kubeconfig> {
  return loadKubeconfig(kubeconfig === undefined ? {} : { path: kubeconfig });
}

/** Takes a context into use until the session ends. */
export async function connect(choice: ClusterChoice, session: Session): Promise<Cluster> {
  // Who runs a command line trusts the kubeconfig that it reads.
  const cluster = await openCluster(await readKubeconfig(choice), choice.context, { allowPlugins: true });
  session.onEnd(() => {
    cluster.close();
    return Promise.resolve();
  });
  if (cluster.isUnverified) {
    session.output.error(
      cluster.isPlain
        ? `What is said to ${cluster.server} is not encrypted: its address in the kubeconfig begins with http:. So it is told no credentials.`
        : `The certificate of ${cluster.server} is not verified: the kubeconfig says so for ${cluster.name}.`,
    );
  }
  return cluster;
}

/** Of a time limit, how much a helper pod may take to start: why it does not is a better word than that it took too long. */
const TO_START = 0.75;
const MOST_TO_START = 90_000;

/**
 * The files of a cluster's nodes. Helper pods are removed when the session ends; what a crash left, now.
 * @param limit seconds for all that is done with them
 */
export async function nodeFiles(
  cluster: Cluster,
  choice: ClusterChoice,
  session: Session,
  limit?: number,
): Promise<NodeFiles> {
  const journal = new HelperJournal(join(applicationCache(process.env, process.platform), 'helpers'));
  await sweepJournal(journal, cluster.name, cluster.api);
  const image = choice.image ?? process.env['CHECKPOINT_EXPLORER_HELPER_IMAGE'];
  const settings: HelperSettings = {
    ...HELPER_DEFAULTS,
    namespace: choice.namespace ?? process.env['CHECKPOINT_EXPLORER_HELPER_NAMESPACE'] ?? cluster.namespace,
    ...(image !== undefined && image !== '' && { image }),
  };
  const patience = Math.min(MOST_TO_START, limit === undefined ? Infinity : limit * 1000 * TO_START);
  const helpers = new HelperPods(cluster.api, { settings, journal, context: cluster.name, patience });
  session.onEnd(() => helpers.close());
  return new NodeFiles(cluster.api.transport, helpers);
}

/** `--timeout`, in seconds. @throws CheckpointError `usage` */
export function timeoutOf(args: Arguments): number | undefined {
  const text = args.text('timeout');
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw usage('{0} is not a time limit: give whole seconds from 1 on.', text);
  return seconds;
}

/** Ends what takes longer than `--timeout`, with a word that says so. */
export async function withinTimeout<T>(
  args: Arguments,
  session: Session,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const seconds = timeoutOf(args);
  if (seconds === undefined) return work(session.signal);
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    return await work(AbortSignal.any([session.signal, limit]));
  } catch (error) {
    if (!limit.aborted || session.signal.aborted) throw error;
    throw new ClusterError('timeout', sentence('The cluster did not get it done within {0} seconds.', seconds));
  }
}
