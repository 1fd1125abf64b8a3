/** A checkpoint that holds what archives of a laboratory do not: many rows, damage, and names made to do harm. */
import { HOSTILE } from './hostile.ts';
import { sampleMemory, sampleRegisters, sampleWindow } from './sample-memory.ts';
import type { Handlers } from '../../../src/protocol/channel.ts';
import type { ProcessDetail } from '../../../src/protocol/checkpoint-api.ts';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';
import { MASK } from '../../../src/protocol/format.ts';
import type { GridName } from '../../../src/protocol/grid.ts';
import type { LogRecord } from '../../../src/protocol/logs.ts';
import type { MemoryRegion } from '../../../src/protocol/memory.ts';
import type { MountFacts } from '../../../src/protocol/mounts.ts';
import type { Note } from '../../../src/protocol/note.ts';
import type { OpenFileFacts } from '../../../src/protocol/open-files.ts';
import type { Overview } from '../../../src/protocol/overview.ts';
import { passOn, type PageApi } from '../../../src/protocol/page-api.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import type { SeccompListing } from '../../../src/protocol/seccomp.ts';
import type { SearchMatch } from '../../../src/protocol/search.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { SocketFacts } from '../../../src/protocol/sockets.ts';
import { toWire, type Wire } from '../../../src/protocol/wire.ts';
import { listed } from '../../unit/support/listed.ts';
import { changeTable } from '../../../src/worker/grids/changes.ts';
import { fileTable } from '../../../src/worker/grids/files.ts';
import { memoryTable } from '../../../src/worker/grids/memory.ts';
import { mountTable } from '../../../src/worker/grids/mounts.ts';
import { searchTable } from '../../../src/worker/grids/search.ts';
import { processTable } from '../../../src/worker/grids/processes.ts';
import { socketTable } from '../../../src/worker/grids/sockets.ts';
import { logKind } from '../../../src/worker/grids/log-columns.ts';
import { seccompTable } from '../../../src/worker/grids/seccomp.ts';
import { Table, TOP } from '../../../src/worker/grids/table.ts';
import { TableView } from '../../../src/worker/grids/table-view.ts';
import {
  sampleIsolation,
  sampleListing,
  sampleLogFiles,
  sampleProblems,
  sampleRecords,
  sampleSharing,
  sampleSummary,
  sampleThreads,
} from './sample-identity.ts';

export { HOSTILE } from './hostile.ts';

export const SECRET = 'hunter2';

export interface Sample {
  overview: Overview;
  notes: readonly Note[];
  processes: ProcessFacts[];
  files: OpenFileFacts[];
  sockets: SocketFacts[];
  mounts: MountFacts[];
  changes: ChangeFacts[];
  seccomp: SeccompListing;
  log: readonly LogRecord[];
  memory: MemoryRegion[];
  search: SearchMatch[];
}

export function sample(): Sample {
  return {
    overview: overview(),
    notes: [
      {
        kind: 'truncated',
        where: 'checkpoint/pagemap-3.img',
        offset: 1024,
        text: sentence(
          '{0} ends after {1} of {2} bytes. Memory of process {3} from {4} on cannot be shown; everything else can.',
          'checkpoint/pagemap-3.img',
          '1,024',
          '1,295',
          3,
          '0x7f0b99266000',
        ),
      },
      { kind: 'unknown', where: `checkpoint/${HOSTILE}`, text: sentence('{0} is of no kind that is known.', HOSTILE) },
    ],
    processes: [
      makeProcess(1, 0, 'init', ['/sbin/init', '--name', HOSTILE]),
      makeProcess(2, 1, 'worker', ['worker', '']),
      makeProcess(3, 2, 'sleep', ['sleep', '60']),
      { ...makeProcess(4, 1, 'gone', []), state: 'zombie', exitCode: 3, arguments: undefined as never },
      ...Array.from({ length: 40 }, (_, index) =>
        makeProcess(10 + index, 1, `job-${String(index)}`, ['job', String(index)]),
      ),
    ],
    files: [
      makeFile(1, 0, '/dev/null', { kind: 'character device' }),
      makeFile(1, 3, `/tmp/${HOSTILE} (deleted)`, {
        deleted: { how: 'ghost' },
        contents: [{ what: 'content', size: 12, path: `/contents/deleted/1/${HOSTILE}` }],
      }),
      makeFile(2, 1, 'pipe:[77]', { kind: 'pipe', type: 'PIPE', unread: 27 }),
    ],
    sockets: [],
    memory: sampleMemory(),
    search: [
      makeMatch('token=', 'hunter2', { pid: 1, process: 'init', address: 0x7ffc_0000_1000n, region: '[stack]' }),
      makeMatch('token=', `hunter2 ${HOSTILE}`, {
        source: 'pipe',
        offset: 3,
        region: 'pipe:[77]',
        path: '/contents/pipes/77',
        holders: [{ pid: 2, fd: 1 }],
      }),
    ],
    mounts: [
      makeMount(100, undefined, '/', 'overlay'),
      makeMount(101, 100, '/proc', 'proc'),
      { ...makeMount(102, 100, '/data', 'ext4'), origin: 'volume', contents: '/rootfs/data' },
    ],
    changes: [
      makeChange('/data/kept.txt', { kind: 'mounted', source: 'volume', entry: 'volumes/data.tar' }),
      makeChange('/etc/passwd', { kind: 'added-or-modified', size: 139 }),
      makeChange(`/etc/${HOSTILE}`, { size: 1 }),
      makeChange('/etc/old.conf', { kind: 'deleted', entry: 'deleted.files' }),
      makeChange('/usr/bin/tool', { mode: 0o4755, marks: ['setuid', 'executable'] }),
    ],
    seccomp: sampleListing,
    log: sampleRecords(HOSTILE),
  };
}

