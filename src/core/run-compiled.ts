import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
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
 * Runs a program of CommonJS bundles, and keeps what is compiled of each for the next run where an earlier one has not.
 * Bundles without a build line, as those for development are, are required.
 * @param folder absolute path of the folder that they are in
 * @param bundles their names: the first is run now, those beside it when they are first required
 */
export function runCompiled(folder: string, bundles: readonly [string, ...string[]], keeping: Keeping): void {
  const modules = new Map<string, { readonly exports: unknown }>();
  const run = (name: string): unknown => {
    const script = join(folder, name);
    const requireOther = createRequire(script);
    const load = (specifier: string): unknown => {
      const bundle = bundles.find((one) => specifier === `./${one}`);
      if (bundle === undefined) return requireOther(specifier);
      const loaded = modules.get(bundle);
      return loaded ? loaded.exports : run(bundle);
    };
    const compiled = compile(script, keeping);
    if (!compiled) return requireOther(script);
    const module = { exports: {} };
    modules.set(name, module);
    compiled.call(module.exports, module.exports, load, module, script, folder);
    return module.exports;
  };
  run(bundles[0]);
}

/** What Node gives a CommonJS module. */
type Body = (...args: readonly unknown[]) => void;

/** A bundle's function; undefined where it has no build line. */
function compile(script: string, keeping: Keeping): Body | undefined {
  const memory = new Memory();
  const text = memory.read(openSync(script, 'r'))?.toString('latin1') ?? '';
  const id = BUILD.exec(text.slice(-100))?.[1];
  if (id === undefined) return undefined;
  const path = keeping.folder === undefined ? undefined : join(keeping.folder, `${basename(script)}.whole`);
  const kept = path === undefined ? undefined : readKept(path, id, memory);
  const compiled = new Script(text, {
    filename: script,
    ...(kept && { cachedData: kept }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (path !== undefined && (!kept || compiled.cachedDataRejected === true)) keepLater(path, id, compiled, keeping);
  return compiled.runInThisContext() as Body;
}

/**
 * What files are read into, one after the other: to touch memory that is new to a process takes many times as long as to
 * read what goes there.
 */
class Memory {
  #bytes = new Uint8Array();

  /**
   * Closes the descriptor.
   * @param isWanted of this file
   * @returns its bytes, until the next file is read; undefined where it is not wanted
   */
  read(descriptor: number, isWanted: (stats: Stats) => boolean = () => true): Buffer | undefined {
    try {
      const stats = fstatSync(descriptor);
      if (!isWanted(stats)) return undefined;
      if (stats.size > this.#bytes.length) this.#bytes = new Uint8Array(stats.size);
      let length = 0;
      for (let read = -1; read !== 0 && length < stats.size; length += read) {
        read = readSync(descriptor, this.#bytes, length, stats.size - length, null);
      }
      return Buffer.from(this.#bytes.buffer, 0, length);
    } finally {
      closeSync(descriptor);
    }
  }
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
function readKept(path: string, id: string, memory: Memory): Uint8Array | undefined {
  try {
    const bytes = memory.read(openSync(path, 'r'), isOfThisUser);
    if (!bytes) return undefined;
    const end = bytes.length - ID_LENGTH;
    const isWhole = end > ID_LENGTH && [0, end].every((at) => bytes.toString('latin1', at, at + ID_LENGTH) === id);
    return isWhole ? bytes.subarray(ID_LENGTH, end) : undefined;
  } catch {
    // The first run has nothing.
    return undefined;
  }
}

/** Nobody else can have written it. Windows has neither users nor modes here: its folders are those of one user. */
function isOfThisUser({ uid, mode }: Stats): boolean {
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
