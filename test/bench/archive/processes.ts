import { Random } from './random.ts';

export type SyntheticState = 'running' | 'stopped' | 'zombie';

/** A process to be put into an archive, and afterwards the truth about it. */
export interface SyntheticProcess {
  readonly pid: number;
  /** 0 for the root. */
  readonly ppid: number;
  /** At most 15 bytes. */
  readonly comm: string;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly executable: string;
  readonly workingDirectory: string;
  readonly state: SyntheticState;
  /** Thread ids, the leader's first. */
  readonly threads: readonly number[];
  readonly uid: number;
  readonly gid: number;
  /** Bytes of dumped pages, beside the few that every process has. */
  readonly memory: number;
}

interface Program {
  readonly executable: string;
  readonly arguments: (random: Random) => readonly string[];
  readonly threads?: number;
  readonly uid?: number;
}

const init: Program = { executable: '/sbin/tini', arguments: () => ['tini', '--', '/entrypoint.sh'] };

const programs: readonly Program[] = [
  { executable: '/usr/sbin/nginx', arguments: () => ['nginx: worker process'], uid: 101 },
  {
    executable: '/usr/local/bin/node',
    arguments: (random) => [
      'node',
      '--max-old-space-size=512',
      '/srv/app/worker.js',
      `--queue=orders-${random.between(1, 40)}`,
    ],
    threads: 3,
    uid: 1000,
  },
  {
    executable: '/usr/lib/postgresql/17/bin/postgres',
    arguments: (random) => [
      `postgres: app orders 10.88.0.${random.between(2, 250)}(${random.between(30000, 60000)}) idle`,
    ],
    uid: 999,
  },
  {
    executable: '/usr/bin/python3.13',
    arguments: (random) => [
      'python3',
      '-m',
      'reports.render',
      '--batch',
      String(random.between(1, 9999)),
      '--title',
      'Überblick „Q3“',
    ],
    uid: 1000,
  },
  { executable: '/bin/busybox', arguments: (random) => ['sleep', String(random.between(10, 99999))] },
];

/** Fills in what a test does not care about. */
export function syntheticProcess(given: Partial<SyntheticProcess> & { readonly pid: number }): SyntheticProcess {
  const executable = given.executable ?? '/bin/busybox';
  return {
    ppid: 0,
    comm: (executable.split('/').at(-1) ?? '').slice(0, 15),
    arguments: given.state === 'zombie' ? [] : [executable],
    environment: given.state === 'zombie' ? [] : ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/root'],
    workingDirectory: '/',
    state: 'running',
    threads: [given.pid],
    uid: 0,
    gid: 0,
    memory: 0,
    ...given,
    executable,
  };
}

/**
 * A container's process tree: an init with several services below it and their workers, each with arguments and
 * environment of its own.
 * @param memory bytes of dumped pages of all of them together; the root has a quarter
 */
export function makeProcesses(count: number, memory = 0, root = 1): SyntheticProcess[] {
  const random = new Random(count);
  const share = count > 1 ? Math.floor((memory * 0.75) / (count - 1)) : 0;
  const processes: SyntheticProcess[] = [];
  let nextPid = root;
  for (let index = 0; index < count; index++) {
    const program = index === 0 ? init : random.pick(programs);
    const { executable, threads: threadCount = 1, uid = 0 } = program;
    const pid = nextPid;
    const threads = Array.from({ length: threadCount }, (_, thread) => pid + thread);
    nextPid += threads.length;
    // Every eighth process is a service of the init, the others are workers of the service before them.
    const service = index - (index % 8);
    const parent = index === 0 ? 0 : (processes[index % 8 === 0 || service === 0 ? 0 : service]?.pid ?? 0);
    processes.push(
      syntheticProcess({
        pid,
        ppid: parent,
        executable,
        arguments: program.arguments(random),
        environment: environmentOf(random, index),
        workingDirectory: random.pick(['/', '/srv/app', '/var/lib/app']),
        threads,
        uid,
        gid: uid,
        memory: index === 0 ? memory - share * (count - 1) : share,
      }),
    );
  }
  return processes;
}

function environmentOf(random: Random, index: number): string[] {
  return [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'HOSTNAME=synthetic',
    'LANG=C.UTF-8',
    'KUBERNETES_SERVICE_HOST=10.96.0.1',
    'KUBERNETES_SERVICE_PORT=443',
    `WORKER_INDEX=${index}`,
    `DATABASE_URL=postgres://app:${random.hexadecimal(24)}@db.internal:5432/orders`,
    `SESSION_SECRET=${random.hexadecimal(64)}`,
    // An entry without a value's sign, as programs that rewrite their title leave.
    ...(index % 16 === 5 ? ['leftover'] : []),
  ];
}
