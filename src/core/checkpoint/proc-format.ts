import type { MountFacts } from '../../protocol/mounts.ts';
import type { ProcessFacts, TaskState } from '../../protocol/processes.ts';
import type { MemoryTotals } from './memory/totals.ts';
import type { CoreEntry, CredsEntry } from '../criu/schema/generated/messages.ts';

const KERNEL_STATES: Readonly<Record<TaskState, string>> = {
  running: 'R (running)',
  stopped: 'T (stopped)',
  zombie: 'Z (zombie)',
  unknown: '? (unknown)',
};

const SIGKILL = 9;
const SIGSTOP = 19;

/** /proc/PID/status: the lines whose facts a checkpoint holds, in the kernel's order. */
export function formatStatus(
  process: ProcessFacts,
  core: CoreEntry | undefined,
  credentials: CredsEntry | undefined,
  memory: MemoryTotals | undefined,
): string {
  const handlers = core?.tc && signalMasks(core.tc.sigactions);
  const seccomp = core?.thread_core?.seccomp_mode ?? core?.tc?.old_seccomp_mode;
  const lines: (readonly [string, string | undefined])[] = [
    ['Name', process.comm === undefined ? undefined : escapeName(process.comm)],
    ['Umask', process.umask?.toString(8).padStart(4, '0')],
    ['State', KERNEL_STATES[process.state]],
    ['Tgid', String(process.pid)],
    ['Pid', String(process.pid)],
    ['PPid', String(process.ppid)],
    ['TracerPid', '0'],
    ['Uid', process.uids?.join('\t')],
    ['Gid', process.gids?.join('\t')],
    ['Groups', process.groups && `${process.groups.join(' ')} `],
    ['NSpgid', String(process.pgid)],
    ['NSsid', String(process.sid)],
    ['VmSize', memory && kilobytes(memory.mapped)],
    ['VmLck', memory && kilobytes(memory.locked)],
    ['VmData', memory && kilobytes(memory.data)],
    ['VmStk', memory && kilobytes(memory.stack)],
    ['VmExe', memory && kilobytes(memory.code)],
    ['VmLib', memory && kilobytes(memory.libraries)],
    ['Threads', String(process.threads.length)],
    ['SigBlk', core?.tc && mask(core.tc.blk_sigset)],
    ['SigIgn', handlers && mask(handlers.ignored)],
    ['SigCgt', handlers && mask(handlers.caught)],
    ['CapInh', credentials && capabilities(credentials.cap_inh)],
    ['CapPrm', credentials && capabilities(credentials.cap_prm)],
    ['CapEff', credentials && capabilities(credentials.cap_eff)],
    ['CapBnd', credentials && capabilities(credentials.cap_bnd)],
    ['CapAmb', credentials && capabilities(credentials.cap_amb)],
    ['NoNewPrivs', credentials && String(credentials.no_new_privs ?? 0)],
    ['Seccomp', core && String(seccomp ?? 0)],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}:\t${value}\n`])).join('');
}

/** CRIU keeps the handlers of all signals but the two that cannot have one. */
function signalMasks(actions: readonly { readonly sigaction: bigint }[]): { ignored: bigint; caught: bigint } {
  const masks = { ignored: 0n, caught: 0n };
  let signal = 1;
  for (const { sigaction } of actions.slice(0, 62)) {
    while (signal === SIGKILL || signal === SIGSTOP) signal++;
    if (sigaction === 1n) masks.ignored |= 1n << BigInt(signal - 1);
    else if (sigaction !== 0n) masks.caught |= 1n << BigInt(signal - 1);
    signal++;
  }
  return masks;
}

function kilobytes(bytes: bigint): string {
  return `${String(bytes / 1024n).padStart(8)} kB`;
}

function mask(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** Two 32-bit words, the low one first. */
function capabilities(words: readonly number[] | undefined): string {
  const [low = 0, high = 0] = words ?? [];
  return mask((BigInt(high) << 32n) | BigInt(low));
}

function escapeName(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** /proc/PID/mounts, in the order in which the kernel would: parents before what is mounted on them. */
export function formatMounts(mounts: readonly MountFacts[], namespace: number | undefined): string {
  return mounts
    .filter((mount) => mount.seenIn !== 'spec' && (namespace === undefined || mount.namespace === namespace))
    .map((mount) => {
      const options = [
        ...mount.options,
        ...(mount.superOptions ?? '')
          .split(',')
          .filter((option) => option !== '' && option !== 'rw' && option !== 'ro'),
      ];
      // Of a host's file system that is bound in, CRIU records the device and not the type.
      const fields = [mount.device ?? 'none', mount.destination, mount.fileSystem ?? 'unknown', options.join(',')];
      return `${fields.map(escapeMount).join(' ')} 0 0\n`;
    })
    .join('');
}

/** As the kernel's mangle(): blank, tab, newline, backslash and # in octal. */
function escapeMount(value: string): string {
  return value.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
