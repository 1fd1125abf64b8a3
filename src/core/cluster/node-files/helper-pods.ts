import { randomBytes } from 'node:crypto';
import { isRunning, processMark } from '../../bytes/process-mark.ts';
import { cancelled, orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import type { Api } from '../api/api.ts';
import type { ApiObject, Pod } from '../api/objects.ts';
import { PODS } from '../api/resources.ts';
import type { ExecTarget } from '../exec/exec.ts';
import type { HelperJournal } from './helper-journal.ts';
import { CONTAINER, helperManifest, LABELS, type HelperNeed, type HelperSettings } from './helper-manifest.ts';
import { createHelper, untilRunning } from './helper-start.ts';

export interface HelperPodsOptions {
  readonly settings: HelperSettings;
  readonly journal: HelperJournal;
  /** Of the context, for the journal. */
  readonly context: string;
  /** Milliseconds that an unused helper is kept: what one does with archives comes in bursts. */
  readonly keepFor?: number;
  /** Milliseconds until a helper must run. */
  readonly patience?: number;
}

interface Helper {
  readonly target: Promise<ExecTarget>;
  readonly name: string;
  users: number;
  timer: NodeJS.Timeout | undefined;
  /** Something went wrong with it: it is looked at before it is used again. */
  isDoubtful: boolean;
}

/** The helper pods of one cluster: made when needed, shared while in use, removed afterwards. */
export class HelperPods {
  readonly #api: Api;
  readonly #options: HelperPodsOptions;
  readonly #helpers = new Map<string, Helper>();
  readonly #removals = new Set<Promise<void>>();
  #swept: Promise<void> | undefined;
  readonly #closed = new AbortController();

  constructor(api: Api, options: HelperPodsOptions) {
    this.#api = api;
    this.#options = options;
  }

  get settings(): HelperSettings {
    return this.#options.settings;
  }

  /**
   * Works with a helper pod.
   * @throws ClusterError with why there is none, `cancelled`, and what the work throws
   */
  async use<T>(need: HelperNeed, work: (target: ExecTarget) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed.signal.aborted) throw cancelled();
    const key = JSON.stringify([need.node.name, need.directory, need.write]);
    const helper = await this.#obtain(key, need, signal);
    helper.users++;
    clearTimeout(helper.timer);
    try {
      return await work(await orCancelled(helper.target, signal));
    } catch (error) {
      // The pod may have been deleted by somebody, or have reached its end.
      if (!CheckpointError.is(error, 'cancelled')) helper.isDoubtful = true;
      throw error;
    } finally {
      if (--helper.users === 0) this.#keep(key, helper);
    }
  }

  /** Removes all helpers, at once. Resolves when the cluster has taken note. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const [key, helper] of this.#helpers) this.#drop(key, helper);
    await Promise.all(this.#removals);
  }

  async #obtain(key: string, need: HelperNeed, signal: AbortSignal | undefined): Promise<Helper> {
    for (;;) {
      const known = this.#helpers.get(key);
      if (!known) return this.#make(key, need);
      if (!known.isDoubtful) return known;
      const isAlive = await this.#isAlive(known, signal);
      // Meanwhile it may have been removed, or replaced by somebody else.
      if (this.#helpers.get(key) !== known) continue;
      known.isDoubtful = false;
      if (isAlive) return known;
      this.#drop(key, known);
    }
  }

  #make(key: string, need: HelperNeed): Helper {
    const name = `checkpoint-explorer-files-${randomBytes(4).toString('hex')}`;
    const helper: Helper = { name, target: this.#start(name, need), users: 0, timer: undefined, isDoubtful: false };
    this.#helpers.set(key, helper);
    helper.target.catch(() => this.#drop(key, helper));
    return helper;
  }

  async #isAlive({ name }: Helper, signal: AbortSignal | undefined): Promise<boolean> {
    const { namespace } = this.settings;
    try {
      const { status, metadata } = await this.#api.read<Pod>(PODS, name, { namespace, signal });
      return status?.phase === 'Running' && metadata.deletionTimestamp === undefined;
    } catch (error) {
      if (CheckpointError.is(error, 'not-found')) return false;
      throw error;
    }
  }

  /** Goes on also when whoever asked first has given up: others may wait for it, and it is removed soon if not. */
  async #start(name: string, need: HelperNeed): Promise<ExecTarget> {
    const { settings, journal, context, patience = 90_000 } = this.#options;
    const { namespace } = settings;
    this.#swept ??= this.#sweep();
    await this.#swept;
    const server = this.#api.transport.peer.address;
    // Written down first: what is not written down nobody would find.
    await journal.add({ context, server, namespace, pod: name });
    const manifest = helperManifest(name, processMark(), need, settings);
    // A request that was given up might be carried out after the pod's removal was asked for: this one is not given up.
    const pod = await createHelper(this.#api, manifest, settings);
    await untilRunning(this.#api, pod, { settings, node: need.node, patience }, this.#closed.signal);
    return { namespace, pod: name, container: CONTAINER };
  }

  #keep(key: string, helper: Helper): void {
    const { keepFor = 30_000 } = this.#options;
    if (this.#closed.signal.aborted || this.#helpers.get(key) !== helper) return;
    helper.timer = setTimeout(() => this.#drop(key, helper), keepFor);
  }

  #drop(key: string, helper: Helper): void {
    clearTimeout(helper.timer);
    if (this.#helpers.get(key) === helper) this.#helpers.delete(key);
    const removal = this.#remove(helper).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** What cannot be removed now stays in the journal. */
  async #remove({ name, target }: Helper): Promise<void> {
    await target.catch(() => undefined);
    try {
      await removeHelper(this.#api, this.settings.namespace, name);
      await this.#options.journal.remove(name);
    } catch {
      // The cluster ends it itself after its lifetime, and the next start tries again.
    }
  }

  /** Removes what processes of this machine that are gone have left in the namespace, and in the journal. */
  async #sweep(): Promise<void> {
    const { namespace } = this.settings;
    try {
      const labelSelector = `${LABELS.managedBy.key}=${LABELS.managedBy.value}`;
      for (const { metadata } of await this.#api.list<ApiObject>(PODS, { namespace, labelSelector })) {
        const owner = metadata.labels?.[LABELS.owner];
        if (owner !== undefined && !isRunning(owner)) await removeHelper(this.#api, namespace, metadata.name ?? '');
      }
    } catch {
      // Who may not list pods may all the same create one.
    }
    await sweepJournal(this.#options.journal, this.#options.context, this.#api);
  }
}

/**
 * Removes the helper pods that this machine's ended processes left in a cluster.
 * @returns how many were found
 */
export async function sweepJournal(journal: HelperJournal, context: string, api: Api): Promise<number> {
  const { address } = api.transport.peer;
  const mine = (await journal.abandoned()).filter((entry) => entry.context === context && entry.server === address);
  for (const { namespace, pod } of mine) {
    try {
      await removeHelper(api, namespace, pod);
      await journal.remove(pod);
    } catch {
      // Another time.
    }
  }
  return mine.length;
}

async function removeHelper(api: Api, namespace: string, name: string): Promise<void> {
  await api.remove(PODS, name, { namespace, graceSeconds: 0 });
}
