// @ts-check
// Builds everything that ships into dist/: `node esbuild.mjs [--watch] [--minify]` (npm run build, watch, package).
//
//   dist/extension.js          the extension host's part
//   dist/cluster.js            its part that knows clusters, loaded when somebody looks at one
//   dist/sandboxes.js          its part that restores, loaded when somebody does
//   dist/worker.js             what starts the thread that owns an open checkpoint, with what V8 had compiled of it
//   dist/worker-main.js        what of it a first answer needs
//   dist/worker-rest.js        the rest of it, loaded when it is asked for
//   dist/scan.js               the threads that search, for the worker and the command line
//   dist/hash.js               the thread that hashes a download that is gone on with
//   dist/kubernetes-client.js  what logs in at clusters by the client library, loaded by the few contexts that need it
//   dist/cli.js, cli-boot.js   the command line: a check of Node's version that any Node can read, and what brings back
//                              what V8 compiled in earlier runs
//   dist/cli-main.js           what of it the first look at a checkpoint needs
//   dist/cli-rest.js           the rest of it, loaded by the commands that need it
//   dist/page/                 the editor's page, its styles and the icon font
//
// It also asserts what must stay out of which bundle, from what esbuild says went in.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { findForbidden } from './scripts/lib/bundle-contents.mjs';
import { twoParts } from './scripts/lib/two-parts.mjs';
import './scripts/generate-schema.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify,
  // Stack traces in the log stay readable, and the names are few.
  keepNames: minify,
  sourcemap: minify ? false : 'linked',
  metafile: true,
  legalComments: minify ? 'none' : 'inline',
  logLevel: 'silent',
  define: { 'process.env.NODE_ENV': minify ? '"production"' : '"development"' },
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node22.19',
  // By which a bundle finds another one beside it.
  define: { ...common.define, 'import.meta.filename': '__filename' },
};

/**
 * The Kubernetes client takes a third of a second to load: whoever imports it finds it in a bundle of its own.
 * @type {import('esbuild').Plugin}
 */
const kubernetesClientApart = {
  name: 'kubernetes-client-apart',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer }) =>
      importer === '<stdin>' ? undefined : { path: './kubernetes-client.js', external: true },
    );
  },
};

/**
 * Bundles of what is of no use to a window in which nobody uses it, by the file that each of them begins with.
 * @type {Readonly<Record<string, string>>}
 */
const APART = { 'cluster-part.ts': './cluster.js', 'sandbox-part.ts': './sandboxes.js' };

/**
 * What a window may do without is loaded when it is needed.
 * @type {import('esbuild').Plugin}
 */
const partsApart = {
  name: 'parts-apart',
  setup(build) {
    build.onResolve({ filter: /\/(cluster|sandbox)-part\.ts$/ }, ({ kind, path }) => {
      const bundle = kind === 'dynamic-import' ? APART[basename(path)] : undefined;
      return bundle === undefined ? undefined : { path: bundle, external: true };
    });
  },
};

const kubernetesClient = /^node_modules\/@kubernetes\//;
const decoder = /^(node_modules\/(@protobufjs|protobufjs|tar-stream)\/|src\/core\/(archive|criu|checkpoint)\/)/;
/** As `decoder`, without what JSON of engines is looked at with, and what CRIU's messages mean. */
const decoderExceptWords =
  /^(node_modules\/(@protobufjs|protobufjs|tar-stream)\/|src\/core\/(archive|criu|checkpoint\/(?!json\.ts$|logs\/known-messages\.ts$))\/?)/;

/** What a program is started with is small. */
const beyondBoot = /^(node_modules\/|src\/core\/(?!(run-compiled|application-cache)\.ts$))/;

/** Bundles that are run with what V8 compiled of them in earlier runs, see src/core/run-compiled.ts. */
const compiled = ['dist/cli-main.js', 'dist/cli-rest.js', 'dist/worker-main.js', 'dist/worker-rest.js'];

