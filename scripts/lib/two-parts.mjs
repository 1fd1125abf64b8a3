// @ts-check
// Splits a program into two bundles: what its first answer needs, and the rest, which is loaded when something in it is
// first asked for. A module is in one of them alone; each finds the other's modules by their paths.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build as bundle } from 'esbuild';

/** How a bundle shows modules to the other one: an object of functions by paths, each of which gives the module. */
const PARTS = 'parts';

/**
 * @typedef {object} Program
 * @property {string} main the module that the program begins with; paths are relative to the root
 * @property {string[]} atOnce modules that are imported dynamically, and needed for the first answer all the same
 * @property {string} first where the bundle of the first answer goes
 * @property {string} rest where the other one goes, beside it
 */

/**
 * The options of both bundles. What goes where is found anew each time that one of them is built.
 * @param {import('esbuild').BuildOptions} options what both are built with
 * @param {Program} program
 * @param {import('esbuild').Plugin[]} plugins those of all bundles: how imports are found decides what there is
 * @returns {import('esbuild').BuildOptions[]}
 */
export function twoParts(options, program, plugins) {
  const root = options.absWorkingDir ?? process.cwd();
  const { first, rest } = program;
  /** Of the two that are built at the same time. @type {Promise<Split> | undefined} */
  let current;
  const split = {
    find: () => (current ??= splitModules(options, program, plugins)),
    forget: () => (current = undefined),
  };
  return [
    {
      ...options,
      entryPoints: [{ in: 'first', out: withoutEnding(first) }],
      outdir: root,
      plugins: [plugin(root, 'first', rest, split)],
    },
    {
      ...options,
      entryPoints: [{ in: 'rest', out: withoutEnding(rest) }],
      outdir: root,
      plugins: [plugin(root, 'rest', first, split)],
    },
  ];
}

/**
 * @typedef {object} Split
 * @property {string} main
 * @property {Set<string>} modules all there are
 * @property {Set<string>} first modules of the first answer
 * @property {Map<string, string[]>} shared those of them that the rest imports, with what they export
 * @property {string[]} asked modules of the rest that those of the first answer ask for
 */

/**
 * @param {import('esbuild').BuildOptions} options
 * @param {Program} program
 * @param {import('esbuild').Plugin[]} plugins
 * @returns {Promise<Split>}
 */
async function splitModules(options, { main, atOnce }, plugins) {
  const { metafile } = await bundle({
    ...options,
    entryPoints: [main],
    outfile: 'nothing.js',
    metafile: true,
    minify: false,
    sourcemap: false,
    write: false,
    plugins,
  });
  const { inputs } = metafile;
  const importsOf = (/** @type {string} */ path) =>
    (inputs[path]?.imports ?? []).filter((one) => one.external !== true && one.path in inputs);
  /** @type {Set<string>} */
  const first = new Set([main, ...atOnce]);
  for (const path of first) {
    if (!(path in inputs)) throw new Error(`${path} is no part of what begins with ${main}`);
    for (const one of importsOf(path)) if (one.kind !== 'dynamic-import') first.add(one.path);
  }
  const reached = (/** @type {boolean} */ fromFirst) => [
    ...new Set(
      Object.keys(inputs)
        .filter((path) => first.has(path) === fromFirst)
        .flatMap((path) => importsOf(path).map((one) => one.path))
        .filter((path) => first.has(path) !== fromFirst),
    ),
  ];
  const shared = reached(false);
  const twice = shared.find(isPackage);
  if (twice !== undefined) throw new Error(`${twice} would be in two bundles: only modules of this project are shared`);
  return {
    main,
    modules: new Set(Object.keys(inputs)),
    first,
    shared: await exportsOf(options, shared),
    asked: reached(true),
  };
}

/**
 * What modules export. The rest takes it as it is when it begins to: a binding that changes later has no place there.
 * @param {import('esbuild').BuildOptions} options
 * @param {string[]} paths
 * @returns {Promise<Map<string, string[]>>}
 */
async function exportsOf(options, paths) {
  const root = options.absWorkingDir ?? process.cwd();
  for (const path of paths) {
    const changing = /^export (?:let|var) (\w+)/m.exec(readFileSync(join(root, path), 'utf8'));
    if (changing)
      throw new Error(`${path} exports ${changing[1]}, which may change: a constant or a function can be shared`);
  }
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: paths,
    outdir: 'nothing',
    format: 'esm',
    logLevel: 'silent',
    metafile: true,
    write: false,
  });
  return new Map(Object.values(metafile.outputs).map(({ entryPoint = '', exports }) => [entryPoint, exports]));
}

/**
 * @param {string} root
 * @param {'first' | 'rest'} part
 * @param {string} other where the other bundle goes
 * @param {{ find: () => Promise<Split>, forget: () => void }} splits
 * @returns {import('esbuild').Plugin}
 */
function plugin(root, part, other, splits) {
  return {
    name: `${part}-part`,
    setup(build) {
      /** @type {Split | undefined} */
      let split;
      build.onStart(async () => {
        split = await splits.find();
      });
      build.onEnd(splits.forget);
      build.onResolve({ filter: /^(first|rest)$/ }, ({ path, kind }) =>
        kind === 'entry-point' ? { path, namespace: 'part' } : undefined,
      );
      build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir, namespace }) => {
        if (namespace === 'other-part') return { path, external: true };
        const module = relative(root, join(resolveDir, path)).replaceAll('\\', '/');
        const isElsewhere = split?.modules.has(module) === true && split.first.has(module) !== (part === 'first');
        return isElsewhere && !isPackage(importer) ? { path: module, namespace: 'other-part' } : undefined;
      });
      build.onLoad({ filter: /./, namespace: 'part' }, () => ({
        contents: split ? (part === 'first' ? firstPart(split) : restPart(split)) : '',
        resolveDir: root,
      }));
      build.onLoad({ filter: /./, namespace: 'other-part' }, ({ path }) => {
        const module = `require(${text(`./${relative(dirname(other), other)}`)}).${PARTS}[${text(path)}]()`;
        // By their names functions are called without a look into the module each time.
        const names = part === 'rest' ? (split?.shared.get(path) ?? []) : undefined;
        const contents = names
          ? `const module = ${module};\n${names.map((name) => `export const ${name} = module.${name};`).join('\n')}`
          : `module.exports = ${module};`;
        return { contents, resolveDir: root };
      });
    },
  };
}

/** @param {Split} split */
function firstPart({ main, shared }) {
  const paths = [...shared.keys()];
  return [
    `import ${text(`./${main}`)};`,
    ...paths.map((path, index) => `import * as part${index} from ${text(`./${path}`)};`),
    `export const ${PARTS} = {${paths.map((path, index) => `${text(path)}: () => part${index}`).join(', ')}};`,
  ].join('\n');
}

/** @param {Split} split */
function restPart({ asked }) {
  const modules = asked.map((path) => `${text(path)}: () => require(${text(`./${path}`)})`);
  return `export const ${PARTS} = {${modules.join(', ')}};`;
}

/** @param {string} path */
function isPackage(path) {
  return /(^|[/\\])node_modules[/\\]/.test(path);
}

/** @param {string} value */
function text(value) {
  return JSON.stringify(value);
}

/** @param {string} path */
function withoutEnding(path) {
  return path.replace(/\.js$/, '');
}
