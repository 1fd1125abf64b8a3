import type { ServerResponse } from 'node:http';
import { apiVersionOf, type Kind, type KubeObject } from './kube.ts';
import type { RequestInfo } from './request-info.ts';
import { fieldFilter, labelFilter, type Filter } from './selectors.ts';
import { badRequest, expired } from './status.ts';
import type { Change, Store } from './store.ts';

/** Where a list goes on, as the API server writes it down for itself. */
interface Continue {
  readonly v: 'meta.k8s.io/v1';
  readonly rv: number;
  readonly start: string;
}

const TOO_OLD_TO_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function filterOf(kind: Kind, query: URLSearchParams): { filter: Filter; isFiltered: boolean } {
  const [labels, fields] = [query.get('labelSelector') ?? '', query.get('fieldSelector') ?? ''];
  const [byLabel, byField] = [labelFilter(labels), fieldFilter(kind, fields)];
  return { filter: (object) => byLabel(object) && byField(object), isFiltered: labels !== '' || fields !== '' };
}

/** One answer to a list: all of it, or a page. */
export function listPage(store: Store, kind: Kind, info: RequestInfo, query: URLSearchParams): object {
  const { filter, isFiltered } = filterOf(kind, query);
  const limit = Number(query.get('limit') ?? 0);
  const token = query.get('continue') ?? '';
  const from = token === '' ? undefined : readContinue(token);
  if (from && from.rv >= 0 && from.rv < store.compacted) {
    throw expired(TOO_OLD_TO_CONTINUE, writeContinue({ v: 'meta.k8s.io/v1', rv: -1, start: from.start }));
  }
  const key = ({ metadata }: KubeObject): string =>
    info.namespace === undefined && kind.namespaced ? `${metadata.namespace ?? ''}/${metadata.name}` : metadata.name;
  const start = from?.start ?? '';
  // A page after the first shows the list as it was then, unless that was forgotten.
  const rv = from && from.rv >= 0 ? from.rv : store.revision;
  const all = store.list(kind, info.namespace, rv).filter((object) => key(object) >= start && filter(object));
  const items = limit > 0 ? all.slice(0, limit) : all;
  const left = all.length - items.length;
  const next =
    left === 0 ? undefined : writeContinue({ v: 'meta.k8s.io/v1', rv, start: `${key(items.at(-1) as KubeObject)}\0` });
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: {
      resourceVersion: String(rv),
      ...(next !== undefined && { continue: next }),
      ...(left > 0 && !isFiltered && { remainingItemCount: left }),
    },
    // In lists the items do not say again what they are.
    items: items.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
  };
}

function writeContinue(token: Continue): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readContinue(token: string): Continue {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Continue;
  } catch {
    throw badRequest(
      "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
    );
  }
}

/** Changes as they come, one JSON object a line, until the client goes or the asked time is over. */
export function watch(
  store: Store,
  kind: Kind,
  info: RequestInfo,
  query: URLSearchParams,
  response: ServerResponse,
  bookmarkEvery: number,
): void {
  const { filter } = filterOf(kind, query);
  const asked = query.get('resourceVersion') ?? '';
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const send = (type: string, object: object): void => void response.write(`${JSON.stringify({ type, object })}\n`);
  if (Number(asked) > 0 && Number(asked) < store.compacted) {
    const { body } = expired(`too old resource version: ${asked} (${String(store.revision)})`);
    send('ERROR', body);
    response.end();
    return;
  }
  const known = new Set<string>();
  let since = Number(asked);
  if (asked === '' || asked === '0') {
    since = store.revision;
    for (const object of store.list(kind, info.namespace).filter(filter)) {
      known.add(object.metadata.uid);
      send('ADDED', object);
    }
  } else {
    for (const object of store.list(kind, info.namespace, since).filter(filter)) known.add(object.metadata.uid);
  }
  const stop = store.follow(kind, since, (change) => pass(change, info, filter, known, send));
  const bookmark = setInterval(() => {
    if (query.get('allowWatchBookmarks') !== 'true') return;
    const metadata = { resourceVersion: String(store.revision), creationTimestamp: null };
    send('BOOKMARK', { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
  }, bookmarkEvery);
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  const end = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined;
  response.once('close', () => {
    stop();
    clearInterval(bookmark);
    clearTimeout(end);
  });
}

/** What leaves a selection is deleted for whoever watches it. */
function pass(
  { type, object }: Change,
  info: RequestInfo,
  filter: Filter,
  known: Set<string>,
  send: (type: string, object: object) => void,
): void {
  const { uid, namespace } = object.metadata;
  if (info.namespace !== undefined && namespace !== info.namespace) return;
  const isIn = filter(object) && type !== 'DELETED';
  const wasIn = known.has(uid);
  if (isIn) known.add(uid);
  else known.delete(uid);
  if (isIn) send(wasIn ? 'MODIFIED' : 'ADDED', object);
  else if (wasIn) send('DELETED', object);
}