/** @type {{ program: import('./scripts/lib/two-parts.mjs').Program, without: RegExp[] }[]} */
const programs = [
  {
    program: {
      main: 'src/worker/main.ts',
      atOnce: [],
      first: 'dist/worker-main.js',
      rest: 'dist/worker-rest.js',
    },
    without: [kubernetesClient, /^src\/core\/cluster\//],
  },
  {
    program: {
      main: 'src/cli/main.ts',
      atOnce: ['src/cli/session.ts', 'src/cli/commands/show.ts', 'src/cli/commands/inspect.ts'],
      first: 'dist/cli-main.js',
      rest: 'dist/cli-rest.js',
    },
    without: [kubernetesClient],
  },
];

/**
 * What is built, and what must not be in it: the extension activates in milliseconds because it holds no decoder and
 * no Kubernetes client (that one gets a bundle of its own, loaded at the first cluster action), and the worker, which
 * reads hostile bytes, has no way to a cluster.
 * @type {{ options: import('esbuild').BuildOptions, without: RegExp[] }[]}
 */
const bundles = [
  ...programs.flatMap(({ program, without }) =>
    twoParts(node, program, [kubernetesClientApart]).map((options) => ({ options, without })),
  ),
  {
    options: {
      ...node,
      entryPoints: ['src/extension.ts'],
      outfile: 'dist/extension.js',
      external: ['vscode'],
      // What VS Code gives for `vscode` is only for `require`, in this bundle and in those that it loads.
      supported: { 'dynamic-import': false },
    },
    // Of restoring it knows where it is written down what there is.
    without: [
      decoder,
      kubernetesClient,
      /^(node_modules|src\/core\/(cluster|restore))\/(?!sandbox\/journal-folder\.ts$)/,
    ],
  },
  {
    options: {
      ...node,
      entryPoints: ['src/vscode/cluster/cluster-part.ts'],
      outfile: 'dist/cluster.js',
      external: ['vscode'],
    },
    without: [decoder, kubernetesClient],
  },
  {
    options: {
      ...node,
      entryPoints: ['src/vscode/sandboxes/sandbox-part.ts'],
      outfile: 'dist/sandboxes.js',
      external: ['vscode'],
    },
    without: [kubernetesClient, decoderExceptWords],
  },
  {
    options: { ...node, entryPoints: ['src/worker/boot.ts'], outfile: 'dist/worker.js' },
    without: [beyondBoot],
  },
  {
    options: { ...node, entryPoints: ['src/core/checkpoint/search/scan/scan-thread.ts'], outfile: 'dist/scan.js' },
    // It starts in no time because it knows bytes and nothing else.
    without: [kubernetesClient, /^(node_modules|src\/core\/(archive|criu|cluster)|src\/worker)\//],
  },
  {
    options: { ...node, entryPoints: ['src/core/cluster/download/file-hash-thread.ts'], outfile: 'dist/hash.js' },
    without: [/^(?!src\/core\/cluster\/download\/file-hash-thread\.ts$)/],
  },
  {
    options: { ...node, entryPoints: ['src/cli/boot.ts'], outfile: 'dist/cli-boot.js' },
    without: [beyondBoot],
  },
  {
    options: {
      ...node,
      stdin: { contents: "export { KubeConfig } from '@kubernetes/client-node';", resolveDir: root },
      outfile: 'dist/kubernetes-client.js',
    },
    without: [/^src\//],
  },
  {
    options: {
      ...common,
      platform: 'browser',
      format: 'esm',
      // The Chromium of the oldest VS Code in package.json's engines.
      target: 'chrome142',
      entryPoints: { main: 'media/main.tsx', restore: 'media/restore/main.tsx' },
      outdir: 'dist/page',
    },
    without: [/^src\/(?!protocol\/)/],
  },
];

rmSync(join(root, 'dist'), { recursive: true, force: true });
copyStaticFiles();

let building = 0;
let failed = false;
const contexts = await Promise.all(
  bundles.map(({ options, without }) =>
    context({
      ...options,
      plugins: [kubernetesClientApart, partsApart, ...(options.plugins ?? []), reporter(without)],
    }),
  ),
);
if (watch) {
  await Promise.all(contexts.map((one) => one.watch()));
} else {
  // A failed build rejects with the errors that the reporter has already printed.
  await Promise.allSettled(contexts.map((one) => one.rebuild()));
  await Promise.all(contexts.map((one) => one.dispose()));
  if (failed) process.exitCode = 1;
}

/** What is shipped as it is. */
function copyStaticFiles() {
  const codicons = join(root, 'node_modules/@vscode/codicons/dist');
  mkdirSync(join(root, 'dist/page'), { recursive: true });
  // The bundles are CommonJS (VS Code loads an extension with require), while package.json says "module".
  writeFileSync(join(root, 'dist/package.json'), '{ "type": "commonjs" }\n');
  for (const name of ['codicon.css', 'codicon.ttf']) copyFileSync(join(codicons, name), join(root, 'dist/page', name));
  copyFileSync(join(root, 'src/cli/bin.cjs'), join(root, 'dist/cli.js'));
  chmodSync(join(root, 'dist/cli.js'), 0o755);
}

/**
 * Prints each build's beginning, end and problems in the form that .vscode/tasks.json matches, and turns a forbidden
 * input into an error.
 * @param {RegExp[]} without inputs that must not be in this bundle
 * @returns {import('esbuild').Plugin}
 */
function reporter(without) {
  return {
    name: 'reporter',
    setup(build) {
      build.onStart(() => {
        if (building++ === 0) console.log('[build] started');
      });
      build.onEnd((result) => {
        const unwanted = result.metafile
          ? [...findForbidden(result.metafile, without), ...findSlowText(result.metafile)]
          : [];
        const errors = [...result.errors.map(line), ...unwanted.map((text) => `esbuild.mjs:1:1: ${text}`)];
        if (result.metafile && errors.length === 0 && minify) nameBuilds(result.metafile);
        for (const text of errors) console.error(`error: ${text}`);
        for (const text of result.warnings.map(line)) console.error(`warning: ${text}`);
        if (errors.length > 0) failed = true;
        if (result.metafile && !watch) printSizes(result.metafile);
        if (--building === 0) console.log('[build] finished');
      });
    },
  };
}

/**
 * Node reads a file of ASCII alone in half of the time, and V8 keeps it in half of the memory. esbuild escapes what is in
 * texts; what is left stands in regular expressions, where it can be written as an escape.
 * @param {import('esbuild').Metafile} metafile
 * @returns {string[]} a sentence for each bundle of Node's that has other letters
 */
function findSlowText(metafile) {
  if (!minify) return [];
  return Object.keys(metafile.outputs).flatMap((output) => {
    const isOurs = /^dist\/(?!page\/|kubernetes-client)[^/]*\.js$/.test(output);
    const found = isOurs ? /[\u0080-\uffff]/.exec(readFileSync(join(root, output), 'utf8')) : null;
    return found ? [`${output} holds ${found[0]}: write it as an escape in the regular expression that it is in`] : [];
  });
}

/**
 * Makes a bundle a function, and writes below it what names its text: what was compiled of another one is not taken for
 * its own.
 * @param {import('esbuild').Metafile} metafile
 */
function nameBuilds(metafile) {
  for (const output of Object.keys(metafile.outputs).filter((name) => compiled.includes(name))) {
    const path = join(root, output);
    const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'latin1')}})`;
    writeFileSync(path, `${text}\n// build ${createHash('sha256').update(text).digest('hex')}\n`);
  }
}

/** @param {import('esbuild').Message} message */
function line({ text, location }) {
  const where = location ? `${location.file}:${location.line}:${location.column + 1}` : 'esbuild.mjs:1:1';
  return `${where}: ${text}`;
}

/** @param {import('esbuild').Metafile} metafile */
function printSizes(metafile) {
  for (const [output, { bytes }] of Object.entries(metafile.outputs)) {
    if (!output.endsWith('.map')) console.log(`  ${relative('.', output).padEnd(24)} ${(bytes / 1024).toFixed(1)} KiB`);
  }
}
