import type { PodFacts } from '../../../core/cluster/inventory/pods.ts';

/**
 * What a person filters pods by: parts of names, all of which must occur in the names of the pod, its workload or one of
 * its containers, or its state; and label selectors (`app=web`, `tier!=cache`), by which the server chooses.
 */
export class PodFilter {
  readonly text: string;
  readonly labelSelector: string | undefined;
  readonly #words: readonly string[];

  constructor(text = '') {
    this.text = text.trim();
    const parts = this.text.split(/\s+/).filter((part) => part !== '');
    const selectors = parts.filter((part) => part.includes('='));
    this.labelSelector = selectors.length > 0 ? selectors.join(',') : undefined;
    this.#words = parts.filter((part) => !part.includes('=')).map((part) => part.toLowerCase());
  }

  get isEmpty(): boolean {
    return this.text === '';
  }

  /** True where pods have to be looked at one by one. */
  get isTextual(): boolean {
    return this.#words.length > 0;
  }

  matches({ name, workload, containers, status, node }: PodFacts): boolean {
    if (this.#words.length === 0) return true;
    const texts = [name, workload?.name ?? '', status, node ?? '', ...containers.map((one) => one.name)];
    const all = texts.join('\n').toLowerCase();
    return this.#words.every((word) => all.includes(word));
  }
}
