// @ts-check
// The protocol runs in the page, in the extension host and in the worker: it may use what JavaScript has and what every
// one of them has (AbortSignal, TextDecoder …), but nothing of the DOM alone and nothing of Node alone.
import { runInNewContext } from 'node:vm';

/** The names that JavaScript itself defines: those of an empty context. */
const language = new Set(
  /** @type {string[]} */ (runInNewContext('Object.getOwnPropertyNames(globalThis)')).filter(
    (name) => name !== 'console',
  ),
);

/** What the page's, the worker's and the host's platforms have in common. */
const shared = new Set([
  ...['AbortController', 'AbortSignal', 'TextDecoder', 'TextEncoder', 'URL', 'structuredClone', 'queueMicrotask'],
  ...['setTimeout', 'clearTimeout', 'Event', 'EventTarget', 'DOMException', 'MessagePort', 'MessageEvent'],
]);

/** @type {import('eslint').Rule.RuleModule} */
export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { platform: '{{name}} is not there on every platform that the protocol runs on.' },
  },
  create(context) {
    return {
      'Program:exit'() {
        const scope = context.sourceCode.scopeManager.globalScope;
        if (!scope) return;
        const unresolved = scope.through.map(({ identifier }) => identifier);
        const declaredByPlatform = scope.variables
          .filter((variable) => variable.defs.length === 0)
          .flatMap((variable) => variable.references.map(({ identifier }) => identifier));
        for (const node of new Set([...unresolved, ...declaredByPlatform])) {
          const name = 'name' in node ? String(node.name) : '';
          // The word of `as const` is parsed as the name of a type.
          if (name === 'const' || language.has(name) || shared.has(name) || isLanguageType(context, node)) continue;
          context.report({ node, messageId: 'platform', data: { name } });
        }
      },
    };
  },
};

/**
 * Whether a name is one of the types that come with the language (`Partial`, `Iterable` …): declared in TypeScript's
 * libraries, but in none of the DOM's.
 * @param {import('eslint').Rule.RuleContext} context
 * @param {any} node
 */
function isLanguageType(context, node) {
  /** @type {import('@typescript-eslint/utils').ParserServicesWithTypeInformation} */
  const services = /** @type {any} */ (context.sourceCode.parserServices);
  const declarations = services.getSymbolAtLocation(node)?.declarations ?? [];
  return (
    declarations.length > 0 &&
    declarations.every((declaration) =>
      /\/lib\.(es|decorators)[^/]*\.d\.ts$/.test(declaration.getSourceFile().fileName),
    )
  );
}
