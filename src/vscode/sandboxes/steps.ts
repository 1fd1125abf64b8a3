import type { Amount } from '../../core/restore/sandbox/sandbox.ts';
import { Rate } from '../../protocol/rate.ts';
import type { RestoreProgress } from '../../protocol/restore-api.ts';
import { say, type Sentence } from '../../protocol/sentence.ts';

/** Milliseconds between two words about the same step. */
const INTERVAL = 200;

/** A step and how far it is, in one line. @param words says a sentence in the person's language */
export function stepText({ what, how }: RestoreProgress, words: (text: Sentence) => string): string {
  return [what, how].flatMap((text) => (text ? [words(text)] : [])).join(': ');
}

/** Turns what work tells of itself, many times a second, into what a person can read: step by step, how far and how fast. */
export class Steps {
  #name: string | undefined;
  #rate = new Rate();
  #told = 0;

  /**
   * @param now milliseconds, of a clock that does not jump
   * @returns undefined where it is too early for another word
   */
  describe(
    what: Sentence,
    amount: Amount | undefined,
    now: number,
  ): (RestoreProgress & { readonly isNew: boolean }) | undefined {
    const name = say(what);
    const isNew = name !== this.#name;
    if (isNew) {
      this.#name = name;
      this.#rate = new Rate();
    }
    const how = amount && this.#rate.describe(amount.done, amount.total, now);
    const isDone = amount !== undefined && amount.done === amount.total;
    if (!isNew && !isDone && now - this.#told < INTERVAL) return undefined;
    this.#told = now;
    const share = amount?.total === undefined || amount.total === 0 ? undefined : amount.done / amount.total;
    return { what, isNew, ...(how && { how }), ...(share !== undefined && { share: Math.min(1, share) }) };
  }
}
