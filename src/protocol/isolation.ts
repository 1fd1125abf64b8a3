import type { SeccompState } from './seccomp.ts';
import type { Sentence } from './sentence.ts';

/** What a process may do, what it sees of the machine, and how it reacts: everything but its memory and files. */
export interface IsolationFacts {
  readonly pid: number;
  readonly comm?: string;
  /** Entry names of the images that tell it, the core image first. */
  readonly images: readonly string[];
  readonly threads: number;
  readonly credentials?: CredentialFacts;
  readonly capabilities?: CapabilityTable;
  readonly seccomp?: SeccompState;
  readonly lsm?: LsmFacts;
  readonly namespaces: readonly NamespaceFact[];
  readonly cgroups: readonly CgroupFact[];
  /**
   * What the OCI spec asked for, under the names of version 2's files: of that version CRIU records who is in which
   * group and not what it allows.
   */
  readonly resources: readonly CgroupProperty[];
  readonly limits: readonly LimitFact[];
  readonly signals?: SignalFacts;
  readonly timers?: TimerFacts;
  readonly settings?: TaskSettings;
  /** Of the leading thread. */
  readonly thread?: ThreadSettings;
}

/** A thread, and in what it differs from the thread that leads its process. */
export interface ThreadIsolation {
  readonly tid: number;
  readonly comm?: string;
  readonly image: string;
  /** Why so little is known: its core image is missing or damaged. */
  readonly missing?: boolean;
  readonly differs: readonly ('credentials' | 'capabilities' | 'seccomp' | 'cgroups' | 'lsm')[];
  /** Only where they differ. */
  readonly credentials?: CredentialFacts;
  readonly capabilities?: CapabilityTable;
  readonly seccomp?: SeccompState;
  readonly lsm?: LsmFacts;
  readonly cgroups?: readonly CgroupFact[];
  readonly thread?: ThreadSettings;
}

export interface Ids {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly fileSystem: number;
}

export interface CredentialFacts {
  readonly uids: Ids;
  readonly gids: Ids;
  readonly groups: readonly number[];
  /** Names of SECBIT_*, without that prefix. */
  readonly secureBits: readonly string[];
  /** Absent where the dump does not say: before CRIU 4.1 it may be kept silent. */
  readonly noNewPrivileges?: boolean;
  /** What the OCI spec asked for; a process may have changed it since. */
  readonly asked?: {
    readonly uid?: number;
    readonly gid?: number;
    readonly groups: readonly number[];
    readonly noNewPrivileges?: boolean;
  };
}

/** Whose list of default capabilities the rows are compared with. */
export type CapabilityDefaults = 'podman' | 'cri-o' | 'containerd' | 'docker';

export type CapabilitySet = 'effective' | 'permitted' | 'inheritable' | 'bounding' | 'ambient';

export interface CapabilityTable {
  readonly rows: readonly CapabilityRow[];
  /** Absent where nobody knows which engine made the container. */
  readonly defaults?: CapabilityDefaults;
  /** Whether the OCI spec says which capabilities the container was to have. */
  readonly asked: boolean;
  /** Sets that the dump does not tell of. */
  readonly untold: readonly CapabilitySet[];
}

export interface CapabilityRow {
  /** `CAP_CHOWN`; `CAP_41` for one without a name. */
  readonly name: string;
  readonly number: number;
  readonly sets: readonly CapabilitySet[];
  /** In the engine's default list. */
  readonly byDefault: boolean;
  /** Sets in which the OCI spec asked for it. */
  readonly asked: readonly CapabilitySet[];
  /** In a set that lets the process use it or get it, and not in the engine's default list. */
  readonly beyondDefault: boolean;
}

export interface LsmFacts {
  readonly kind: 'none' | 'selinux' | 'apparmor' | 'unknown';
  /** SELinux context, or AppArmor profile; absent where the process is unconfined. */
  readonly label?: string;
  /** SELinux context for sockets that it makes, where that is another one. */
  readonly socketLabel?: string;
  /** What the OCI spec asked for. */
  readonly asked?: string;
}

