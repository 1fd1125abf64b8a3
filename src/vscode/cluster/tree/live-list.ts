import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from '../../../core/cluster/cluster-error.ts';
import type { Api } from '../../../core/cluster/api/api.ts';
import type { ApiObject } from '../../../core/cluster/api/objects.ts';
import type { Resource } from '../../../core/cluster/api/resources.ts';
import { watchChanges, type Change } from '../../../core/cluster/api/watch.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { isCancelled, reasonOf } from '../../failure.ts';

export interface LiveListOptions<Source extends ApiObject, Facts> {
  readonly resource: Resource;
  /** Undefined: a kind that has none. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly pageSize: number;
  readonly describe: (object: Source) => Facts;
  /** Which of them are shown; all, where nothing is said. */
  readonly matches?: (facts: Facts) => boolean;
  /** Milliseconds between two attempts to follow the list; the last is repeated. */
  readonly pauses?: readonly number[];
}

interface Beyond<Facts> {
  /** Undefined: deleted. */
  readonly facts: Facts | undefined;
  /** Whether the server counted it among what remains. */
  readonly wasCounted: boolean;
}

const PAUSES: readonly number[] = [500, 1000, 2000, 5000, 10_000, 30_000];

/** Changes of objects that are not shown yet that are kept; more, and the list is read again. */
const MOST_BEYOND = 20_000;

/** Milliseconds within which nothing has been watched. */
const AT_ONCE = 1000;

/** Pages of the server's that are looked through at once for what matches; after them it is asked whether to go on. */
const MOST_PAGES = 200;

/** What no further attempt mends; without the right to watch a list is read when somebody refreshes it. */
const FINAL = new Set(['forbidden', 'untrusted', 'usage', 'bad-kubeconfig', 'no-kubeconfig', 'unauthorized']);

/**
 * A list of objects with names of their own, page by page, kept current while somebody looks. What changes beyond the
 * pages that were read is remembered, because a later page shows the list as it was when the first was read.
 */
export class LiveList<Source extends ApiObject, Facts extends { readonly name: string }> {
  readonly #api: Api;
  readonly #options: LiveListOptions<Source, Facts>;
  readonly #onChanged: (name?: string) => void;
  readonly #items = new Map<string, Facts>();
  /** By name, what happened to objects after the last that was read. */
  readonly #beyond = new Map<string, Beyond<Facts>>();
  #continueAt: string | undefined;
  /** As the server counted when the list that its pages show was made. */
  #counted: number | undefined;
  #version = '';
  /** The name of the last object that was read, whether it is shown or not. */
  #upTo = '';
  #pages = 0;
  #following: AbortController | undefined;
  #trouble: unknown;

  /** @param onChanged told of each change that came by itself: of one object that was there before and still is, or of more */
  constructor(api: Api, options: LiveListOptions<Source, Facts>, onChanged: (name?: string) => void) {
    this.#api = api;
    this.#options = options;
    this.#onChanged = onChanged;
  }

