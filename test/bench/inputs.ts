import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { type ArchiveOptions, makeProcesses, type SyntheticArchive, writeArchive } from './archives.ts';
import { formatBytes } from './report.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** An archive to measure on, and what must be found in it. */
export interface Input {
  readonly path: string;
  readonly size: number;
  /** Of an archive that is not compressed, how much of it takes room on disk. */
  readonly allocated: number;
  readonly processes: number;
  readonly diffEntries: number;
  readonly containerName: string;
  /** An argument that only the last process has, and its pid. */
  readonly lastArgument: string;
  readonly lastPid: number;
  /** Bytes of the plain archive after which everything is there that the overview, and the process tree, need. */
  readonly overviewEnd: number;
  readonly processesEnd: number;
  readonly plainSize: number;
}

/** What to make: the archives of the bench by what they are for. */
export interface InputPlan {
  /** Bytes of memory in the archives that are plain and mostly holes. */
  readonly plain: number;
  /** Bytes of memory in the archive that is compressed. */
  readonly compressed: number;
}

export const fullPlan: InputPlan = { plain: 8 * GIB, compressed: 1.5 * GIB };
export const quickPlan: InputPlan = { plain: 200 * MIB, compressed: 200 * MIB };

const DIFF_ENTRIES = 20_000;
/** Beside the archives: what the product and its peers decompress, and a rootfs diff. */
const SPARE = 200 * MIB;

export class Inputs {
  readonly #folder: string;
  readonly #plan: InputPlan;
  readonly #made = new Map<string, Promise<Input>>();
  readonly #key = generatorKey();

  constructor(folder: string, plan: InputPlan) {
    this.#folder = folder;
    this.#plan = fitToDisk(folder, plan);
  }

  /** Whether the compressed archives are large against the start of a process: only then is a ratio to judge by. */
  get areLarge(): boolean {
    return this.#plan.compressed >= GIB;
  }

  /** For what is decompressed. */
  get scratch(): string {
    return join(this.#folder, 'scratch');
  }

  /** Mostly holes, 300 processes, 20,000 entries in the rootfs diff. */
  manyProcesses(): Promise<Input> {
    return this.#make(`plain-300-${this.#plan.plain / MIB}M.tar`, 300, this.#plan.plain, 'holes', DIFF_ENTRIES);
  }

  /** Mostly holes, 100 processes. */
  fewProcesses(): Promise<Input> {
    return this.#make(`plain-100-${this.#plan.plain / MIB}M.tar`, 100, this.#plan.plain, 'holes', 500);
  }

  /** Ten times as many entries in the rootfs diff. */
  manyChanges(): Promise<Input> {
    return this.#make('changes-200000.tar', 10, 64 * MIB, 'holes', 10 * DIFF_ENTRIES);
  }

  /** Memory as it is, not a hole in it. */
  mixed(): Promise<Input> {
    return this.#make(`mixed-${this.#plan.compressed / MIB}M.tar`, 40, this.#plan.compressed, 'mixed', 2000);
  }

  zstd(): Promise<Input> {
    return this.#compress('.zst', 'zstd', ['-q', '-c'], createZstdCompress);
  }

  gzip(): Promise<Input> {
    return this.#compress('.gz', 'gzip', ['-c'], createGzip);
  }

  /** Removes all archives, or only what was decompressed. */
  remove(keep: boolean): void {
    rmSync(keep ? this.scratch : this.#folder, { recursive: true, force: true });
  }

  #make(name: string, count: number, memory: number, filler: 'mixed' | 'holes', diffEntries: number): Promise<Input> {
    return this.#once(name, (path) => {
      const archive = writeArchive(path, { processes: makeProcesses(count, memory), filler, diffEntries });
      return Promise.resolve(describe(archive, diffEntries));
    });
  }

  async #compress(
    ending: string,
    tool: string,
    args: readonly string[],
    inProcess: () => NodeJS.ReadWriteStream,
  ): Promise<Input> {
    const plain = await this.mixed();
    return this.#once(`${plain.path.slice(this.#folder.length + 1)}${ending}`, async (path) => {
      if (!(await compressWithTool(tool, args, plain.path, path))) {
        await pipeline(createReadStream(plain.path), inProcess(), createWriteStream(path, { mode: 0o600 }));
      }
      const { size } = statSync(path);
      return { ...plain, path, size, allocated: size };
    });
  }

  /** Makes an archive, unless an earlier run of the same generator has left it. */
  #once(name: string, make: (path: string) => Promise<Input>): Promise<Input> {
    const known = this.#made.get(name);
    if (known) return known;
    const path = join(this.#folder, name);
    const record = `${path}.${this.#key}.json`;
    const making = (async () => {
      if (existsSync(path) && existsSync(record)) return JSON.parse(readFileSync(record, 'utf8')) as Input;
      const started = performance.now();
      const input = await make(path);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const holes =
        input.allocated < input.size * 0.9
          ? `, of which ${formatBytes(input.allocated)} on disk: the rest are holes`
          : '';
      console.error(`made ${path}: ${formatBytes(input.size)}${holes} (${seconds} s)`);
      writeFileSync(record, JSON.stringify(input));
      return input;
    })();
    this.#made.set(name, making);
    return making;
  }
}