export type NamespaceKind = 'user' | 'pid' | 'net' | 'mnt' | 'ipc' | 'uts' | 'cgroup' | 'time';

/** What processes can share beside namespaces: CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_SIGHAND. */
export type SharedKind = 'memory' | 'files' | 'fs' | 'handlers';

export interface NamespaceFact {
  readonly kind: NamespaceKind;
  /** The dump's own number, not the kernel's inode. */
  readonly id: number;
  /** The one in which CRIU itself ran, which is the node's. */
  readonly ofHost: boolean;
}

/** Who shares what in the whole checkpoint. */
export interface SharingMatrix {
  readonly kinds: readonly SharingKind[];
}

export interface SharingKind {
  readonly kind: NamespaceKind | SharedKind;
  readonly spaces: readonly SharedSpace[];
}

export interface SharedSpace {
  readonly id: number;
  readonly ofHost: boolean;
  /** In the order of the process tree. */
  readonly pids: readonly number[];
  /** The key by which somebody else keeps it: the engine, for a pod's network. */
  readonly external?: string;
  /** Entry name of the image that describes it. */
  readonly image?: string;
  readonly facts: readonly Sentence[];
  readonly uidMap?: readonly IdRange[];
  readonly gidMap?: readonly IdRange[];
}

export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Membership in one hierarchy of control groups. */
export interface CgroupFact {
  /** 0 is the unified hierarchy, version 2; others are numbered as the dump lists them. */
  readonly hierarchy: number;
  readonly version: 1 | 2;
  /** `cpu,cpuacct`; `''` for the unified hierarchy. */
  readonly controllers: string;
  /** As seen from where CRIU ran. */
  readonly path: string;
  /** As seen from inside the container's cgroup namespace, where it has one. */
  readonly pathInside?: string;
  readonly properties: readonly CgroupProperty[];
}

export interface CgroupProperty {
  /** `memory.max`. */
  readonly name: string;
  /** As it stood in the file. */
  readonly value: string;
  /** What it means, where that is known. */
  readonly words?: Sentence;
  /** It limits nothing. */
  readonly unlimited: boolean;
  /** Of how the group is kept rather than of what its processes may use. */
  readonly housekeeping: boolean;
  /** The directory that has it, where that is one above the process's own. */
  readonly inheritedFrom?: string;
}

export type LimitUnit = 'seconds' | 'microseconds' | 'bytes' | 'processes' | 'files' | 'locks' | 'signals' | 'none';

export interface LimitFact {
  /** `RLIMIT_NOFILE`. */
  readonly name: string;
  /** What it limits, as the kernel's /proc/PID/limits says: `Max open files`. */
  readonly label: string;
  readonly unit: LimitUnit;
  /** Absent: unlimited. */
  readonly soft?: bigint;
  readonly hard?: bigint;
  /** What the OCI spec asked for; absent bounds there are unlimited. */
  readonly asked?: { readonly soft?: bigint; readonly hard?: bigint };
}

export interface SignalFacts {
  /** Every signal but those that nobody can handle. */
  readonly rows: readonly SignalRow[];
  /** Those that wait for the process as a whole; a thread's own are among its settings. */
  readonly pending: readonly PendingSignal[];
}

export interface SignalRow {
  readonly number: number;
  /** `SIGHUP`, `SIGRTMIN+1`. */
  readonly name: string;
  readonly disposition: 'default' | 'ignored' | 'handled';
  readonly handler?: AddressFact;
  readonly restorer?: AddressFact;
  /** Names of SA_*, without that prefix. */
  readonly flags: readonly string[];
  /** Signals blocked while the handler runs. */
  readonly masked: readonly string[];
  /** By the leading thread. */
  readonly blocked: boolean;
  /** How many wait for the process or its leading thread. */
  readonly pending: number;
}

