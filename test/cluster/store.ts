import { randomUUID } from 'node:crypto';
import { apiVersionOf, qualified, type Kind, type KubeObject } from './kube.ts';
import { alreadyExists, notFound } from './status.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  /** What it was before. */
  readonly before: KubeObject | undefined;
}

type Listener = (kind: Kind, change: Change) => void;

/** Objects by kind, each change with a number, and the changes since the last compaction. */
export class Store {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #history = new Map<string, Change[]>();
  readonly #listeners = new Set<Listener>();
  #revision = 2900;
  /** Changes up to here are forgotten. */
  #compacted = 2900;

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /**
   * In the order of namespace and name, as they lie in etcd.
   * @param at a revision that is not forgotten: then as they were
   */
  list(kind: Kind, namespace?: string, at = this.#revision): readonly KubeObject[] {
    const objects = new Map(this.#objects.get(qualified(kind)));
    for (const { revision, object, before } of (this.#history.get(qualified(kind)) ?? []).toReversed()) {
      if (revision <= at) break;
      if (before) objects.set(keyOf(object), before);
      else objects.delete(keyOf(object));
    }
    const all = [...objects.values()];
    const inside = namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
    return inside.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  find(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(qualified(kind))?.get(`${namespace ?? ''}/${name}`);
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject {
    const found = this.find(kind, namespace, name);
    if (!found) throw notFound(qualified(kind), name);
    return found;
  }

  create(kind: Kind, namespace: string | undefined, body: object): KubeObject {
    const given = body as Partial<KubeObject>;
    const { generateName } = given.metadata ?? {};
    const name = given.metadata?.name ?? `${generateName ?? ''}${randomUUID().slice(0, 5)}`;
    if (this.find(kind, namespace, name)) throw alreadyExists(qualified(kind), name);
    const object: KubeObject = {
      ...given,
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        ...given.metadata,
        name,
        ...(namespace !== undefined && { namespace }),
        uid: given.metadata?.uid ?? randomUUID(),
        resourceVersion: '',
        generation: 1,
        creationTimestamp: given.metadata?.creationTimestamp ?? new Date().toISOString().replace(/\.\d+/, ''),
      },
    };
    this.#record(kind, 'ADDED', object);
    return object;
  }

  /** Objects are never changed in place: whoever watches keeps what it was given. */
  update<T extends KubeObject>(kind: Kind, object: T, change: Partial<T>): T {
    const changed = { ...object, ...change, metadata: { ...object.metadata, ...change.metadata } };
    this.#record(kind, 'MODIFIED', changed);
    return changed;
  }

  remove(kind: Kind, object: KubeObject): void {
    const { namespace, name } = object.metadata;
    const found = this.find(kind, namespace, name);
    if (found) this.#record(kind, 'DELETED', { ...found, metadata: { ...found.metadata } });
  }

  #record(kind: Kind, type: Change['type'], object: KubeObject): void {
    const key = qualified(kind);
    const objects = this.#objects.get(key) ?? new Map<string, KubeObject>();
    this.#objects.set(key, objects);
    object.metadata.resourceVersion = String(++this.#revision);
    const place = keyOf(object);
    const before = objects.get(place);
    if (type === 'DELETED') objects.delete(place);
    else objects.set(place, object);
    const change = { type, revision: this.#revision, object, before };
    const history = this.#history.get(key) ?? [];
    history.push(change);
    this.#history.set(key, history);
    for (const listener of [...this.#listeners]) listener(kind, change);
  }

  /** What happened after a revision, and whatever happens from now on. @returns ends it */
  follow(kind: Kind, since: number, onChange: (change: Change) => void): () => void {
    for (const change of this.#history.get(qualified(kind)) ?? []) if (change.revision > since) onChange(change);
    const listener: Listener = (of, change) => {
      if (qualified(of) === qualified(kind)) onChange(change);
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many watch. */
  get followers(): number {
    return this.#listeners.size;
  }

  /** Forgets what happened until now, as etcd does every five minutes. */
  compact(): void {
    this.#revision++;
    this.#compacted = this.#revision;
    this.#history.clear();
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
