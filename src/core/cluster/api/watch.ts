import { sentence } from '../../../protocol/sentence.ts';
import { isCancelled } from '../../errors.ts';
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
  // It works, however long nothing changes.
  onVersion?.(resourceVersion);
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
