import type { Memento } from 'vscode';

const PINNED = 'clusters.pinnedNamespaces';
const HELPERS = 'clusters.helpersAllowed';
const FINGERPRINTS = 'clusters.kubeletFingerprints';

/** What a person has decided about clusters, kept over restarts. Nothing secret is in it. */
export class ClusterMemory {
  readonly #memento: Pick<Memento, 'get' | 'update'>;

  constructor(memento: Pick<Memento, 'get' | 'update'>) {
    this.#memento = memento;
  }

  /** In the order in which they were pinned. */
  pinned(context: string): readonly string[] {
    return this.#get<readonly string[]>(PINNED)[context] ?? [];
  }

  async pin(context: string, namespace: string): Promise<void> {
    const names = this.pinned(context).filter((name) => name !== namespace);
    await this.#set(PINNED, context, [...names, namespace]);
  }

  async unpin(context: string, namespace: string): Promise<void> {
    await this.#set(
      PINNED,
      context,
      this.pinned(context).filter((name) => name !== namespace),
    );
  }

  /** Whether helper pods may be started in a cluster. */
  mayUseHelpers(context: string): boolean {
    return this.#get<boolean>(HELPERS)[context] === true;
  }

  async allowHelpers(context: string): Promise<void> {
    await this.#set(HELPERS, context, true);
  }

  /** The SHA-256 of a kubelet's certificate that a person has accepted. @param address `HOST:PORT` */
  fingerprint(address: string): string | undefined {
    return this.#get<string>(FINGERPRINTS)[address];
  }

  async pinFingerprint(address: string, fingerprint: string): Promise<void> {
    await this.#set(FINGERPRINTS, address, fingerprint);
  }

  #get<T>(key: string): Readonly<Record<string, T | undefined>> {
    return this.#memento.get<Record<string, T>>(key) ?? {};
  }

  async #set(key: string, name: string, value: unknown): Promise<void> {
    await this.#memento.update(key, { ...this.#get(key), [name]: value });
  }
}
