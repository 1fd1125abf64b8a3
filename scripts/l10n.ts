/**
 * Collects every text of the interface into l10n/bundle.l10n.json, which translators copy to bundle.l10n.LANGUAGE.json:
 * `node scripts/l10n.ts`; with `--check` it only says whether the file is current (status 1: it is not). What stands
 * in package.json has its own file, package.nls.json.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import ts from 'typescript';
import { root } from './lib/node.mjs';

export const BUNDLE = join(root, 'l10n', 'bundle.l10n.json');

/** Functions that take templates, and the places of these among the arguments. */
const TAKES_TEMPLATES: ReadonlyMap<string, readonly number[]> = new Map([
  ['t', [0]],
  ['tn', [1, 2]],
  ['translate', [0]],
  ['sentence', [0]],
]);

/** Properties whose values the page translates. */
const TRANSLATED_PROPERTIES = new Set(['template', 'label']);

/** The bundle as text, made from the sources as they are. */
export function makeBundle(): string {
  const texts = new Set<string>();
  for (const folder of ['src/protocol', 'src/core', 'src/worker', 'src/vscode', 'media']) {
    for (const file of sourcesIn(join(root, folder))) {
      const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
      // Core hands templates through helpers of its own; there, whatever reads like a sentence is one.
      const isCore = folder === 'src/core' || folder === 'src/worker';
      for (const text of textsIn(source, isCore)) texts.add(text);
    }
  }
  const entries = [...texts].sort().map((text) => [text, text] as const);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

function* sourcesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourcesIn(path);
    else if (['.ts', '.tsx'].includes(extname(path))) yield path;
  }
}

function* textsIn(node: ts.Node, isCore: boolean): Generator<string> {
  if (ts.isCallExpression(node)) {
    for (const place of TAKES_TEMPLATES.get(calledName(node.expression)) ?? []) yield* literals(node.arguments[place]);
  }
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && TRANSLATED_PROPERTIES.has(node.name.text)) {
    yield* literals(node.initializer);
  }
  const text = isCore ? folded(node) : undefined;
  if (text !== undefined && readsLikeSentence(text)) yield text;
  // The parts of a folded text are no texts of their own.
  if (text === undefined) for (const child of node.getChildren()) yield* textsIn(child, isCore);
}

/** `sentence`, `vscode.l10n.t`, `this.#translate`: the last name counts. */
function calledName(callee: ts.Expression): string {
  if (ts.isIdentifier(callee)) return callee.text;
  return ts.isPropertyAccessExpression(callee) ? callee.name.text.replace(/^#/, '') : '';
}

/** The texts that an expression may have: a literal, literals added up, or either branch of a condition. */
function literals(node: ts.Expression | undefined): readonly string[] {
  if (!node) return [];
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  const text = folded(node);
  return text === undefined ? [] : [text];
}

function folded(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [folded(node.left), folded(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}

function readsLikeSentence(text: string): boolean {
  return /^(\{\d\}|[A-Z]).* .*\.$/s.test(text);
}

if (import.meta.main) {
  const bundle = makeBundle();
  if (!process.argv.includes('--check')) {
    mkdirSync(join(root, 'l10n'), { recursive: true });
    writeFileSync(BUNDLE, bundle);
  } else if (readFileSync(BUNDLE, 'utf8') !== bundle) {
    console.error('l10n/bundle.l10n.json does not hold the texts of the sources: run `node scripts/l10n.ts`.');
    process.exitCode = 1;
  }
}
