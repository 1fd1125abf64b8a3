import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { listContexts, openCluster, type Cluster, type ContextFacts } from '../../core/cluster/cluster.ts';
import {
  kubeconfigFiles,
  loadKubeconfig,
  watchKubeconfig,
  type Kubeconfig,
} from '../../core/cluster/kubeconfig/kubeconfig.ts';
import { HelperJournal } from '../../core/cluster/node-files/helper-journal.ts';
import type { HelperSettings } from '../../core/cluster/node-files/helper-manifest.ts';
import { HelperPods } from '../../core/cluster/node-files/helper-pods.ts';
import { sweepAbandoned } from '../../core/cluster/node-files/helper-sweep.ts';
import { NodeFiles } from '../../core/cluster/node-files/node-files.ts';
import { Disposable, onDispose } from '../disposable.ts';
import { Emitter } from '../emitter.ts';

/** A context in use, and the files of its nodes. */
export interface Connection {
  readonly cluster: Cluster;
  readonly files: NodeFiles;
}

export interface ConnectionsOptions {
  /** The kubeconfig that was chosen; undefined: as kubectl finds it. */
  readonly kubeconfig: () => string | undefined;
  /** False in an untrusted workspace. */
  readonly allowPlugins: () => boolean;
  /** @param namespace the context's own */
  readonly helper: (namespace: string) => HelperSettings;
  /** Where it is written down which helper pods there are. */
  readonly journal: string;
}

/** Milliseconds for whoever writes a kubeconfig to have written it. */
const WRITING_MS = 500;

interface Held {
  readonly connection: Promise<Connection>;
  /** What it was made from: where that is the same in a changed kubeconfig, it stays. */
  readonly entries: unknown;
}

/** The clusters in use: one connection a context, made when it is first needed. */
export class Connections extends Disposable {
  readonly #options: ConnectionsOptions;
  readonly #held = new Map<string, Held>();
  readonly #changed = new Emitter<void>();
  readonly #journal: HelperJournal;
  #kubeconfig: Promise<Kubeconfig> | undefined;
  #unwatch: () => void = () => undefined;

  constructor(options: ConnectionsOptions) {
    super();
    this.#options = options;
    this.#journal = new HelperJournal(options.journal);
    this.own(onDispose(() => this.#unwatch()));
  }

  /** The kubeconfig, or what it says, has changed. */
  get onChanged(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** @throws ClusterError `bad-kubeconfig`; CheckpointError `unreadable`, `not-found` */
  kubeconfig(): Promise<Kubeconfig> {
    this.#kubeconfig ??= this.#read();
    return this.#kubeconfig;
  }

  /** As they stand in the kubeconfig, the current one first. @throws as {@link kubeconfig} */
  async contexts(): Promise<readonly ContextFacts[]> {
    const contexts = listContexts(await this.kubeconfig());
    return [...contexts].sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
  }

  /** @param context the current one if it is not given. @throws ClusterError */
  async connect(context?: string): Promise<Connection> {
    const kubeconfig = await this.kubeconfig();
    const entries = kubeconfig.resolve(context);
    const { name } = entries.context;
    const known = this.#held.get(name);
    if (known) return known.connection;
    const connection = this.#open(kubeconfig, name);
    this.#held.set(name, { connection, entries });
    connection.catch(() => this.#held.delete(name));
    return connection;
  }

  /** The kubeconfig is read anew; connections that are not as they were are closed. */
  async reload(): Promise<void> {
    const before = await this.#kubeconfig?.catch(() => undefined);
    this.#kubeconfig = before && before.contexts.length > 0 ? this.#readWhole() : this.#read();
    const kubeconfig = await this.#kubeconfig.catch(() => undefined);
    for (const [name, held] of this.#held) {
      if (!kubeconfig || !isSame(kubeconfig, name, held)) this.#drop(name, held);
    }
    this.#changed.fire();
  }

  /** Closes all, for instance because other plugins may run now. */
  async reset(): Promise<void> {
    for (const [name, held] of this.#held) this.#drop(name, held);
    await this.reload();
  }

  /** Removes the helper pods that windows of earlier have left. Nothing is asked of any cluster where there are none. */
  async sweep(): Promise<void> {
    if ((await this.#journal.abandoned()).length === 0) return;
    await sweepAbandoned(this.#journal, await this.kubeconfig(), { allowPlugins: this.#options.allowPlugins() });
  }

  /** Ends all; resolves when the helper pods are gone. */
  async end(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map(({ connection }) => connection.then(close, () => undefined)));
  }

  override dispose(): void {
    void this.end();
    super.dispose();
  }

  /** One that was good and has nothing now may just be being written: kubectl empties the file first. */
  async #readWhole(): Promise<Kubeconfig> {
    const first = await this.#read().catch(() => undefined);
    if (first && first.contexts.length > 0) return first;
    await sleep(WRITING_MS);
    return this.#read();
  }

  #read(): Promise<Kubeconfig> {
    const path = this.#options.kubeconfig();
    const choice = path === undefined ? {} : { path };
    this.#unwatch();
    // One that cannot be read is watched, too: it may be mended.
    if (!this.isDisposed) this.#unwatch = watchKubeconfig(kubeconfigFiles(choice), () => void this.reload());
    return loadKubeconfig(choice);
  }

  async #open(kubeconfig: Kubeconfig, context: string): Promise<Connection> {
    const { allowPlugins, helper } = this.#options;
    const cluster = await openCluster(kubeconfig, context, { allowPlugins: allowPlugins() });
    const settings = helper(cluster.namespace);
    const helpers = new HelperPods(cluster.api, { settings, journal: this.#journal, context: cluster.name });
    return { cluster, files: new NodeFiles(cluster.api.transport, helpers) };
  }

  #drop(name: string, held: Held): void {
    this.#held.delete(name);
    void held.connection.then(close, () => undefined);
  }
}

function isSame(kubeconfig: Kubeconfig, name: string, { entries }: Held): boolean {
  try {
    return isDeepStrictEqual(kubeconfig.resolve(name), entries);
  } catch {
    return false;
  }
}

async function close({ cluster, files }: Connection): Promise<void> {
  await files.helpers.close();
  cluster.close();
}
