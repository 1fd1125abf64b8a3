import { formatSize } from './format.ts';
import { sentence, type Sentence } from './sentence.ts';

/** Milliseconds before anything is said about how fast it goes. */
const SETTLING = 500;

/** How far something is that is counted in bytes, how fast it goes, and how long it will take. */
export class Rate {
  #began: { readonly at: number; readonly done: number } | undefined;

  /**
   * @param done bytes; what was there when it began does not count as fast
   * @param now milliseconds, of a clock that does not jump
   */
  describe(done: number, total: number | undefined, now: number): Sentence {
    this.#began ??= { at: now, done };
    const passed = now - this.#began.at;
    const rate = ((done - this.#began.done) / passed) * 1000;
    const isKnown = passed >= SETTLING && rate > 0;
    if (total === undefined) {
      return isKnown ? sentence('{0}, {1}/s', formatSize(done), formatSize(rate)) : sentence('{0}', formatSize(done));
    }
    const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
    if (!isKnown) return sentence('{0} %', percent);
    const left = leftText(Math.ceil(Math.max(0, total - done) / rate));
    return sentence('{0} %, {1}/s, {2} left', percent, formatSize(rate), left);
  }
}

/** Whole numbers: it is a guess. @param seconds whole */
function leftText(seconds: number): string {
  if (seconds < 100) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${String(minutes)} min` : `${String(Math.round(minutes / 60))} h`;
}
