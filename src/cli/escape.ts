import { escapeText } from '../protocol/format.ts';

/**
 * Text from a checkpoint for a table, a tree or a line of text, so that only one text can be meant: escaped as everywhere
 * (`\n`, `\u202e`), and a backslash that would read as the beginning of such an escape is doubled. Others stay single,
 * because command lines are full of them: `a\.b` is what it says, `\\n` is a backslash and an n.
 */
export function escapeField(text: string): string {
  if (!text.includes('\\')) return escapeText(text);
  const doubled = text.replace(/\\+/g, (run, at: number) => {
    const next = String.fromCodePoint(text.codePointAt(at + run.length) ?? 0x20);
    return 'nrtu'.includes(next) || escapeText(next) !== next ? run + run : run;
  });
  return escapeText(doubled);
}
