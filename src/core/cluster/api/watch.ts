import { isCancelled } from '../../errors.ts';
import type { ClusterError } from '../cluster-error.ts';
import type { Answer, Transport } from '../connection/transport.ts';
import type { Api, Selection } from './api.ts';
import type { ApiObject, Status } from './objects.ts';
import { explainRefusal, failureOf, isNamed, isRecord, notAnApi, pageFailure, statusOf } from './read-answer.ts';
import { pathOf, type Resource } from './resources.ts';
import { isWebPage } from './web-page.ts';

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
  if (answer.status >= 300) throw await failureOf(answer, transport);
  if (isWebPage(answer.contentType)) {
    answer.discard();
    throw pageFailure(answer.status, '', transport);
  }
  // It works, however long nothing changes.
  onVersion?.(resourceVersion);
  for await (const line of linesOf(answer, silence, transport)) {
    const { type, object } = parse(line, transport);
    if (type === 'ERROR') throw explainError(statusOf(object), transport);
    if (!isRecord(object) || !isRecord(object['metadata'])) throw notAnApi(transport);
    const version = object['metadata']['resourceVersion'];
    if (typeof version === 'string') onVersion?.(version);
    const change = TYPES[type as keyof typeof TYPES] as Change<T>['type'] | undefined;
    if (change === undefined) continue;
    if (!isNamed(object)) throw notAnApi(transport);
    yield { type: change, object: object as T };
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
      if (length > LONGEST_LINE) throw notAnApi(transport);
    }
  } catch (error) {
    // Nothing came for too long: that is a connection that hangs, and no wish of anybody.
    if (silence.signal.aborted && isCancelled(error)) return;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function parse(line: string, transport: Transport): { readonly type?: unknown; readonly object?: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (isRecord(event)) return event;
  } catch {
    // Said below.
  }
  throw notAnApi(transport);
}

function explainError({ code = 500, message = '' }: Partial<Status>, transport: Transport): ClusterError {
  const text = transport.secrets.scrub(message);
  return explainRefusal({ status: code, contentType: 'application/json', text }, transport);
}
