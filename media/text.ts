import { escapeText } from '../src/protocol/format.ts';
import { say, type Sentence } from '../src/protocol/sentence.ts';

let strings: Readonly<Record<string, string>> = {};

/** Translations by English template, from the host. */
export function setStrings(translations: Readonly<Record<string, string>>): void {
  strings = translations;
}

/** A text of the interface in the reader's language; `{0}`, `{1}` … stand for the arguments. */
export function t(template: string, ...args: (string | number)[]): string {
  return say({ template, args }, translate);
}

/** The form for one or for several. `{0}` is the number in groups of three; the rest follows. */
export function tn(count: number, one: string, many: string, ...args: (string | number)[]): string {
  return t(count === 1 ? one : many, formatNumber(count), ...args);
}

/** A sentence from the checkpoint's side. Its arguments may come from the archive, so it is escaped. */
export function sentenceText(sentence: Sentence): string {
  return escapeText(say(sentence, translate));
}

export function formatNumber(value: number | bigint): string {
  return value.toLocaleString(locale());
}

/** The language of the interface, which the host writes into the document. */
export function locale(): string {
  return document.documentElement.lang || 'en';
}

function translate(template: string): string | undefined {
  return Object.hasOwn(strings, template) ? strings[template] : undefined;
}
