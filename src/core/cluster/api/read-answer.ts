import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { brief, ClusterError, type Brief } from '../cluster-error.ts';
import type { Answer, Transport } from '../connection/transport.ts';
import { missingRight, remedyOf, type MissingRight } from '../rights/missing-right.ts';
import type { ApiList, ApiObject, Status } from './objects.ts';
import { isWebPage, otherAnswered, sentElsewhere, wordsOf } from './web-page.ts';

/** Of one answer in memory; a page of 500 pods takes some three million. */
export const LONGEST_ANSWER = 128 * 1024 * 1024;

/** Of a failure: texts of runtimes quote their logs. */
const LONGEST_FAILURE = 256 * 1024;

/** @throws ClusterError `too-large`, and what reading throws */
export async function readText(answer: Answer, transport: Transport, limit: number = LONGEST_ANSWER): Promise<string> {
  const { text, isWhole } = await readUpTo(answer, limit);
  if (isWhole) return text;
  throw new ClusterError(
    'too-large',
    sentence('{0} sent more than the {1} bytes that are read of such an answer.', transport.peer.name, limit),
    { where: transport.peer.name },
  );
}

async function readUpTo(answer: Answer, limit: number): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer.chunks()) {
    parts.push(part);
    length += part.length;
    if (length > limit) return { text: Buffer.concat(parts).subarray(0, limit).toString('utf8'), isWhole: false };
  }
  return { text: Buffer.concat(parts).toString('utf8'), isWhole: true };
}

/** The object of an answer that went well. @throws ClusterError for one that did not */
export async function readObject<T>(answer: Answer, transport: Transport): Promise<T> {
  if (answer.status >= 300 || answer.status < 200) throw await failureOf(answer, transport);
  const text = await readText(answer, transport);
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch {
    if (isWebPage(answer.contentType)) throw pageFailure(answer.status, text, transport);
  }
  if (isRecord(object)) return object as T;
  throw notAnApi(transport, answer.status);
}

/** A part of a list, whose objects have names. @throws ClusterError as {@link readObject} */
export async function readList<T extends ApiObject>(answer: Answer, transport: Transport): Promise<ApiList<T>> {
  const list = await readObject<{ readonly metadata?: unknown; readonly items?: unknown }>(answer, transport);
  const items = list.items ?? [];
  if (isRecord(list.metadata) && Array.isArray(items) && items.every(isNamed))
    return { ...list, items } as unknown as ApiList<T>;
  throw notAnApi(transport, answer.status);
}

/** Whether something is an object of the API, as far as that can be said of all of them. */
export function isNamed(value: unknown): value is ApiObject {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a web page came in an answer's place. */
export function pageFailure(status: number, page: string, { peer, secrets }: Transport): ClusterError {
  return otherAnswered(peer, status, trimmed(secrets.scrub(wordsOf(page), 500)));
}

/** What an answer that did not go well says: the API's own `Status`, or text of whoever else answered. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  /** Without secrets. */
  readonly text: string;
  readonly object?: Status;
}

export async function readRefusal(answer: Answer, transport: Transport): Promise<Refusal> {
  const { status, contentType } = answer;
  const { text: raw } = await readUpTo(answer, LONGEST_FAILURE);
  const object = contentType === 'application/json' ? parseStatus(raw) : undefined;
  const own = isWebPage(contentType) ? wordsOf(raw) : raw;
  const text = transport.secrets.scrub(object?.message ?? own, 8000);
  return { status, contentType, text, ...(object && { object }) };
}

