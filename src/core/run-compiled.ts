import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';

/**
 * Runs bundles with what V8 compiled of them in an earlier run. Node's own compile cache has only what is compiled at
 * once when a file is loaded, not the functions that are compiled when they are first called, as nearly all are: to
 * compile these again takes as long as all else of a first answer.
 */

/**
 * The last line of a bundle that is built to be run so: SHA-256 of all before it, which is ASCII and a function of what
 * Node gives a CommonJS module.
 */
const BUILD = /\n\/\/ build ([0-9a-f]{64})\n$/;
const ID_LENGTH = 64;

export interface Keeping {
  /** A folder of this user alone, and of one version of V8 alone: what is kept there is run. Without it nothing is. */
  readonly folder: string | undefined;
  /** Milliseconds of a long run after which what was compiled is kept, before V8 forgets what was needed at first. */
  readonly after?: number;
  /** Whether a run that ends with this code had been what runs usually are. */
  readonly isUsual: (exitCode: number) => boolean;
}

/**
 * Runs a CommonJS bundle, and keeps what is compiled of it for the next run where an earlier one has not. One without a
 * build line, as bundles for development are, is required.
 * @param script absolute path
 */
export function runCompiled(script: string, keeping: Keeping): void {
  const load = createRequire(script);
  const text = readFileSync(script, 'latin1');
  const id = BUILD.exec(text.slice(-100))?.[1];
  if (id === undefined) {
    load(script);
    return;
  }
  const path = keeping.folder === undefined ? undefined : join(keeping.folder, `${basename(script)}.whole`);
  const kept = path === undefined ? undefined : readKept(path, id);
  const compiled = new Script(text, {
    filename: script,
    ...(kept && { cachedData: kept }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (path !== undefined && (!kept || compiled.cachedDataRejected === true)) keepLater(path, id, compiled, keeping);
  const run = compiled.runInThisContext() as (...args: readonly unknown[]) => void;
  const module = { exports: {} };
  run.call(module.exports, module.exports, load, module, script, dirname(script));
}

function keepLater(path: string, id: string, compiled: Script, { after, isUsual }: Keeping): void {
  // Loaded where something is to be kept. V8 refuses what it compiled under other flags than it starts with.
  const { cachedDataVersionTag } = process.getBuiltinModule('node:v8');
  const flags = cachedDataVersionTag();
  let isKept = false;
  const keepOnce = (): void => {
    if (isKept || cachedDataVersionTag() !== flags) return;
    isKept = true;
    keep(path, id, compiled.createCachedData());
  };
  process.once('exit', (code) => {
    if (isUsual(code)) keepOnce();
  });
  if (after !== undefined) setTimeout(keepOnce, after).unref();
}

/** V8 looks at version, flags and the length of the text; that the text is the same, and all of this there, is ours. */
function readKept(path: string, id: string): Uint8Array | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      if (!isOfThisUser(descriptor)) return undefined;
      const bytes = readFileSync(descriptor);
      const end = bytes.length - ID_LENGTH;
      const isWhole = end > ID_LENGTH && [0, end].every((at) => bytes.toString('latin1', at, at + ID_LENGTH) === id);
      return isWhole ? bytes.subarray(ID_LENGTH, end) : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The first run has nothing.
    return undefined;
  }
}

/** Nobody else can have written it. Windows has neither users nor modes here: its folders are those of one user. */
function isOfThisUser(descriptor: number): boolean {
  const { uid, mode } = fstatSync(descriptor);
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & 0o022) === 0);
}

/** Others may be reading what stood there: it gets its name when all of it is on disk. */
function keep(path: string, id: string, data: Uint8Array): void {
  const written = `${path}.${String(process.pid)}`;
  try {
    const descriptor = openSync(written, 'wx', 0o600);
    try {
      for (const part of [id, data, id]) writeAll(descriptor, Buffer.from(part));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(written, path);
  } catch {
    // Later runs wait some milliseconds longer.
    rmSync(written, { force: true });
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
