import type { ProcessFacts } from '../../../protocol/processes.ts';
import { folder, textFile, type ProcFile, type ProcLink, type ProcModule, type ProcSources } from './proc-node.ts';
import type { Format } from './isolation-formats.ts';

/** The namespaces of /proc/PID/ns; some have a second name, for what children start in. */
const NAMESPACE_LINKS = {
  cgroup: 'cgroup',
  ipc: 'ipc',
  mnt: 'mnt',
  net: 'net',
  pid: 'pid',
  pid_for_children: 'pid',
  time: 'time',
  time_for_children: 'time',
  user: 'user',
  uts: 'uts',
} as const;

/**
 * What a process may do and what it sees. The numbers of namespaces are the dump's own, not the kernel's inodes: equal
 * ones are the same namespace.
 */
export const isolationFiles: ProcModule = (process, sources) => {
  const file = (format: Format): ProcFile => formatted(process, sources, format);
  return {
    attr: folder({ current: file('label'), sockcreate: file('socketLabel') }),
    cgroup: file('cgroups'),
    gid_map: file('gidMap'),
    limits: file('limits'),
    loginuid: file('loginUid'),
    mountinfo: file('mountInfo'),
    ns: folder(
      Object.fromEntries(
        Object.entries(NAMESPACE_LINKS).map(([name, kind]) => [name, namespaceLink(process, sources, kind)] as const),
      ),
    ),
    oom_score_adj: file('oomScoreAdjust'),
    personality: file('personality'),
    sched: file('scheduler'),
    stat: file('stat'),
    status: file('status'),
    timens_offsets: file('timeOffsets'),
    timers: file('timers'),
    uid_map: file('uidMap'),
  };
};

/** Loads the formats when a file of these is first read: nothing of them is needed to open a checkpoint. */
function formatted(process: ProcessFacts, sources: ProcSources, format: Format): ProcFile {
  return textFile(async (signal) => {
    const { formats } = await import('./isolation-formats.ts');
    return formats[format](process, sources, signal);
  });
}

function namespaceLink(process: ProcessFacts, { isolation }: ProcSources, kind: string): ProcLink {
  return {
    kind: 'symlink',
    target: async (signal) => {
      const namespaces = (await isolation.process(process.pid, signal))?.namespaces ?? [];
      const namespace = namespaces.find((candidate) => candidate.kind === kind);
      return namespace && `${kind}:[${namespace.id}]`;
    },
  };
}