function describe(archive: SyntheticArchive, diffEntries: number): Input {
  const { path, size, allocated, container, processes, entries } = archive;
  const endOf = (...names: readonly string[]) =>
    Math.max(...entries.filter(({ name }) => names.includes(name)).map((entry) => entry.offset + entry.size));
  const last = processes.at(-1);
  return {
    path,
    size,
    allocated,
    processes: processes.length,
    diffEntries,
    containerName: container.name,
    lastArgument: last?.arguments.at(-1) ?? '',
    lastPid: last?.pid ?? 0,
    overviewEnd: endOf('config.dump', 'spec.dump'),
    // In the engines' order the pages images come before it, and everything else of the processes before these.
    processesEnd: endOf('checkpoint/pstree.img'),
    plainSize: size,
  };
}

/** Scales the archives down where the disk has no room for them, and says so. */
function fitToDisk(folder: string, plan: InputPlan): InputPlan {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const plain = knowsHoles(folder) ? 0 : 2 * plan.plain;
  // The plain archive, its two compressed forms, the peer's output and the product's spill.
  const needed = plain + plan.compressed * (1 + 2 / 3 + 1 + 1) + SPARE;
  if (needed <= free) return plan;
  const share = Math.max(0.02, (free - SPARE) / needed) * 0.9;
  const scale = (bytes: number) => Math.max(16, Math.floor((bytes * share) / MIB)) * MIB;
  console.error(
    `${folder} has ${formatBytes(free)} free and ${formatBytes(needed)} are needed: the archives are made at ${(share * 100).toFixed(0)} % of their size.`,
  );
  return { plain: scale(plan.plain), compressed: scale(plan.compressed) };
}

function knowsHoles(folder: string): boolean {
  const path = join(folder, 'holes.tar');
  const options: ArchiveOptions = { processes: makeProcesses(1, 8 * MIB), filler: 'holes' };
  const { size, allocated } = writeArchive(path, options);
  rmSync(path);
  return allocated < size / 2;
}

/** @returns whether the machine has the tool */
async function compressWithTool(tool: string, args: readonly string[], from: string, to: string): Promise<boolean> {
  const child = spawn(tool, [...args, from], { stdio: ['ignore', openSync(to, 'w', 0o600), 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    const [status] = await ended;
    if (status !== 0) throw new Error(`${tool} ended with status ${status ?? '?'}.`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Changes with the generator, so that archives of an older one are not taken for its own. */
function generatorKey(): string {
  const hash = createHash('sha256');
  const sources = ['archive/*.ts', 'archives.ts', 'inputs.ts'].flatMap((pattern) =>
    globSync(pattern, { cwd: import.meta.dirname }),
  );
  for (const source of sources.sort()) hash.update(readFileSync(join(import.meta.dirname, source)));
  return hash.digest('hex').slice(0, 12);
}