/** A folder of that many files. */
export function manyChanges(count: number): ChangeFacts[] {
  return Array.from({ length: count }, (_, index) =>
    makeChange(`/srv/file-${String(index).padStart(6, '0')}.txt`, { size: index }),
  );
}

/** Answers from the sample; what is changed in it is seen by the next question. */
export function sampleAnswers(data: Sample): Handlers<PageApi> {
  const views = {
    processes: () => new TableView(processTable(data.processes)),
    files: () => new TableView(fileTable(data.files, new Map([[1, 'init']]))),
    sockets: () => new TableView(socketTable(data.sockets, [], data.processes)),
    memory: () => new TableView(memoryTable(data.memory)),
    mounts: () => new TableView(mountTable(data.mounts, data.processes)),
    changes: () => new TableView(changeTable(listed(data.changes))),
    seccomp: () => new TableView(seccompTable(data.seccomp)),
    log: () =>
      new TableView(
        new Table(
          logKind('cri'),
          data.log,
          data.log.map(({ number }) => String(number)),
          () => TOP,
        ),
      ),
    search: () => new TableView(searchTable(data.search)),
  } satisfies Partial<Record<GridName, unknown>>;
  type Name = keyof typeof views;
  const made = new Map<Name, { rows: unknown; view: ReturnType<(typeof views)[Name]> }>();
  const viewOf = (grid: GridName) => {
    if (!(grid in views)) throw new Error(`The sample has no grid ${grid}.`);
    const name = grid as Name;
    const known = made.get(name);
    if (known?.rows === data[name]) return known.view;
    const view = views[name]();
    made.set(name, { rows: data[name], view });
    return view;
  };
  return {
    ...passOn((question) => Promise.reject(new Error(`The sample does not answer ${question}.`))),
    start: () => ({ title: 'web', locator: '/checkpoints/web.tar', strings: {} }),
    overview: () => toWire(data.overview),
    notes: () => data.notes,
    grid: (_signal, query) => ({ ...viewOf(query.grid).window(query), complete: true }),
    process: (_signal, pid, reveal) => processDetail(data, pid, reveal),
    processName: (_signal, pid) => data.processes.find((process) => process.pid === pid)?.comm ?? null,
    descriptor: (_signal, pid, fd) => ({
      file: toWire(found(data.files.find((file) => file.pid === pid && file.fd === fd))),
      holders: [],
      images: [{ image: 'checkpoint/files.img', entry: 0 }],
      notes: [],
    }),
    mount: (_signal, id) => found(data.mounts.find((mount) => mount.id === id)),
    isolation: (_signal, pid) => toWire(sampleIsolation(pid, HOSTILE)),
    isolationThreads: (_signal, pid) => toWire(sampleThreads(pid, HOSTILE)),
    sharing: () => toWire(sampleSharing(HOSTILE)),
    seccompSummary: () => toWire(sampleSummary),
    logFiles: () => toWire(sampleLogFiles),
    logProblems: (_signal, name) => toWire(sampleProblems(name, HOSTILE)),
    logRecord: (_signal, _name, number) => toWire(found(data.log[number])),
    change: (_signal, path) => found(data.changes.find((change) => change.path === path)),
    memoryProcesses: () =>
      data.processes
        .filter(({ state }) => state !== 'zombie')
        .map(({ pid, comm }) => ({ pid, ...(comm !== undefined && { comm }), dumpedBytes: 8192 })),
    memoryOutline: (_signal, pid) =>
      toWire({
        pid,
        pageSize: 4096,
        pointerBytes: 8 as const,
        byteOrder: 'little' as const,
        regions: data.memory,
        threads: [{ tid: pid, comm: 'main' }],
      }),
    memoryRead: (_signal, _pid, address, length) => toWire(sampleWindow(data.memory, BigInt(address), length)),
    memoryRegisters: (_signal, _pid, tid) => toWire(sampleRegisters(tid)),
    searchPrepare: () => undefined,
    searchStart: (_signal, id) => ({
      id,
      found: data.search.length,
      done: 4096,
      total: 4096,
      finished: true,
      more: false,
      stopped: false,
      notes: [],
    }),
    searchState: () => null,
    searchStop: () => undefined,
    searchDrop: () => undefined,
    hash: () => 'ab'.repeat(32),
    copy: () => undefined,
    copyText: () => undefined,
    openFile: () => undefined,
    saveFile: () => undefined,
    saveSearch: () => undefined,
    showLog: () => undefined,
    restore: () => undefined,
    retry: () => undefined,
  };
}

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw Object.assign(new Error('It is not there.'), { reason: 'not-found' });
  return value;
}

