// Loads and activates the built extension in a process that has nothing else, with a stand-in for VS Code.
import Module, { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { builtExtension } from '../children.ts';
import { answer, question } from './probes.ts';
import { makeContext, makeVscode } from './vscode-stub.ts';

interface Extension {
  activate(context: object): unknown;
}

type Load = (request: string, parent: unknown, isMain: boolean) => unknown;

const { storage } = question('activation');
const loader = Module as unknown as { _load: Load };
const original = loader._load;
const requests = new Set<string>();
const vscode = makeVscode();
loader._load = (request, parent, isMain) => {
  requests.add(request);
  return request === 'vscode' ? vscode : original(request, parent, isMain);
};
const require = createRequire(import.meta.url);

const started = performance.now();
const extension = require(builtExtension) as Extension;
const load = performance.now() - started;
await extension.activate(makeContext(storage));
const activate = performance.now() - started - load;

const files = Object.keys(require.cache).filter((path) => path !== builtExtension);
const builtins = [...requests].filter((request) => Module.isBuiltin(request)).sort();
answer('activation', { load, activate, files, builtins });
process.exit(0);
