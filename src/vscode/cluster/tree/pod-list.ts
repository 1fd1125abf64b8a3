import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from '../../../core/cluster/cluster-error.ts';
import type { Api } from '../../../core/cluster/api/api.ts';
import type { Pod } from '../../../core/cluster/api/objects.ts';
import { PODS } from '../../../core/cluster/api/resources.ts';
import { watchChanges, type Change } from '../../../core/cluster/api/watch.ts';
import { describePod, listPods, type PodFacts } from '../../../core/cluster/inventory/pods.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { isCancelled, reasonOf } from '../../failure.ts';
import type { PodFilter } from './pod-filter.ts';

export interface PodListOptions {
  readonly namespace: string;
  readonly pageSize: number;
  readonly filter: PodFilter;
  /** Milliseconds between two attempts to follow the list; the last is repeated. */
  readonly pauses?: readonly number[];
}

const PAUSES: readonly number[] = [500, 1000, 2000, 5000, 10_000, 30_000];

/** Changes of pods that are not shown yet that are kept; more, and the list is read again. */
const MOST_BEYOND = 20_000;

/** What no further attempt mends; without the right to watch a list is read when somebody refreshes it. */
const FINAL = new Set(['forbidden', 'untrusted', 'usage', 'bad-kubeconfig', 'no-kubeconfig', 'unauthorized']);

/**
 * The pods of a namespace, page by page, kept current while somebody looks. What changes beyond the pages that were read
 * is remembered, because a later page shows the list as it was when the first was read.
 */
export class PodList {
  readonly #api: Api;
  readonly #options: PodListOptions;
  readonly #onChanged: (name?: string) => void;
  readonly #pods = new Map<string, PodFacts>();
  /** By name, of pods after the last that was read; undefined: deleted. */
  readonly #beyond = new Map<string, PodFacts | undefined>();
  #continueAt: string | undefined;
  #remaining: number | undefined;
  #version = '';
  /** The name of the last pod that was read, whether it is shown or not. */
  #upTo = '';
  #pages = 0;
  #following: AbortController | undefined;
  #trouble: unknown;

  /** @param onChanged told of each change that came by itself: of one pod that was there before and still is, or of more */
  constructor(api: Api, options: PodListOptions, onChanged: (name?: string) => void) {
    this.#api = api;
    this.#options = options;
    this.#onChanged = onChanged;
  }

  /** Of those that were read, in the order of their names. */
  get pods(): readonly PodFacts[] {
    return [...this.#pods.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether there are pods that were not read. */
  get hasMore(): boolean {
    return this.#continueAt !== undefined;
  }

  /** How many these are, where the server tells. */
  get remaining(): number | undefined {
    return this.hasMore ? this.#remaining : 0;
  }

  /** Why the list may not be current. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Reads the first page, or as many as were read before. @throws ClusterError */
  async load(signal?: AbortSignal): Promise<void> {
    const pages = Math.max(1, this.#pages);
    this.#continueAt = undefined;
    const fresh = new Map<string, PodFacts>();
    for (let count = 0; count < pages; count++) {
      await this.#read(fresh, signal);
      if (count === 0) this.#beyond.clear();
      if (!this.hasMore) break;
    }
    this.#pages = pages;
    this.#pods.clear();
    for (const [name, pod] of fresh) this.#pods.set(name, pod);
  }

  /** Reads the next page. @throws ClusterError */
  async more(signal?: AbortSignal): Promise<void> {
    if (!this.hasMore) return;
    await this.#read(this.#pods, signal);
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
  async #read(into: Map<string, PodFacts>, signal: AbortSignal | undefined): Promise<void> {
    const { namespace, pageSize, filter } = this.#options;
    const first = this.#continueAt === undefined;
    const enough = into.size + pageSize;
    do {
      const page = await listPods(this.#api, {
        namespace,
        limit: filter.isTextual ? Math.max(pageSize, 500) : pageSize,
        labelSelector: filter.labelSelector,
        continueAt: this.#continueAt,
        signal,
      });
      if (first && this.#continueAt === undefined) this.#version = page.resourceVersion;
      for (const pod of page.pods) if (filter.matches(pod)) into.set(pod.name, pod);
      this.#continueAt = page.continueAt;
      this.#remaining = page.remaining;
      this.#upTo = page.pods.at(-1)?.name ?? this.#upTo;
      this.#catchUp(into);
    } while (this.hasMore && filter.isTextual && into.size < enough);
  }

  #catchUp(into: Map<string, PodFacts>): void {
    for (const [name, pod] of this.#beyond) {
      if (this.hasMore && name > this.#upTo) continue;
      this.#beyond.delete(name);
      if (pod && this.#options.filter.matches(pod)) into.set(name, pod);
      else into.delete(name);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const pauses = this.#options.pauses ?? PAUSES;
    for (let failures = 0; !signal.aborted;) {
      const began = performance.now();
      try {
        await this.#followOnce(signal);
        failures = 0;
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
    const { namespace, filter } = this.#options;
    const changes = watchChanges<Pod>(this.#api, PODS, {
      namespace,
      labelSelector: filter.labelSelector,
      resourceVersion: this.#version,
      signal,
      onVersion: (version) => {
        if (version !== '') this.#version = version;
        if (this.#trouble !== undefined) this.#troubled(undefined);
      },
    });
    for await (const change of changes) this.#apply(change);
  }

  #apply({ type, object }: Change<Pod>): void {
    const pod = describePod(object);
    const { name } = pod;
    if (this.hasMore && name > this.#upTo) {
      this.#beyond.set(name, type === 'deleted' ? undefined : pod);
      if (this.#remaining !== undefined && type !== 'modified') this.#remaining += type === 'added' ? 1 : -1;
      if (this.#beyond.size > MOST_BEYOND)
        throw new ClusterError('changed', sentence('Too much changed in this list to be followed.'));
      return;
    }
    const isShown = type !== 'deleted' && this.#options.filter.matches(pod);
    const wasShown = this.#pods.has(name);
    if (isShown) this.#pods.set(name, pod);
    else this.#pods.delete(name);
    if (isShown || wasShown) this.#onChanged(isShown && wasShown ? name : undefined);
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
