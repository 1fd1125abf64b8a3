import { join } from 'node:path';
import { sentence } from '../../../protocol/sentence.ts';
import { applicationCache } from '../../application-cache.ts';
import { CheckpointError } from '../../errors.ts';
import { failureOf, pageFailure, readRefusal, readText } from '../api/read-answer.ts';
import { isWebPage } from '../api/web-page.ts';
import { ClusterError } from '../cluster-error.ts';
import { CheckpointRefused, explainCheckpointRefusal } from './kubelet-answer.ts';
import type { NodeEndpoint } from './node-endpoint.ts';
import type { RuntimeFacts, Subject } from './runtime-failure.ts';
import { Turns } from './turns.ts';

export interface TakeOptions {
  /**
   * Seconds that the node may take; goes to the kubelet. Below its own limit (runtimeRequestTimeout, two minutes unless
   * configured) it has no effect there.
   */
  readonly timeout?: number | undefined;
  /** What is known of the node's runtime, for better words. */
  readonly facts?: RuntimeFacts | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A checkpoint that was made. */
export interface Taken {
  readonly subject: Subject;
  /** On the node. */
  readonly path: string;
  /** RFC 3339, by this machine's clock. */
  readonly startedAt: string;
  /** Milliseconds. */
  readonly elapsed: number;
}

/** The kubelet's own limit unless it is configured, in seconds. */
const KUBELET_LIMIT = 120;
/** Seconds for the answer to come after the node's limit. */
const GRACE = 30;
/** A path and little else. */
const LONGEST_ANSWER = 64 * 1024;

const turns = new Turns(join(applicationCache(process.env, process.platform), 'turns'));

/**
 * Has a node make a checkpoint of a container, which is frozen meanwhile and runs on afterwards. Never two of one
 * container at once, nor within a second, whichever of this person's windows and command lines ask.
 * @throws CheckpointRefused with the meaning of what the node, its runtime or the API server says; ClusterError
 * `unreachable`, `timeout`, …; CheckpointError `cancelled`: then, and where `mayExist` is set, the node's folder has to
 * be looked into before anything is called failed
 */
export function takeCheckpoint(endpoint: NodeEndpoint, subject: Subject, options: TakeOptions = {}): Promise<Taken> {
  const { namespace, pod, container, uid = '' } = subject;
  const { peer } = endpoint.transport;
  // One container may be reached by several contexts, and past the API server as well.
  const key = uid === '' ? [peer.address, namespace, pod, container].join('\0') : [uid, container].join('\0');
  return turns.take(key, () => request(endpoint, subject, options), mayHaveBegun, options.signal);
}

/** Who is refused by status 400 to 499 has not come as far as the runtime. */
function mayHaveBegun(error: unknown): boolean {
  return !(error instanceof CheckpointRefused && error.status !== undefined && error.status < 500);
}

async function request(endpoint: NodeEndpoint, subject: Subject, options: TakeOptions): Promise<Taken> {
  const { namespace, pod, container, node } = subject;
  const { transport } = endpoint;
  const { timeout, facts, signal } = options;
  const startedAt = new Date().toISOString();
  const start = performance.now();
  try {
    const answer = await transport.send({
      method: 'POST',
      path: endpoint.path('checkpoint', namespace, pod, container),
      query: { timeout: timeout === undefined ? undefined : Math.ceil(timeout) },
      accept: '*/*',
      timeout: (Math.max(timeout ?? 0, KUBELET_LIMIT) + GRACE) * 1000,
      signal,
    });
    if (answer.status >= 300 && answer.status < 400) throw await failureOf(answer, transport);
    if (answer.status !== 200) {
      throw explainCheckpointRefusal(await readRefusal(answer, transport), subject, endpoint, facts);
    }
    // A login page is no checkpoint.
    if (isWebPage(answer.contentType)) {
      throw pageFailure(answer.status, await readText(answer, transport), transport);
    }
    const path = pathIn(await readText(answer, transport, LONGEST_ANSWER), node);
    return { subject, path, startedAt, elapsed: performance.now() - start };
  } catch (error) {
    if (error instanceof CheckpointRefused || !ClusterError.is(error)) throw error;
    // The request was on its way: what became of it only the node knows.
    const { reason, sentence: text, where, said } = error;
    throw new CheckpointRefused(reason, text, {
      mayExist: reason === 'timeout' || reason === 'unreachable',
      ...(where !== undefined && { where }),
      ...(said !== undefined && { said }),
    });
  }
}

/** `{"items":["/var/lib/kubelet/checkpoints/checkpoint-….tar"]}` */
function pathIn(text: string, node: string): string {
  try {
    const { items } = JSON.parse(text) as { items?: unknown };
    const [path] = Array.isArray(items) ? (items as unknown[]) : [];
    if (typeof path === 'string' && path.startsWith('/')) return path;
  } catch {
    // Said below.
  }
  throw new CheckpointError(
    'unavailable',
    sentence(
      'The kubelet of {0} made a checkpoint but does not say where it is. Look at the archives of the node.',
      node,
    ),
    { where: node },
  );
}