  /** Of those that were read, in the order of their names. */
  get items(): readonly Facts[] {
    return [...this.#items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether there are some that were not read. */
  get hasMore(): boolean {
    return this.#continueAt !== undefined;
  }

  /** How many these are, where the server tells. */
  get remaining(): number | undefined {
    if (!this.hasMore || this.#counted === undefined) return this.hasMore ? undefined : 0;
    let count = this.#counted;
    for (const { facts, wasCounted } of this.#beyond.values()) count += (facts ? 1 : 0) - (wasCounted ? 1 : 0);
    return Math.max(0, count);
  }

  /** Why the list may not be current. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Reads the first page, or as many as were read before. @throws ClusterError */
  async load(signal?: AbortSignal): Promise<void> {
    const pages = Math.max(1, this.#pages);
    this.#continueAt = undefined;
    const fresh = new Map<string, Facts>();
    for (let count = 0; count < pages; count++) {
      await this.#read(fresh, signal);
      if (count === 0) this.#beyond.clear();
      if (!this.hasMore) break;
    }
    this.#pages = pages;
    this.#items.clear();
    for (const [name, one] of fresh) this.#items.set(name, one);
  }

  /** Reads the next page. @throws ClusterError */
  async more(signal?: AbortSignal): Promise<void> {
    if (!this.hasMore) return;
    await this.#read(this.#items, signal);
    this.#pages++;
  }

  /** Follows what changes, or leaves it. */
  follow(isSeen: boolean): void {
    if (!isSeen) {
      this.#following?.abort();
      this.#following = undefined;
    } else if (!this.#following && this.#version !== '') {
      this.#following = new AbortController();
      void this.#follow(this.#following.signal);
    }
  }

  /** With a filter one page may take many of the server's, until enough was found. */
  async #read(into: Map<string, Facts>, signal: AbortSignal | undefined): Promise<void> {
    const { resource, namespace, labelSelector, pageSize, describe, matches } = this.#options;
    const first = this.#continueAt === undefined;
    const enough = into.size + pageSize;
    let pages = 0;
    do {
      pages++;
      const page = await this.#api.page<Source>(resource, {
        namespace,
        limit: matches ? Math.max(pageSize, 500) : pageSize,
        labelSelector,
        continueAt: this.#continueAt,
        signal,
      });
      if (first && this.#continueAt === undefined) this.#version = page.resourceVersion;
      const found = page.items.map(describe);
      for (const one of found) if (this.#isWanted(one)) into.set(one.name, one);
      this.#continueAt = page.continueAt;
      this.#counted = page.remaining;
      // The server has forgotten the list that the pages before are of: this one shows what has happened since.
      if (page.isInconsistent) {
        for (const [name, { facts }] of this.#beyond)
          this.#beyond.set(name, { facts, wasCounted: facts !== undefined });
      }
      this.#upTo = found.at(-1)?.name ?? this.#upTo;
      this.#catchUp(into);
    } while (this.hasMore && matches && into.size < enough && pages < MOST_PAGES);
  }

  #isWanted(one: Facts): boolean {
    return this.#options.matches?.(one) ?? true;
  }

  #catchUp(into: Map<string, Facts>): void {
    for (const [name, { facts }] of this.#beyond) {
      if (this.hasMore && name > this.#upTo) continue;
      this.#beyond.delete(name);
      if (facts && this.#isWanted(facts)) into.set(name, facts);
      else into.delete(name);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const pauses = this.#options.pauses ?? PAUSES;
    for (let failures = 0; !signal.aborted;) {
      const began = performance.now();
      try {
        await this.#followOnce(signal);
        // Servers end a watch after minutes. One that does so at once is not to be asked all the time.
        failures = performance.now() - began < AT_ONCE ? failures + 1 : 0;
      } catch (error) {
        if (isCancelled(error)) return;
        const reason = reasonOf(error);
        if (reason === 'changed') await this.#again(signal);
        else this.#troubled(error);
        if (FINAL.has(reason)) return;
        if (reason !== 'changed') failures++;
      }
      const wanted = pauses[Math.min(failures, pauses.length - 1)] ?? 1000;
      const pause = failures > 0 ? wanted : Math.max(0, wanted - (performance.now() - began));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #followOnce(signal: AbortSignal): Promise<void> {
    const { resource, namespace, labelSelector } = this.#options;
    const changes = watchChanges<Source>(this.#api, resource, {
      namespace,
      labelSelector,
      resourceVersion: this.#version,
      signal,
      onVersion: (version) => {
        if (version !== '') this.#version = version;
        if (this.#trouble !== undefined) this.#troubled(undefined);
      },
    });
    for await (const change of changes) this.#apply(change);
  }

  #apply({ type, object }: Change<Source>): void {
    const one = this.#options.describe(object);
    const { name } = one;
    if (this.hasMore && name > this.#upTo) {
      const wasCounted = this.#beyond.get(name)?.wasCounted ?? type !== 'added';
      this.#beyond.set(name, { facts: type === 'deleted' ? undefined : one, wasCounted });
      if (this.#beyond.size > MOST_BEYOND)
        throw new ClusterError('changed', sentence('Too much changed in this list to be followed.'));
      return;
    }
    const isShown = type !== 'deleted' && this.#isWanted(one);
    const before = this.#items.get(name);
    if (isShown) this.#items.set(name, one);
    else this.#items.delete(name);
    // Nodes report that they are alive: that changes nothing that is shown.
    if (isShown && before && JSON.stringify(one) === JSON.stringify(before)) return;
    if (isShown || before) this.#onChanged(isShown && before ? name : undefined);
  }

  /** Too much has happened to be told: the list is read as it is now. */
  async #again(signal: AbortSignal): Promise<void> {
    try {
      await this.load(signal);
      this.#troubled(undefined);
    } catch (error) {
      if (!isCancelled(error)) this.#troubled(error);
    }
    this.#onChanged();
  }

  #troubled(trouble: unknown): void {
    const isNew = reasonOf(trouble) !== reasonOf(this.#trouble);
    this.#trouble = trouble;
    if (isNew) this.#onChanged();
  }
}
