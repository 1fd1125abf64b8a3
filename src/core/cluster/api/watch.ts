import { setTimeout as sleep } from 'node:timers/promises';
import { sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import { ClusterError } from '../cluster-error.ts';
import type { Answer, Transport } from '../connection/transport.ts';
import type { Api, Selection } from './api.ts';
import type { ApiObject, Status } from './objects.ts';
import { explainRefusal, failureOf } from './read-answer.ts';
import { pathOf, type Resource } from './resources.ts';

export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
}

/** Seconds after which the server ends a watch by itself: connections that hang are found out then at the latest. */
const ASKED = 300;
/** Milliseconds without a byte after which a watch hangs: bookmarks come every minute, and the end after {@link ASKED}. */
const SILENCE = (ASKED + 30) * 1000;
/** Characters of one change; objects have at most a few megabytes. */
const LONGEST_LINE = 32 * 1024 * 1024;

const TYPES = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

export interface WatchOptions extends Selection {
  /** Changes after this one come. */
  readonly resourceVersion: string;
  readonly signal?: AbortSignal | undefined;
  /** Told up to where everything has come. */
  readonly onVersion?: (resourceVersion: string) => void;
}

/**
 * Changes as they come, until the server ends the watch, as it does after some minutes.
 * @throws ClusterError `changed` where the version is too old: then the list has to be read again; and as `Api`
 */
export async function* watchChanges<T extends ApiObject>(
  api: Api,
  resource: Resource,
  options: WatchOptions,
): AsyncGenerator<Change<T>, void> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, signal, onVersion } = options;
  const { transport } = api;
  const silence = new AbortController();
  const answer = await transport.send({
    path: pathOf(resource, namespace),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: ASKED,
      resourceVersion,
      labelSelector,
      fieldSelector,
    },
    streaming: true,
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  });
  if (answer.status >= 400) throw await failureOf(answer, transport);
  for await (const line of linesOf(answer, silence, transport)) {
    const event = parse(line, transport);
    const object = event.object as (T & Partial<Status>) | undefined;
    if (object === undefined) continue;
    if (event.type === 'ERROR') throw explainError(object, transport);
    onVersion?.(object.metadata.resourceVersion ?? '');
    const type = TYPES[event.type as keyof typeof TYPES] as Change<T>['type'] | undefined;
    if (type !== undefined) yield { type, object };
  }
}

async function* linesOf(answer: Answer, silence: AbortController, transport: Transport): AsyncGenerator<string, void> {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE);
  };
  let rest: Buffer[] = [];
  let length = 0;
  try {
    wait();
    for await (const chunk of answer.chunks()) {
      wait();
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8');
        [rest, length, from] = [[], 0, at + 1];
        if (line.trim() !== '') yield line;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > LONGEST_LINE) throw notUnderstood(transport);
    }
  } catch (error) {
    // Nothing came for too long: that is a connection that hangs, and no wish of anybody.
    if (silence.signal.aborted && isCancelled(error)) return;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function parse(line: string, transport: Transport): { type?: string; object?: unknown } {
  try {
    return JSON.parse(line) as { type?: string; object?: unknown };
  } catch {
    throw notUnderstood(transport);
  }
}

function notUnderstood({ peer }: Transport): ClusterError {
  return new ClusterError(
    'unavailable',
    sentence('{0} at {1} does not answer as an API server does.', peer.name, peer.address),
    { where: peer.name },
  );
}

function explainError({ code = 500, message = '' }: Partial<Status>, transport: Transport): ClusterError {
  const text = transport.secrets.scrub(message);
  return explainRefusal({ status: code, contentType: 'application/json', text }, transport);
}

export interface Follower<T> {
  /** The list as a whole, at first and whenever what came between two states is not known. */
  onList(items: readonly T[]): void;
  onChange(change: Change<T>): void;
  /** What is in the way, while it is tried again; undefined when it works. */
  onTrouble?(trouble: CheckpointError | undefined): void;
}

/** Milliseconds between two attempts: the last is repeated. */
const PAUSES: readonly number[] = [500, 1000, 2000, 5000, 10_000, 30_000];

/** What no further attempt mends. */
const FINAL = new Set(['forbidden', 'untrusted', 'usage', 'bad-kubeconfig', 'no-kubeconfig']);

/**
 * Keeps a list current until the signal is aborted, however often the connection breaks off.
 * @throws ClusterError for what no further attempt mends, such as `forbidden`
 */
export async function follow<T extends ApiObject>(
  api: Api,
  resource: Resource,
  selection: Selection,
  follower: Follower<T>,
  signal: AbortSignal,
  pauses: readonly number[] = PAUSES,
): Promise<void> {
  let version: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      if (version === undefined) {
        const items: T[] = [];
        for await (const page of api.pages<T>(resource, { ...selection, signal })) {
          items.push(...page.items);
          version = page.resourceVersion;
        }
        follower.onList(items);
      }
      if (failures > 0) follower.onTrouble?.(undefined);
      failures = 0;
      const onVersion = (now: string): void => {
        if (now !== '') version = now;
      };
      const options = { ...selection, resourceVersion: version ?? '', signal, onVersion };
      for await (const change of watchChanges<T>(api, resource, options)) follower.onChange(change);
      await breathe(began, pauses, signal);
    } catch (error) {
      if (isCancelled(error)) break;
      if (!CheckpointError.is(error) || FINAL.has(error.reason)) throw error;
      if (error.reason === 'changed') {
        version = undefined;
        await breathe(began, pauses, signal);
        continue;
      }
      follower.onTrouble?.(error);
      await pause(pauses[Math.min(failures++, pauses.length - 1)] ?? 1000, signal);
    }
  }
}

/** A server that ends watches as soon as they are asked for is not asked without end. */
async function breathe(began: number, pauses: readonly number[], signal: AbortSignal): Promise<void> {
  const [shortest = 500] = pauses;
  if (performance.now() - began < shortest) await pause(shortest, signal);
}

/** Ends early where nobody waits any more; the loop sees that itself. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await orCancelled(sleep(milliseconds), signal).catch(() => undefined);
}
