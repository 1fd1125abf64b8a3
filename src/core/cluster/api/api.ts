import type { Answer, Call, Transport } from '../connection/transport.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';
import type { ApiObject } from './objects.ts';
import {
  explainRefusal,
  failureOf,
  isNamed,
  notAnApi,
  readList,
  readObject,
  readRefusal,
  readText,
} from './read-answer.ts';
import { pathOf, type Resource } from './resources.ts';

export interface Selection {
  /** Undefined: all namespaces, or a kind that has none. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ObjectOptions {
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PageOptions extends Selection {
  readonly limit?: number;
  /** As a page before said; undefined for the first. */
  readonly continueAt?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Says where the next page begins; undefined where there is none. */
  readonly continueAt: string | undefined;
  /** Objects beyond this page, where the server tells. */
  readonly remaining: number | undefined;
  readonly resourceVersion: string;
  /** True where the list had grown too old and this page shows a later state than those before it. */
  readonly isInconsistent: boolean;
}

/** Objects of a page, where nothing else is asked for: some 2 MB of pods. */
export const PAGE_SIZE = 500;

/** Pages of a list that is read whole: a hundred thousand objects. Some servers have no last page. */
const MOST_PAGES = 200;

function tooMany({ plural }: Resource, { peer }: Transport): ClusterError {
  return new ClusterError('too-large', sentence('{0} has more {1} than can be listed at once.', peer.name, plural), {
    where: peer.name,
  });
}

/** The API server of a context: objects in, objects out. All of it throws ClusterError, and `cancelled`. */
export class Api {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  async send<T>(call: Call): Promise<T> {
    return readObject<T>(await this.transport.send(call), this.transport);
  }

  /** What is no object: metrics, logs. */
  async text(call: Call): Promise<string> {
    const answer = await this.transport.send({ accept: 'text/plain, */*', ...call });
    if (answer.status >= 400) throw await failureOf(answer, this.transport);
    return readText(answer, this.transport);
  }

  async read<T extends ApiObject>(resource: Resource, name: string, options: ObjectOptions = {}): Promise<T> {
    const object = await this.send<T>({ path: pathOf(resource, options.namespace, name), signal: options.signal });
    if (isNamed(object)) return object;
    throw notAnApi(this.transport);
  }

  create<T>(resource: Resource, body: unknown, options: ObjectOptions = {}): Promise<T> {
    const { namespace, signal } = options;
    return this.send<T>({ method: 'POST', path: pathOf(resource, namespace), body, signal });
  }

  /** Deletes an object. One that is gone already, or is another one of the same name, is as good as deleted. */
  async remove(
    resource: Resource,
    name: string,
    options: ObjectOptions & { readonly uid?: string | undefined; readonly graceSeconds?: number } = {},
  ): Promise<void> {
    const { namespace, uid, graceSeconds, signal } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
      ...(uid !== undefined && { preconditions: { uid } }),
    };
    const call: Call = { method: 'DELETE', path: pathOf(resource, namespace, name), body, signal };
    const answer = await this.transport.send(call);
    if (answer.status >= 400 && ![404, 409].includes(answer.status)) throw await failureOf(answer, this.transport);
    answer.discard();
  }

  /** One page of a list. A list that has grown too old is gone on with in its later state, where the server offers it. */
  async page<T extends ApiObject>(resource: Resource, options: PageOptions = {}): Promise<Page<T>> {
    const answer = await this.#ask(resource, options, options.continueAt);
    if (answer.status !== 410) return this.#read<T>(answer, options.continueAt, false);
    const refusal = await readRefusal(answer, this.transport);
    const again = refusal.object?.metadata?.continue;
    if (options.continueAt === undefined || !again) throw explainRefusal(refusal, this.transport);
    return this.#read<T>(await this.#ask(resource, options, again), again, true);
  }

  /** All pages of a list. */
  async *pages<T extends ApiObject>(resource: Resource, options: PageOptions = {}): AsyncGenerator<Page<T>, void> {
    let { continueAt } = options;
    do {
      const page: Page<T> = await this.page<T>(resource, { ...options, continueAt });
      yield page;
      ({ continueAt } = page);
    } while (continueAt !== undefined);
  }

  /** The whole list: for kinds of which there are few. */
  async list<T extends ApiObject>(resource: Resource, options: PageOptions = {}): Promise<readonly T[]> {
    const items: T[] = [];
    let pages = 0;
    for await (const page of this.pages<T>(resource, options)) {
      items.push(...page.items);
      if (++pages > MOST_PAGES) throw tooMany(resource, this.transport);
    }
    return items;
  }

  #ask(resource: Resource, options: PageOptions, continueAt: string | undefined): Promise<Answer> {
    const { namespace, labelSelector, fieldSelector, limit = PAGE_SIZE, signal } = options;
    const query = { limit, continue: continueAt, labelSelector, fieldSelector };
    return this.transport.send({ path: pathOf(resource, namespace), query, signal });
  }

  async #read<T extends ApiObject>(
    answer: Answer,
    before: string | undefined,
    isInconsistent: boolean,
  ): Promise<Page<T>> {
    const { items, metadata } = await readList<T>(answer, this.transport);
    // Go writes a missing text as an empty one.
    const continueAt = metadata.continue === '' ? undefined : metadata.continue;
    // Who is sent on to where he is would go round for ever.
    if (continueAt !== undefined && continueAt === before) throw notAnApi(this.transport, answer.status);
    return {
      items: items ?? [],
      continueAt,
      remaining: metadata.remainingItemCount,
      resourceVersion: metadata.resourceVersion ?? '',
      isInconsistent,
    };
  }
}
