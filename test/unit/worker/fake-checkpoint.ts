import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { FOLDER, type FileView } from '../../../src/core/checkpoint/file-view.ts';
import type { Isolation } from '../../../src/core/checkpoint/isolation/isolation.ts';
import type { Logs } from '../../../src/core/checkpoint/logs/logs.ts';
import type { Memory } from '../../../src/core/checkpoint/memory/memory.ts';
import { Metadata } from '../../../src/core/checkpoint/metadata.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import type { Raw } from '../../../src/core/checkpoint/raw/raw.ts';
import type { Sockets } from '../../../src/core/checkpoint/sockets/sockets.ts';
import type { OpenFiles } from '../../../src/core/checkpoint/open-files/open-files.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';
import type { MountFacts } from '../../../src/protocol/mounts.ts';
import type { Overview } from '../../../src/protocol/overview.ts';
import type { SearchStep } from '../../../src/protocol/search.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import { memoryFiles } from '../support/memory-files.ts';

/** A checkpoint made of plain lists, for what does not depend on an archive. */
export interface FakeCheckpoint extends Checkpoint {
  closed: number;
}

export function fakeCheckpoint(parts: Partial<Checkpoint> = {}): FakeCheckpoint {
  const changes = parts.changes ?? (() => Promise.resolve({ changes: [] }));
  const processes = parts.processes ?? (() => Promise.resolve([]));
  return {
    complete: true,
    completed: Promise.resolve(),
    overview: () => Promise.resolve({ engine: 'podman' } as Overview),
    notes: () => Promise.resolve([]),
    processes,
    processTree: async (signal) => (await processes(signal)).map((facts) => ({ ...facts, complete: false })),
    someProcesses: async (pids, signal) =>
      new Map((await processes(signal)).flatMap((facts) => (pids.has(facts.pid) ? [[facts.pid, facts]] : []))),
    mounts: () => Promise.resolve([]),
    changes,
    eachChange: async () => ({ changes: (await changes()).changes.map(({ facts }) => facts) }),
    files: fakeView({}),
    openFiles: noOpenFiles,
    memory: noMemory,
    sockets: noSockets,
    connections: () => Promise.resolve({ nodes: [], edges: [], silent: 0, leftOut: { nodes: 0, channels: 0 } }),
    isolation: noIsolation,
    logs: noLogs,
    search: { prepare: () => Promise.resolve(), run: () => emptySearch() },
    raw: noRaw,
    metadata: new Metadata(memoryFiles({}), new Notebook()),
    openArchive: () => Promise.resolve(memorySource(new Uint8Array(), 'archive')),
    verify: () => Promise.resolve(false),
    hash: () => Promise.resolve({ algorithm: 'sha256', hex: '00', bytes: 0 }),
    close() {
      this.closed++;
      return Promise.resolve();
    },
    closed: 0,
    ...parts,
  };
}

async function* emptySearch(): AsyncGenerator<SearchStep> {
  yield await Promise.resolve({ matches: [], done: 0, total: 0, notes: [] });
}

const noSockets: Sockets = {
  list: () => Promise.resolve([]),
  detail: () => Promise.resolve(undefined),
  async *details() {
    yield* await Promise.resolve([]);
  },
  connections: () => Promise.resolve([]),
  places: () => Promise.resolve([]),
  networks: () => Promise.resolve([]),
  messages: () => Promise.resolve(new Map()),
};

const noOpenFiles: OpenFiles = {
  list: () => Promise.resolve([]),
  async *each() {
    yield* await Promise.resolve([]);
  },
  counts: () => Promise.resolve(new Map()),
  detail: () => Promise.resolve(undefined),
  async *details() {
    yield* await Promise.resolve([]);
  },
};

async function* noRegions(): AsyncGenerator<never> {
  yield* await Promise.resolve([]);
}

const noMemory: Memory = {
  map: (pid) => Promise.resolve({ pid, pageSize: 4096, regions: [] }),
  walk: (pid) => Promise.resolve({ pid, pageSize: 4096, regions: noRegions() }),
  mappings: () => Promise.resolve(undefined),
  read: (_pid, address) => Promise.resolve({ address, bytes: new Uint8Array(), ranges: [] }),
  open: () => Promise.resolve(undefined),
  locate: () => Promise.resolve({ ranges: [], length: 0 }),
  registers: (pid, tid) =>
    Promise.reject(new CheckpointError('not-found', sentence('There is no thread {0} of {1}.', tid, pid))),
  space: () => Promise.reject(new Error('There is no memory in a made-up checkpoint.')),
};

const noIsolation: Isolation = {
  process: () => Promise.resolve(undefined),
  threads: () => Promise.resolve([]),
  sharing: () => Promise.resolve({ kinds: [] }),
  seccomp: () => Promise.resolve(undefined),
  seccompListing: () => Promise.resolve(undefined),
  threadGroups: () => Promise.resolve([]),
  seccompSummary: () => Promise.resolve(undefined),
  policies: () => Promise.resolve([]),
};

const noLogs: Logs = {
  files: () => Promise.resolve([]),
  index: () => Promise.reject(new Error('There is no log in a made-up checkpoint.')),
  problems: (file) => Promise.resolve({ file, outcome: 'unknown', problems: [], more: 0 }),
  configurationFiles: () => Promise.resolve([]),
  configuration: () => Promise.resolve({ nodes: [] }),
  close: () => Promise.resolve(),
};

const noRaw: Raw = {
  entries: () => Promise.resolve([]),
  entry: () => Promise.reject(new Error('A made-up checkpoint has no archive.')),
  image: () => Promise.reject(new Error('A made-up checkpoint has no archive.')),
  machine: () => Promise.resolve(undefined),
  place: () => Promise.resolve(undefined),
};

/** Files by path; nothing else is there. */
export function fakeView(files: Readonly<Record<string, string>>): FileView {
  return {
    stat: (path) => Promise.resolve(path in files ? { ...FOLDER, kind: 'file' } : FOLDER),
    list: () => Promise.resolve([]),
    open: (path) => Promise.resolve(memorySource(new TextEncoder().encode(files[path]), path)),
  };
}

export function process(facts: Partial<ProcessFacts> & { readonly pid: number }): ProcessFacts {
  return {
    ppid: 0,
    pgid: facts.pid,
    sid: facts.pid,
    comm: `process-${String(facts.pid)}`,
    state: 'running',
    threads: [{ tid: facts.pid, state: 'running' }],
    complete: true,
    ...facts,
  };
}

export function mount(facts: Partial<MountFacts> & { readonly id: number; readonly destination: string }): MountFacts {
  return { type: 'tmpfs', source: 'tmpfs', options: ['rw'], origin: 'tmpfs', seenIn: 'both', ...facts };
}

export function change(path: string, facts: Partial<ChangeFacts> = {}): ChangeFacts {
  return {
    path,
    kind: 'added',
    source: 'rootfs-diff',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1,
    mtime: '2026-11-23T22:24:41Z',
    marks: [],
    entry: 'rootfs-diff.tar',
    ...facts,
  };
}