function processDetail(data: Sample, pid: number, reveal: boolean): Wire<ProcessDetail> {
  const files = data.files.filter((file) => file.pid === pid);
  const process = found(data.processes.find((candidate) => candidate.pid === pid));
  return toWire({
    process,
    environment: [
      { key: 'API_TOKEN', value: reveal ? SECRET : MASK, masked: !reveal },
      { key: 'HOME', value: reveal ? '/root' : MASK, masked: !reveal },
    ],
    mounts: data.mounts.map(({ id, destination, type }) => ({ id, destination, type })),
    open: { files: files.length, sockets: files.filter(({ kind }) => kind.includes('socket')).length },
    positions: [{ tid: pid, instruction: { address: 0x401000n } }],
    notes: [],
    images: [`checkpoint/core-${String(pid)}.img`],
  });
}

function makeProcess(pid: number, ppid: number, comm: string, words: readonly string[]): ProcessFacts {
  return {
    pid,
    ppid,
    pgid: 1,
    sid: 1,
    comm,
    state: 'running',
    arguments: words,
    executable: `/usr/bin/${comm}`,
    workingDirectory: '/',
    threads: [{ tid: pid, comm, state: 'running' }],
    uids: [0, 0, 0, 0],
    gids: [0, 0, 0, 0],
    mappedBytes: 1_048_576 * pid,
    dumpedBytes: 4_096 * pid,
    complete: true,
  };
}

function makeFile(pid: number, fd: number, target: string, more: Partial<OpenFileFacts> = {}): OpenFileFacts {
  return {
    pid,
    fd,
    kind: 'file',
    type: 'REG',
    fileId: pid * 100 + fd,
    target,
    flags: 2,
    flagNames: ['O_RDWR'],
    closeOnExec: false,
    position: 0n,
    ...more,
  };
}

function makeMount(id: number, parentId: number | undefined, destination: string, type: string): MountFacts {
  return {
    id,
    ...(parentId !== undefined && { parentId }),
    destination,
    type,
    source: type,
    root: '/',
    options: ['rw', 'relatime'],
    propagation: 'private',
    origin: destination === '/' ? 'rootfs' : 'pseudo',
    seenIn: 'both',
    spec: { index: 0, options: ['rw'] },
  };
}

function makeChange(path: string, facts: Partial<ChangeFacts>): ChangeFacts {
  const deleted = facts.kind === 'deleted';
  return {
    path,
    kind: 'added',
    source: 'rootfs-diff',
    ...(!deleted && {
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 10,
      mtime: '2026-11-23T22:24:59.123456789Z',
    }),
    marks: [],
    entry: 'rootfs-diff.tar',
    ...facts,
  };
}

function overview(): Overview {
  return {
    engine: 'cri-o',
    engineVersion: '1.37.0',
    wrapping: 'archive',
    compression: 'zstd',
    complete: true,
    container: { name: 'web', id: 'a40b'.repeat(16), command: ['/sbin/init', HOSTILE] },
    pod: { name: 'webapp-7d4b9c6f5-x2x7q', namespace: 'shop' },
    image: { name: 'registry.example/web:2.3', digest: `sha256:${'6f'.repeat(32)}` },
    runtime: 'runc',
    created: '2026-11-23T22:22:37.1Z',
    checkpointed: '2026-11-23T22:22:40Z',
    checkpointedFrom: 'engine',
    hostName: 'web-1',
    networks: [],
    criu: { imageVersion: 2, architecture: 'x86-64', pageSize: 4096 },
    sizes: {
      archive: 8_388_608,
      total: 33_554_432,
      imageDirectory: 32_000_000,
      memory: 31_457_280,
      rootfsDiff: 1_048_576,
      volumes: 4_608,
      gpuMemory: 0,
      images: 124_826,
      rest: 919_142,
      entries: 99,
    },
    statistics: {
      freezingTime: 101_337,
      frozenTime: 123_592,
      memdumpTime: 18_883,
      memwriteTime: 9_633,
      pagesScanned: 8_003n,
      pagesWritten: 7_760n,
    },
    annotations: [
      { key: 'io.kubernetes.cri-o.Labels', value: '{"app":"web","tier":{"name":"front"}}' },
      { key: 'hostile', value: HOSTILE },
    ],
    labels: [{ key: 'app', value: 'web' }],
    completeness: [
      { part: 'memory', state: 'damaged', text: sentence('{0} ends too early.', 'pages-3.img') },
      { part: 'metadata', state: 'present', text: sentence('The description is here.') },
    ],
  };
}

function makeMatch(before: string, found: string, more: Partial<SearchMatch>): SearchMatch {
  return {
    source: 'memory',
    pid: null,
    process: null,
    address: null,
    length: found.length,
    region: '',
    context: new TextEncoder().encode(`${before}${found}\0`),
    contextOffset: before.length,
    ...more,
  };
}
