// @ts-check
// Who may import whom: the table that keeps the house's floors apart, as an ESLint rule. A cell that is not listed is
// an error, for types too, except where the table says that types may pass.
import { isBuiltin } from 'node:module';
import { posix, relative, resolve, sep } from 'node:path';

/**
 * The part of the house that a file belongs to, by the longest folder that holds it.
 * @type {[path: string, zone: string][]}
 */
const ZONES = [
  ['src/protocol/', 'protocol'],
  ['src/core/bytes/', 'core/bytes'],
  ['src/core/archive/', 'core/archive'],
  ['src/core/criu/', 'core/criu'],
  ['src/core/checkpoint/', 'core/checkpoint'],
  ['src/core/cluster/', 'core/cluster'],
  ['src/core/restore/', 'core/restore'],
  ['src/core/', 'core'],
  ['src/worker/', 'worker'],
  ['src/cli/', 'cli'],
  ['src/vscode/', 'vscode'],
  ['src/extension.ts', 'vscode'],
  ['media/', 'media'],
];

/** Inside core the data's way is the order: each folder may use those before it. */
const DATA_WAY = ['core/bytes', 'core/archive', 'core/criu', 'core/checkpoint'];

/** Zones and modules of the floor above the data's way. */
const ALL_CORE = ['core', ...DATA_WAY, 'core/cluster', 'core/restore'];

/** Packages that only draw. */
const PAGE_PACKAGES = [
  'preact',
  '@vscode-elements/elements',
  'lit',
  'd3-hierarchy',
  'd3-scale',
  '@tanstack/virtual-core',
];

/**
 * @typedef {object} Row
 * @property {string[]} zones parts of the house that may be imported
 * @property {string[]} [types] parts of which only types may be imported
 * @property {string[]} [packages] npm packages, and the `vscode` module
 * @property {boolean} [node] whether Node's own modules may be imported
 */

/** @type {Record<string, Row>} */
const TABLE = {
  protocol: { zones: [] },
  core: { zones: ['protocol'], node: true },
  ...Object.fromEntries(
    DATA_WAY.map((zone, index) => [
      zone,
      { zones: ['protocol', 'core', ...DATA_WAY.slice(0, index)], packages: ['protobufjs', 'tar-stream'], node: true },
    ]),
  ),
  'core/cluster': {
    zones: ['protocol', ...ALL_CORE],
    packages: ['@kubernetes/client-node', 'ws', 'js-yaml', 'tar-stream'],
    node: true,
  },
  'core/restore': { zones: ['protocol', ...ALL_CORE], packages: ['tar-stream'], node: true },
  worker: { zones: ['protocol', 'core', ...DATA_WAY, 'core/restore'], node: true },
  cli: { zones: ['protocol', ...ALL_CORE], node: true },
  vscode: {
    zones: ['protocol', 'core/cluster', 'core/restore'],
    types: ['core', ...DATA_WAY],
    packages: ['vscode'],
    node: true,
  },
  media: { zones: ['protocol'], packages: PAGE_PACKAGES },
};

/** Modules that take hundreds of milliseconds to load: `await import(…)` where they are first needed, or types only. */
const HEAVY = ['@kubernetes/client-node'];

/** @type {import('eslint').Rule.RuleModule} */
export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      zone: '{{from}} must not import {{to}} ({{source}}).',
      typesOnly: '{{from}} may import only types of {{to}} ({{source}}): write `import type`.',
      package: '{{from}} must not import the package {{source}}.',
      node: "{{from}} must not import Node's {{source}}.",
      outside: '{{from}} must not import {{source}}, which lies outside of what is shipped.',
      heavy: '{{source}} takes long to load: use `await import(…)` where it is first needed, or `import type`.',
    },
  },
  create(context) {
    const root = context.cwd;
    const from = zoneOf(root, context.filename);
    if (from === undefined) return {};
    const row = TABLE[from];
    if (row === undefined) throw new Error(`The import table has no row for ${from}.`);

    /**
     * @param {import('estree').Node} node where the import stands
     * @param {unknown} source the module's name; what is not a literal cannot be judged and is refused
     * @param {{ typeOnly: boolean, lazy: boolean }} how
     */
    function check(node, source, { typeOnly, lazy }) {
      const report = (/** @type {string} */ messageId, to = '') =>
        context.report({ node, messageId, data: { from, to, source: String(source) } });
      if (typeof source !== 'string') return report('outside');
      if (source.startsWith('.') || source.startsWith('/')) {
        const target = resolve(context.filename, '..', source);
        const to = zoneOf(root, target);
        if (to === undefined) return report('outside');
        if (to === from || row?.zones.includes(to)) return;
        if (!row?.types?.includes(to)) return report('zone', to);
        return typeOnly ? undefined : report('typesOnly', to);
      }
      if (isBuiltin(source)) return row?.node ? undefined : report('node');
      const name = source.split('/', source.startsWith('@') ? 2 : 1).join('/');
      if (!row?.packages?.includes(name)) return report('package');
      if (HEAVY.includes(name) && !typeOnly && !lazy) report('heavy');
    }

    return {
      /** @param {any} node */
      ImportDeclaration: (node) =>
        check(node, node.source.value, { typeOnly: node.importKind === 'type', lazy: false }),
      /** @param {any} node */
      ExportAllDeclaration: (node) =>
        check(node, node.source.value, { typeOnly: node.exportKind === 'type', lazy: false }),
      /** @param {any} node */
      'ExportNamedDeclaration[source]': (node) =>
        check(node, node.source.value, { typeOnly: node.exportKind === 'type', lazy: false }),
      /** @param {any} node */
      ImportExpression: (node) => check(node, node.source.value, { typeOnly: false, lazy: true }),
      /** @param {any} node */
      TSImportType: (node) =>
        check(node, node.source?.value ?? node.argument?.literal?.value, { typeOnly: true, lazy: false }),
      /** @param {any} node */
      TSExternalModuleReference: (node) => check(node, node.expression.value, { typeOnly: false, lazy: false }),
      /** @param {any} node */
      'CallExpression[callee.name="require"]': (node) =>
        check(node, node.arguments[0]?.value, { typeOnly: false, lazy: false }),
    };
  },
};

/**
 * @param {string} root
 * @param {string} file
 */
function zoneOf(root, file) {
  const path = relative(root, file).split(sep).join(posix.sep);
  return ZONES.find(([folder]) => path.startsWith(folder))?.[1];
}
