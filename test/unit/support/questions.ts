import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { GRIDS, type GridQuery } from '../../../src/protocol/grid.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import { Grids } from '../../../src/worker/grids/grids.ts';
import { memoryOutline } from '../../../src/worker/memory.ts';
import { describeProcess } from '../../../src/worker/process-detail.ts';
import { viewSocket } from '../../../src/worker/socket-view.ts';

/** Something that can be asked of a checkpoint. */
export interface Question {
  readonly name: string;
  /** The process that it is about, where it is about one. */
  readonly pid?: number;
  /** What is answered, fit to be compared with another answer. */
  readonly ask: () => Promise<unknown>;
}

const never = new AbortController().signal;
const KEPT = 1 << 16;

/** Every question that the editor and the command line ask, of each process, of one image, and of the whole. */
export async function questionsOf(checkpoint: Checkpoint, image: string): Promise<readonly Question[]> {
  const processes = await checkpoint.processes();
  return [
    ...processes.flatMap((process) => aboutProcess(checkpoint, process)),
    ...processes.map(({ pid }) => aboutNetwork(checkpoint, pid)),
    ...aboutImage(checkpoint, image),
    ...aboutAll(checkpoint),
  ];
}

function aboutProcess(checkpoint: Checkpoint, { pid, threads }: ProcessFacts): readonly Question[] {
  const { isolation, memory } = checkpoint;
  const about: Readonly<Record<string, () => Promise<unknown>>> = {
    process: () => describeProcess(checkpoint, pid, true, never).then(({ notes: _notes, ...detail }) => detail),
    isolation: () => isolation.process(pid),
    threads: () => isolation.threads(pid),
    seccomp: async () => [await isolation.seccomp(pid, pid), await isolation.seccompSummary(pid, pid)],
    outline: () => memoryOutline(checkpoint, pid, never),
    map: () => memory.map(pid),
    registers: () => Promise.all(threads.map(({ tid }) => orReason(memory.registers(pid, tid)))),
    stack: () => readStack(checkpoint, pid),
    files: () => openFilesOf(checkpoint, pid),
    proc: () => readFolder(checkpoint.files, `/proc/${String(pid)}`),
  };
  return Object.entries(about).map(([name, ask]) => ({ name: `${name} of ${String(pid)}`, pid, ask }));
}

/** What processes share stands in an order that depends on all of them. */
function aboutNetwork({ files }: Checkpoint, pid: number): Question {
  return { name: `network of ${String(pid)}`, ask: () => readFolder(files, `/proc/${String(pid)}/net`) };
}

function aboutImage(checkpoint: Checkpoint, image: string): readonly Question[] {
  const grids = new Grids(checkpoint);
  return [
    { name: 'raw entry', ask: () => checkpoint.raw.entry(image) },
    { name: 'raw fields', ask: () => grids.window({ ...window('image'), of: image, count: 500 }, never) },
    { name: 'JSON', ask: () => readFile(checkpoint.files, `/images/${image.slice(image.lastIndexOf('/') + 1)}.json`) },
  ];
}

function aboutAll(checkpoint: Checkpoint): readonly Question[] {
  const { isolation, logs, openFiles, raw, search, sockets } = checkpoint;
  const grids = new Grids(checkpoint);
  const about: Readonly<Record<string, () => Promise<unknown>>> = {
    overview: () => checkpoint.overview(),
    mounts: () => checkpoint.mounts(),
    changes: async () => [...(await checkpoint.eachChange()).changes, ...(await checkpoint.changes()).changes],
    'open files': () => openFiles.list(),
    sockets: async () => {
      const views = (await sockets.list()).map(({ id }) => viewSocket(checkpoint, String(id), never));
      return [await Promise.all(views), await sockets.connections(), await sockets.networks()];
    },
    connections: () => checkpoint.connections([]),
    sharing: async () => [await isolation.sharing(), await isolation.policies()],
    logs: async () => {
      const files = await logs.files();
      for (const { name } of await logs.configurationFiles()) await logs.configuration(name);
      return Promise.all(
        files.map(async ({ name }) => [await logs.problems(name), await (await logs.index(name)).window(0, 100)]),
      );
    },
    entries: () => raw.entries(),
    search: async () => {
      const found: unknown[] = [];
      const query = { pattern: { kind: 'text', text: 'UNREAD' }, limit: 50 } as const;
      for await (const { matches } of search.run(query, { threadsFrom: Infinity })) found.push(...matches);
      return found;
    },
    contents: () => readFolder(checkpoint.files, '/contents'),
    notes: () => checkpoint.notes(),
  };
  const grid = GRIDS.filter((name) => !NEEDS_OF.has(name));
  return [
    ...Object.entries(about).map(([name, ask]) => ({ name, ask })),
    ...grid.map((name) => ({ name: `grid of ${name}`, ask: () => grids.window(window(name), never) })),
  ];
}

/** Grids that there are of each of several things. */
const NEEDS_OF: ReadonlySet<string> = new Set(['memory', 'image', 'log', 'seccomp', 'search']);

function window(grid: GridQuery['grid']): GridQuery {
  return { grid, filter: '', toggled: [], start: 0, count: 100, late: true };
}

async function readStack(checkpoint: Checkpoint, pid: number): Promise<unknown> {
  const { general } = await checkpoint.memory.registers(pid, pid);
  const stack = general.find(({ role }) => role === 'stack')?.value ?? 0n;
  return checkpoint.memory.read(pid, stack, 4096);
}

async function openFilesOf({ openFiles }: Checkpoint, pid: number): Promise<unknown> {
  const found: unknown[] = [];
  for await (const { notes: _notes, ...detail } of openFiles.details(await openFiles.list(new Set([pid])))) {
    found.push(detail);
  }
  return [found, await openFiles.counts([pid])];
}

/** What all files below a folder hold, but for memory and the network, which are read elsewhere. */
async function readFolder(files: Checkpoint['files'], folder: string): Promise<unknown> {
  const found: Record<string, unknown> = {};
  for (const { name, kind } of await files.list(folder)) {
    const path = `${folder}/${name}`;
    if (kind === 'directory') {
      if (name !== 'mem' && name !== 'net') found[name] = await readFolder(files, path);
    } else if (kind === 'file') found[name] = await orReason(readFile(files, path));
    else found[name] = await orReason(files.stat(path).then(({ linkTarget }) => linkTarget));
  }
  return found;
}

async function readFile(files: Checkpoint['files'], path: string): Promise<string> {
  const source = await files.open(path);
  try {
    return Buffer.from(await source.read(0, KEPT)).toString('latin1');
  } finally {
    await source.close();
  }
}

/** Damage may make a single answer impossible; anything but a CheckpointError is a mistake of the program. */
export async function orReason<T>(work: Promise<T>): Promise<T | { readonly refused: string }> {
  try {
    return await work;
  } catch (error) {
    if (CheckpointError.is(error)) return { refused: error.message };
    throw error;
  }
}
