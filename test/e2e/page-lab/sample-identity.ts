/** Identity and logs of the sample: what archives of a laboratory do not show, and names made to do harm. */
import type { IsolationFacts, SharingMatrix, ThreadIsolation } from '../../../src/protocol/isolation.ts';
import type { LogFiles, LogProblems, LogRecord } from '../../../src/protocol/logs.ts';
import type { SeccompListing, SeccompSummary } from '../../../src/protocol/seccomp.ts';
import { sentence } from '../../../src/protocol/sentence.ts';

export function sampleIsolation(pid: number, hostile: string): IsolationFacts {
  const ids = (id: number) => ({ real: id, effective: id, saved: id, fileSystem: 0 });
  return {
    pid,
    comm: hostile,
    images: [`checkpoint/core-${pid}.img`],
    threads: 3,
    credentials: {
      uids: ids(1000),
      gids: ids(1000),
      groups: [4, 27],
      secureBits: ['NOROOT'],
      noNewPrivileges: true,
      asked: { uid: 0, groups: [], noNewPrivileges: false },
    },
    capabilities: {
      defaults: 'containerd',
      asked: true,
      untold: [],
      rows: [
        {
          name: 'CAP_CHOWN',
          number: 0,
          sets: ['effective', 'permitted', 'bounding'],
          byDefault: true,
          asked: ['bounding'],
          beyondDefault: false,
        },
        {
          name: 'CAP_SYS_ADMIN',
          number: 21,
          sets: ['permitted', 'bounding'],
          byDefault: false,
          asked: [],
          beyondDefault: true,
        },
        { name: 'CAP_MKNOD', number: 27, sets: [], byDefault: true, asked: [], beyondDefault: false },
        { name: 'CAP_BPF', number: 39, sets: [], byDefault: false, asked: [], beyondDefault: false },
      ],
    },
    seccomp: {
      mode: 'filter',
      filters: [{ index: 0, instructions: 4, flags: ['TSYNC', 'LOG'], offset: 15 }],
    },
    lsm: { kind: 'selinux', label: `system_u:system_r:${hostile}:s0`, asked: 'system_u:system_r:container_t:s0' },
    namespaces: [{ kind: 'net', id: 2, ofHost: true }],
    cgroups: [
      {
        hierarchy: 0,
        version: 2,
        controllers: '',
        path: `/kubepods/${hostile}`,
        pathInside: '/',
        properties: [
          {
            name: 'memory.max',
            value: '134217728',
            words: sentence('at most {0}', '128.0 MiB'),
            unlimited: false,
            housekeeping: false,
          },
          {
            name: 'pids.max',
            value: 'max',
            words: sentence('no limit'),
            unlimited: true,
            housekeeping: false,
            inheritedFrom: '/kubepods',
          },
          { name: 'cgroup.type', value: 'domain', unlimited: false, housekeeping: true },
        ],
      },
    ],
    resources: [],
    limits: [
      {
        name: 'RLIMIT_NOFILE',
        label: 'Max open files',
        unit: 'files',
        soft: 1024n,
        hard: 4096n,
        asked: { soft: 1024n },
      },
      { name: 'RLIMIT_STACK', label: 'Max stack size', unit: 'bytes', soft: 8_388_608n },
      { name: 'RLIMIT_CPU', label: 'Max cpu time', unit: 'seconds' },
    ],
    signals: {
      rows: [
        {
          number: 1,
          name: 'SIGHUP',
          disposition: 'handled',
          handler: { address: 0x7f00n, mapping: `/usr/bin/${hostile}`, offset: 0x1234n },
          flags: ['RESTART'],
          masked: ['SIGTERM'],
          blocked: true,
          pending: 1,
        },
        { number: 15, name: 'SIGTERM', disposition: 'default', flags: [], masked: [], blocked: false, pending: 0 },
      ],
      pending: [{ number: 1, name: 'SIGHUP', code: 'SI_QUEUE', senderPid: 2, senderUid: 0, value: 77n }],
    },
    timers: {
      interval: [{ kind: 'real', signal: 'SIGALRM', remaining: 4_998_000_000n, interval: 0n }],
      posix: [
        {
          id: 3,
          clock: 'CLOCK_MONOTONIC',
          notification: 'signal',
          signal: 'SIGRTMIN',
          value: 0n,
          overrun: 2,
          remaining: 9_000_000_001n,
          interval: 1_000_000n,
        },
      ],
    },
    settings: {
      architecture: 'X86_64',
      dumpable: 'no',
      oomScoreAdjust: -998,
      oomScoreAsked: 0,
      personality: ['PER_LINUX', 'ADDR_NO_RANDOMIZE'],
      umask: 0o27,
      childSubreaper: true,
      flags: ['FORKNOEXEC'],
      membarrier: [],
    },
    thread: {
      scheduling: { policy: 'SCHED_FIFO', policyNumber: 1, resetOnFork: true, nice: 0, priority: 10 },
      blocked: ['SIGHUP'],
      pending: [],
    },
  };
}

