import type { Note } from '../../protocol/note.ts';

/**
 * Collects what is wrong with a checkpoint. The same finding is met again whenever a question is asked again: it is
 * kept once.
 */
export class Notebook {
  readonly #notes = new Map<string, Note>();

  add(...notes: readonly Note[]): void {
    for (const note of notes) {
      const key = `${note.kind}\n${note.where}\n${String(note.offset)}\n${note.text.template}\n${note.text.args.join('\n')}`;
      if (!this.#notes.has(key)) this.#notes.set(key, note);
    }
  }

  /** In the order of the places, so that the list does not depend on which question was asked first. */
  list(): readonly Note[] {
    return [...this.#notes.values()].sort(
      (a, b) =>
        compare(a.where, b.where) || (a.offset ?? -1) - (b.offset ?? -1) || compare(a.text.template, b.text.template),
    );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
