import { escapeText } from './format.ts';

/**
 * A sentence for a person that can be translated: the English template is the key, as in `vscode.l10n.t`.
 * Core writes sentences, the editor's host translates them, the command line prints them in English.
 */
export interface Sentence {
  /** English text with `{0}`, `{1}` … where the arguments go. */
  readonly template: string;
  readonly args: readonly (string | number)[];
}

export function sentence(template: string, ...args: (string | number)[]): Sentence {
  return { template, args };
}

/**
 * Fills the arguments into the template, or into its translation if `translate` gives one. Arguments are often names
 * from an archive: what is not visible in them comes out escaped, so that no name can command a terminal.
 */
export function say(text: Sentence, translate?: (template: string) => string | undefined): string {
  return filled(translate?.(text.template) ?? text.template, text, escapeText);
}

/** The sentence in English with its arguments as they are: for a text that is escaped as a whole. */
export function sayAsItIs(text: Sentence): string {
  return filled(text.template, text, (argument) => argument);
}

function filled(template: string, { args }: Sentence, write: (argument: string) => string): string {
  return template.replace(/\{(\d+)\}/g, (whole, index: string) => {
    const value = args[Number(index)];
    return value === undefined ? whole : write(String(value));
  });
}
