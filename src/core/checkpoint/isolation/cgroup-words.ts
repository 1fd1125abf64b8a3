import { formatSize } from '../../../protocol/format.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';

interface Words {
  readonly words?: Sentence;
  readonly unlimited?: boolean;
}

/** The kernel's largest page count in bytes, for "no limit" in version 1: it depends on the page's size. */
const V1_UNLIMITED = 0x7fff000000000000n;

/** How the group is kept, not what its processes may use. */
const HOUSEKEEPING: ReadonlySet<string> = new Set([
  'cgroup.procs',
  'tasks',
  'cgroup.clone_children',
  'notify_on_release',
  'cgroup.subtree_control',
  'cgroup.type',
  'cgroup.max.descendants',
  'cgroup.max.depth',
  'freezer.state',
  'cgroup.freeze',
]);

export function isHousekeeping(name: string): boolean {
  return HOUSEKEEPING.has(name);
}

/**
 * What a control group's limit means. The file's own value is shown beside it: nothing is said of values that do not
 * look as the kernel writes them.
 * @param all the properties of the same group, by name: a quota means nothing without its period
 */
export function describeProperty(name: string, value: string, all: ReadonlyMap<string, string>): Words {
  switch (name) {
    case 'memory.max':
    case 'memory.high':
    case 'memory.swap.max':
    case 'memory.swap.high':
    case 'memory.zswap.max':
      return bytes(value, (size) => sentence('at most {0}', size));
    case 'memory.min':
    case 'memory.low':
      return protection(value);
    case 'memory.limit_in_bytes':
    case 'memory.soft_limit_in_bytes':
    case 'memory.kmem.limit_in_bytes':
    case 'memory.kmem.tcp.limit_in_bytes':
      return bytes(value, (size) => sentence('at most {0}', size));
    case 'memory.memsw.limit_in_bytes':
      return bytes(value, (size) => sentence('at most {0}, swap included', size));
    case 'memory.swappiness':
      return { words: sentence('how readily memory is swapped out, 0 to 200') };
    case 'memory.oom_control':
      return { words: value === '1' ? sentence('no process is killed when memory runs out') : killed };
    case 'memory.oom.group':
      return { words: value === '1' ? sentence('all its processes are killed together') : killed };
    case 'pids.max':
      return isUnlimited(value) ? none : { words: sentence('at most {0} processes and threads', value) };
    case 'cpu.max':
      return cpuMax(value);
    case 'cpu.weight':
      return { words: sentence('share of processor time against its siblings, 100 is the usual one') };
    case 'cpu.shares':
      return { words: sentence('share of processor time against its siblings, 1024 is the usual one') };
    case 'cpu.cfs_quota_us':
      return quota(value, all.get('cpu.cfs_period_us'));
    case 'cpu.cfs_period_us':
    case 'cpu.rt_period_us':
      return { words: sentence('the period that the quota counts for, in microseconds') };
    case 'cpu.rt_runtime_us':
      return value === '0'
        ? { words: sentence('no time for real-time processes') }
        : quota(value, all.get('cpu.rt_period_us'));
    case 'cpuset.cpus':
    case 'cpuset.cpus.effective':
      return value === '' ? {} : { words: sentence('only on processors {0}', value) };
    case 'cpuset.mems':
    case 'cpuset.mems.effective':
      return value === '' ? {} : { words: sentence('only memory of nodes {0}', value) };
    case 'cpuset.cpu_exclusive':
      return yesNo(value, sentence('processors are not shared with siblings'));
    case 'devices.list':
      return devices(value);
    case 'freezer.state':
    case 'cgroup.freeze':
      return { words: sentence('whether its processes were frozen, as CRIU does while it dumps') };
    default:
      return {};
  }
}

const none: Words = { words: sentence('no limit'), unlimited: true };
const killed = sentence('a process is killed when memory runs out');

function isUnlimited(value: string): boolean {
  if (value === 'max' || value === '-1') return true;
  return /^\d{16,20}$/.test(value) && BigInt(value) >= V1_UNLIMITED;
}

function bytes(value: string, say: (size: string) => Sentence): Words {
  if (isUnlimited(value)) return none;
  return isNumber(value) ? { words: say(formatSize(BigInt(value))) } : {};
}

function protection(value: string): Words {
  if (value === '0') return { words: sentence('nothing is kept back'), unlimited: true };
  return isNumber(value) ? { words: sentence('{0} are kept from being reclaimed', formatSize(BigInt(value))) } : {};
}

/** `max 100000`, `50000 100000`. */
function cpuMax(value: string): Words {
  const [share = '', period = ''] = value.split(' ');
  return share === 'max' ? none : quota(share, period);
}

function quota(share: string, period: string | undefined): Words {
  if (share === '-1') return none;
  if (!isNumber(share) || period === undefined || !isNumber(period) || Number(period) === 0) return {};
  return {
    words: sentence('{0} processors at most', String(Math.round((Number(share) / Number(period)) * 1000) / 1000)),
  };
}

function devices(value: string): Words {
  if (value === 'a *:* rwm') return { words: sentence('every device'), unlimited: true };
  return { words: sentence('only the devices listed') };
}

function yesNo(value: string, yes: Sentence): Words {
  return value === '1' ? { words: yes } : {};
}

function isNumber(value: string): boolean {
  return /^\d{1,20}$/.test(value);
}