function parseStatus(text: string): Status | undefined {
  try {
    const object = statusOf(JSON.parse(text));
    return object.kind === 'Status' ? (object as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** What of a server's `Status` has the type that it should have. */
export function statusOf(value: unknown): Partial<Status> {
  if (!isRecord(value)) return {};
  const { kind, status, message, reason, code, details, metadata } = value;
  const causes = isRecord(details) && Array.isArray(details['causes']) ? details['causes'].filter(isRecord) : [];
  const goOn = isRecord(metadata) ? metadata['continue'] : undefined;
  return {
    ...(kind === 'Status' && { kind }),
    ...(typeof status === 'string' && { status }),
    ...(typeof message === 'string' && { message }),
    ...(typeof reason === 'string' && { reason }),
    ...(typeof code === 'number' && { code }),
    ...(typeof goOn === 'string' && { metadata: { continue: goOn } }),
    details: {
      causes: causes.map((cause) => ({
        ...(typeof cause['reason'] === 'string' && { reason: cause['reason'] }),
        ...(typeof cause['message'] === 'string' && { message: cause['message'] }),
      })),
    },
  };
}

export async function failureOf(answer: Answer, transport: Transport): Promise<ClusterError> {
  if (answer.status >= 300 && answer.status < 400) {
    answer.discard();
    return sentElsewhere(transport.peer, answer.status, answer.headers.location);
  }
  return explainRefusal(await readRefusal(answer, transport), transport);
}

/** The general meaning of a refusal; what a particular request can say better it says itself. */
export function explainRefusal(refusal: Refusal, { peer }: Transport): ClusterError {
  const { status, text, object } = refusal;
  if (isWebPage(refusal.contentType)) return otherAnswered(peer, status, trimmed(text));
  const said = text;
  const right = object && status === 403 ? missingRight(text) : undefined;
  const short = briefOf(refusal, right);
  const facts = { status, said, where: peer.name, isPassing: status === 429 || status >= 500, ...short };
  switch (status) {
    case 401:
      return new ClusterError(
        'unauthorized',
        sentence(
          '{0} does not know who you are: the credentials of the kubeconfig are missing, wrong or expired. Log in again.',
          peer.name,
        ),
        facts,
      );
    case 403:
      if (isAnonymous(text)) return new ClusterError('unauthorized', unknownTo(peer.name), facts);
      return new ClusterError('forbidden', sentence('{0} does not allow it: {1}.', peer.name, reasonIn(text)), {
        ...facts,
        ...(right && { remedy: remedyOf(right) }),
      });
    case 404:
      return object
        ? new ClusterError('not-found', sentence('{0} does not have it: {1}.', peer.name, trimmed(text)), facts)
        : new ClusterError(
            'not-found',
            sentence('{0} at {1} answered “not found”, and not as an API server does.', peer.name, peer.address),
            facts,
          );
    case 410:
      return new ClusterError(
        'changed',
        sentence('{0}: the list is too old to go on with. Refresh it.', peer.name),
        facts,
      );
    case 429:
      return new ClusterError('unavailable', sentence('{0} is too busy to answer. Try again later.', peer.name), facts);
    default:
      if (status >= 500) {
        return new ClusterError(
          status === 504 ? 'timeout' : 'unavailable',
          sentence('{0} cannot answer now ({1}): {2}.', peer.name, status, reasonIn(text)),
          facts,
        );
      }
      return new ClusterError(
        'rejected',
        sentence('{0} did not accept the request ({1}): {2}.', peer.name, status, reasonIn(text)),
        facts,
      );
  }
}

/** None for what lies below a row that says it better. */
function briefOf({ status, text }: Refusal, right: MissingRight | undefined): { brief?: Brief } {
  switch (status) {
    case 401:
      return { brief: brief(sentence('Not logged in'), sentence('credentials missing, wrong or expired')) };
    case 403:
      if (isAnonymous(text)) {
        return {
          brief: brief(sentence('Not logged in'), sentence('no credentials that count there')),
        };
      }
      return { brief: brief(sentence('Not allowed'), right ? rightText(right) : sentence('{0}', reasonIn(text))) };
    case 404:
    case 410:
      return {};
    case 429:
      return { brief: brief(sentence('Too busy'), sentence('try again later')) };
    default:
      return {
        brief: brief(
          status >= 500 ? sentence('Not available') : sentence('Refused'),
          sentence('{0}: {1}', status, reasonIn(text)),
        ),
      };
  }
}

function rightText({ verb, resource, namespace }: MissingRight): Sentence {
  return namespace === undefined
    ? sentence('to {0} {1} in the cluster', verb, resource)
    : sentence('to {0} {1} in {2}', verb, resource, namespace);
}

/** Whether an API server, or a kubelet, speaks of somebody who showed no credentials: no right is what is missing then. */
export function isAnonymous(text: string): boolean {
  return /User "system:anonymous"|\(user=system:anonymous,/.test(text);
}

/** @param name who does not know the person */
export function unknownTo(name: string): Sentence {
  return sentence(
    '{0} takes you for nobody (system:anonymous): this context’s user in the kubeconfig has no credentials, or none that count there. Check the user, or log in again.',
    name,
  );
}

/** Balancers and proxies often refuse without a word. */
function reasonIn(text: string): string {
  const words = trimmed(text);
  return words === '' ? 'no reason is given' : words;
}

/** To be put in the middle of a sentence. */
export function trimmed(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ').replace(/\.$/, '');
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}

export function notAnApi({ peer }: Transport, status?: number): ClusterError {
  return new ClusterError(
    'unavailable',
    sentence('{0} at {1} does not answer as an API server does.', peer.name, peer.address),
    { where: peer.name, ...(status !== undefined && { status }) },
  );
}
