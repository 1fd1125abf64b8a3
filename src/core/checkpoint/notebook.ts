import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';

/** Findings of one kind that are told one by one: a hostile list of processes brings hundreds of thousands. */
const MANY = 5000;

/**
 * Collects what is wrong with a checkpoint. The same finding is met again whenever a question is asked again: it is
 * kept once.
 */
export class Notebook {
  readonly #notes = new Map<string, Note>();
  /** How many there are by what they say, whatever of. */
  readonly #counts = new Map<string, number>();

  add(...notes: readonly Note[]): void {
    for (const note of notes) this.#add(note);
  }

  #add(note: Note): void {
    const group = `${note.kind}\n${note.text.template}`;
    const count = this.#counts.get(group) ?? 0;
    if (count > MANY) return;
    const key = `${group}\n${note.where}\n${String(note.offset)}\n${note.text.args.join('\n')}`;
    if (this.#notes.has(key)) return;
    this.#counts.set(group, count + 1);
    this.#notes.set(key, count < MANY ? note : andMore(note));
  }

  /** In the order of the places, so that the list does not depend on which question was asked first. */
  list(): readonly Note[] {
    return [...this.#notes.values()].sort(
      (a, b) =>
        compare(a.where, b.where) || (a.offset ?? -1) - (b.offset ?? -1) || compare(a.text.template, b.text.template),
    );
  }
}

function andMore({ kind, where }: Note): Note {
  const text = sentence(
    'Of {0} and others the same is to be said as of {1} other places. They are not listed one by one.',
    where,
    MANY,
  );
  return { kind, where, text };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