export interface AddressFact {
  readonly address: bigint;
  /** What is mapped there, as in /proc/PID/maps. */
  readonly mapping?: string;
  /** Bytes from the start of the mapped file, or of the mapping where none is. */
  readonly offset?: bigint;
}

/** A signal that was sent and not yet taken. */
export interface PendingSignal {
  readonly number: number;
  readonly name: string;
  /** `SI_USER`, `SI_QUEUE`, `SEGV_MAPERR`. */
  readonly code: string;
  readonly senderPid?: number;
  readonly senderUid?: number;
  /** What sigqueue(3) or a timer sent along. */
  readonly value?: bigint;
  readonly timerId?: number;
  readonly overrun?: number;
  /** Of a child: its exit code, or the signal that ended it. */
  readonly status?: number;
  readonly address?: bigint;
  /** Of seccomp: the call that was refused. */
  readonly systemCall?: string;
}

export interface TimerFacts {
  readonly interval: readonly IntervalTimer[];
  readonly posix: readonly PosixTimer[];
}

/** setitimer(2). Microseconds. */
export interface IntervalTimer {
  readonly kind: 'real' | 'virtual' | 'profiling';
  readonly signal: string;
  /** Until it fires; 0: it is off. */
  readonly remaining: bigint;
  readonly interval: bigint;
}

/** timer_create(2). Nanoseconds. */
export interface PosixTimer {
  readonly id: number;
  readonly clock: string;
  readonly notification: 'signal' | 'none' | 'thread' | 'thread-id' | 'unknown';
  readonly signal?: string;
  readonly threadId?: number;
  readonly value: bigint;
  readonly overrun: number;
  /** Until it fires; 0: it is off. */
  readonly remaining: bigint;
  readonly interval: bigint;
}

/** Of the whole process. */
export interface TaskSettings {
  readonly architecture: string;
  /** PR_SET_DUMPABLE. `root-only`: suid_dumpable is 2. */
  readonly dumpable?: 'no' | 'yes' | 'root-only';
  readonly oomScoreAdjust?: number;
  readonly oomScoreAsked?: number;
  /** Absent where nobody logged in. */
  readonly loginUid?: number;
  /** `PER_LINUX`, with the flags that change it. */
  readonly personality: readonly string[];
  readonly umask?: number;
  readonly childSubreaper?: boolean;
  /** PR_SET_THP_DISABLE. */
  readonly hugePagesDisabled?: boolean;
  /** Names of PF_* that say something of the process's life, without that prefix. */
  readonly flags: readonly string[];
  /** The signal that stopped it. */
  readonly stopSignal?: string;
  /** Names of MEMBARRIER_CMD_REGISTER_*, without that prefix. */
  readonly membarrier: readonly string[];
}

/** Of one thread. */
export interface ThreadSettings {
  readonly scheduling?: SchedulingFacts;
  readonly blocked: readonly string[];
  readonly pending: readonly PendingSignal[];
  readonly alternateStack?: { readonly address: bigint; readonly size: bigint; readonly flags: readonly string[] };
  /** Sent to it when its parent ends. */
  readonly parentDeathSignal?: string;
  readonly robustList?: { readonly address: bigint; readonly length: number };
  readonly restartableSequence?: { readonly address: bigint; readonly size: number; readonly signature: number };
}

export interface SchedulingFacts {
  /** `SCHED_OTHER`. */
  readonly policy: string;
  readonly policyNumber: number;
  /** Its children start under SCHED_OTHER. */
  readonly resetOnFork: boolean;
  readonly nice?: number;
  /** 1 to 99, of real-time policies. */
  readonly priority?: number;
}

/** A security module's policy that was dumped along. */
export interface LsmPolicy {
  readonly namespace: string;
  readonly name: string;
  /** Bytes of the compiled policy. */
  readonly size: number;
}