export function sampleThreads(pid: number, hostile: string): readonly ThreadIsolation[] {
  return [
    { tid: pid, comm: 'init', image: `checkpoint/core-${pid}.img`, differs: [], thread: { blocked: [], pending: [] } },
    {
      tid: pid + 100,
      comm: hostile,
      image: 'checkpoint/core-101.img',
      differs: ['credentials', 'seccomp'],
      thread: { blocked: ['SIGUSR1'], pending: [] },
    },
    { tid: pid + 101, image: 'checkpoint/core-102.img', missing: true, differs: [] },
  ];
}

export function sampleSharing(hostile: string): SharingMatrix {
  const space = { facts: [], ofHost: false };
  return {
    kinds: [
      {
        kind: 'user',
        spaces: [{ ...space, id: 3, pids: [1, 2, 3], uidMap: [{ inside: 0, outside: 100_000, count: 65_536 }] }],
      },
      {
        kind: 'net',
        spaces: [
          { ...space, id: 2, ofHost: true, pids: [1, 2] },
          { ...space, id: 9, pids: [3], external: hostile },
        ],
      },
      {
        kind: 'uts',
        spaces: [
          { ...space, id: 4, pids: [1, 2, 3], facts: [sentence('host name {0}, domain name {1}', hostile, '(none)')] },
        ],
      },
      { kind: 'files', spaces: [{ ...space, id: 1, pids: [1, 2] }] },
    ],
  };
}

export const sampleSummary: SeccompSummary = {
  verdicts: [
    {
      architecture: 'X86_64',
      otherCalls: ['ERRNO(ENOSYS)'],
      groups: [
        { actions: ['ALLOW'], calls: ['close', 'openat', 'read', 'write'] },
        { actions: ['ERRNO(EPERM)'], calls: ['bpf', 'mount'] },
        { actions: ['ERRNO(EINVAL)', 'ALLOW'], calls: ['socket'] },
      ],
    },
  ],
  otherArchitectures: ['KILL_PROCESS'],
  complete: true,
};

export const sampleListing: SeccompListing = {
  filter: { index: 0, instructions: 4, flags: [], offset: 15 },
  lines: [
    { index: 0, raw: '0020 00 00 00000000', text: 'A = nr' },
    { index: 1, raw: '0015 00 01 00000001', text: 'if (A != write) goto 0003' },
    { index: 2, raw: '0006 00 00 00050001', text: 'return ERRNO(EPERM)' },
    { index: 3, raw: 'beef 00 00 00000000', text: '?(code 0xbeef, 0)', problem: sentence('No kernel accepts it.') },
  ],
};

export const sampleLogFiles: LogFiles = {
  logs: [
    { name: 'container.log', kind: 'container', size: 4096 },
    { name: 'dump.log', kind: 'dump', size: 65_536 },
  ],
  configuration: [{ name: 'spec.dump', size: 2048, about: sentence('the container as the runtime ran it') }],
};

export function sampleRecords(hostile: string): readonly LogRecord[] {
  return [
    { number: 0, offset: 0, text: 'started', time: '2026-11-23T22:24:59.8Z', stream: 'stdout' },
    { number: 1, offset: 60, text: hostile, time: '2026-11-23T22:25:00.1Z', stream: 'stderr', cut: 70_000 },
    { number: 2, offset: 120, text: 'cut', foreign: true, unfinished: true },
  ];
}

export function sampleProblems(file: string, hostile: string): LogProblems {
  const record = { number: 1, offset: 60, text: hostile, level: 'error', elapsed: 14_270 } as const;
  return {
    file,
    outcome: 'failure',
    criuVersion: '4.2.1',
    node: hostile,
    duration: 77_933,
    problems: [
      { record, weight: 'cause', explanation: sentence('A process has {0} open.', hostile) },
      { record: { ...record, number: 2, text: 'Dumping FAILED.' }, weight: 'consequence' },
      { record: { ...record, number: 0, text: 'rlimit' }, weight: 'harmless', explanation: sentence('Never mind.') },
    ],
    more: 3,
  };
}
