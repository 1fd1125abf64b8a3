import type { Note } from './note.ts';
import type { ImagePlace } from './raw.ts';
import type { Sentence } from './sentence.ts';

/** What is open, in the words of who looks at it. */
export type OpenFileKind =
  | 'file'
  | 'directory'
  | 'character device'
  | 'block device'
  | 'symbolic link'
  | 'pipe'
  | 'fifo'
  | 'TCP socket'
  | 'UDP socket'
  | 'raw socket'
  | 'internet socket'
  | 'UNIX socket'
  | 'netlink socket'
  | 'packet socket'
  | 'eventfd'
  | 'epoll'
  | 'timerfd'
  | 'signalfd'
  | 'inotify'
  | 'fanotify'
  | 'memfd'
  | 'terminal'
  | 'pidfd'
  | 'namespace'
  | 'tun'
  | 'BPF map'
  | 'external'
  | 'unknown';

/** One open descriptor of one process. */
export interface OpenFileFacts {
  readonly pid: number;
  readonly fd: number;
  readonly kind: OpenFileKind;
  /** CRIU's own word for it, `REG`, `UNIXSK` …, or the number of a type that is not known. */
  readonly type: string;
  /** Equal for descriptors that stand for the same open file: they share position and flags. */
  readonly fileId: number;
  /** As readlink gave it for /proc/PID/fd/N: `/etc/passwd`, `/tmp/a (deleted)`, `pipe:[574482]`, `anon_inode:[eventpoll]`. */
  readonly target: string;
  /** Base64 of the target's bytes where they are not UTF-8. */
  readonly targetBytes?: string;
  /** The path alone, of what has one. */
  readonly path?: string;
  /** The kernel's number of it, where the dump holds it. */
  readonly inode?: bigint;
  /** As fcntl gave them, without close-on-exec, which is the descriptor's own. Absent where CRIU kept none. */
  readonly flags?: number;
  /** `O_RDWR`, `O_APPEND` … of the flags, by the machine's own numbers; what has no name as one hexadecimal number. */
  readonly flagNames?: readonly string[];
  readonly closeOnExec: boolean;
  /** Bytes from the start, where the next read or write goes. */
  readonly position?: bigint;
  /** Joins the mounts. */
  readonly mountId?: number;
  readonly size?: bigint;
  /** st_mode, type bits included. */
  readonly mode?: number;
  readonly deleted?: DeletedFacts;
  /** What is particular to its kind, in a few words: `count 42`, `watches /etc`. */
  readonly about?: Sentence;
  /** Of a socket, in short; the sockets have it all, by `fileId`. */
  readonly socket?: {
    readonly protocol: string;
    readonly local: string;
    readonly remote: string;
    readonly state: string;
    /** Inode of the other end, of a UNIX socket that has one. */
    readonly peer?: number;
  };
  /** Who is at the other end of a pipe, a FIFO or a connected UNIX socket; absent where nobody of the checkpoint is. */
  readonly otherEnd?: OtherEndFacts;
  readonly locks?: readonly LockFacts[];
  /** Who gets a signal when something can be read or written (F_SETOWN, F_SETSIG). */
  readonly owner?: OwnerFacts;
  /** Bytes that were written into it and not read yet; absent where the dump cannot tell. */
  readonly unread?: number;
  /** What can be opened: its content is in the checkpoint itself. */
  readonly contents?: readonly ContentFacts[];
  /** No image holds the file that the descriptor refers to. */
  readonly missing?: boolean;
}

/** A file whose name was removed, or the process whose /proc it was in is gone. */
export interface DeletedFacts {
  /**
   * `ghost`: its content is in the checkpoint; `linked`: it had another name left, or CRIU gave it one; `process`: it
   * lay in the /proc of a process that is gone.
   */
  readonly how: 'ghost' | 'linked' | 'process' | 'unknown';
  /** The name that the file could be reached by after the dump. */
  readonly linkedAs?: string;
  /** The process that is gone. */
  readonly pid?: number;
}

export interface OtherEndFacts {
  /** Where what is written goes: `to` them, it comes `from` them, or both. */
  readonly direction: 'to' | 'from' | 'both';
  /** The first few processes, each by one of its descriptors. */
  readonly holders: readonly HolderFacts[];
  /** How many processes there are besides, as far as was counted. */
  readonly more: number;
}

export interface LockFacts {
  readonly kind: 'POSIX' | 'FLOCK' | 'OFD' | 'LEASE' | 'unknown';
  /** The number of a kind that is not known. */
  readonly kindNumber?: number;
  readonly access: 'read' | 'write' | 'none' | 'unknown';
  readonly accessNumber?: number;
  /** Of a lease: somebody else wants the file, and the holder has been told. */
  readonly breaking?: boolean;
  /** Whose descriptor CRIU found it by. */
  readonly pid: number;
  readonly fd: number;
  /** The first byte, and the last; a lock without an end goes on for ever. */
  readonly start: bigint;
  readonly end?: bigint;
}

export interface OwnerFacts {
  readonly pid: number;
  readonly who: 'thread' | 'process' | 'process group' | 'unknown';
  /** `SIGIO` where none was chosen. */
  readonly signal: string;
  readonly uid: number;
  readonly euid: number;
}

export interface ContentFacts {
  /**
   * `content`: the whole file; `unread`: what a read would still get; `unsent`: what the other side had not confirmed
   * yet; `keys` and `values` of a BPF map, one after the other.
   */
  readonly what: 'content' | 'unread' | 'unsent' | 'keys' | 'values';
  /** Bytes. */
  readonly size: number;
  /** Where the file view has it. */
  readonly path: string;
}

/** One open descriptor with everything that is known of it. */
export interface OpenFileDetail {
  readonly file: OpenFileFacts;
  /** What is particular to its kind; absent where there is no more than in `file`. */
  readonly facts?: KindFacts;
  /** The descriptors that stand for the same open file, this one too; of very many the first. */
  readonly holders: readonly HolderFacts[];
  /** There are more. */
  readonly moreHolders?: true;
  readonly mount?: { readonly id: number; readonly destination: string; readonly type: string };
  /** The images that tell of it, that of the file first and that of the descriptor last. */
  readonly images: readonly ImagePlace[];
  readonly notes: readonly Note[];
}

/** How much a process had open. */
export interface OpenCounts {
  /** All of its descriptors. */
  readonly files: number;
  /** Those of them that are sockets. */
  readonly sockets: number;
}

/** A descriptor of a process. */
export interface HolderFacts {
  readonly pid: number;
  readonly fd: number;
  readonly command?: string;
}

export type KindFacts =
  | PipeFacts
  | EpollFacts
  | EventfdFacts
  | TimerfdFacts
  | SignalfdFacts
  | WatchListFacts
  | FanotifyFacts
  | MemfdFacts
  | TerminalFacts
  | PidfdFacts
  | NamespaceFacts
  | TunFacts
  | BpfMapFacts;

export interface PipeFacts {
  readonly of: 'pipe';
  /** The kernel's number of the pipe, equal for both its ends. */
  readonly pipeId: number;
  /** Bytes that it holds before a writer has to wait. */
  readonly capacity?: number;
  /** The descriptors of the checkpoint that read from it, or write into it; of very many the first. */
  readonly ends: readonly PipeEndFacts[];
  /** There are more. */
  readonly more?: true;
  /** No process of the checkpoint holds this end: it lies outside, with the engine or another container, or is closed. */
  readonly missingEnd?: 'read' | 'write';
  /** Which of the container's own streams it is, as the engine told CRIU. */
  readonly stream?: 'standard input' | 'standard output' | 'standard error';
}

export interface PipeEndFacts extends HolderFacts {
  readonly end: 'read' | 'write' | 'both';
  readonly fileId: number;
}

export interface EpollFacts {
  readonly of: 'epoll';
  readonly targets: readonly EpollTargetFacts[];
}

export interface EpollTargetFacts {
  /** The descriptor's number in the process that asked to watch it. */
  readonly fd: number;
  readonly events: readonly string[];
  readonly eventMask: number;
  /** What the process gets told with an event. */
  readonly data: bigint;
  /** What the process has open at that number now; absent where nothing is, or another file than is watched. */
  readonly target?: string;
  readonly kind?: OpenFileKind;
  readonly inode?: bigint;
  readonly device?: number;
  readonly position?: bigint;
}

export interface EventfdFacts {
  readonly of: 'eventfd';
  readonly counter: bigint;
}

export interface TimerfdFacts {
  readonly of: 'timerfd';
  /** `CLOCK_MONOTONIC`, or the number. */
  readonly clock: string;
  readonly clockId: number;
  /** Nanoseconds until it goes off; 0: it is not set. */
  readonly remaining: bigint;
  /** Nanoseconds between the times that it goes off; 0: once only. */
  readonly interval: bigint;
  /** How often it went off since it was last read. */
  readonly ticks: bigint;
  readonly settings: readonly string[];
  readonly settingsMask: number;
}

export interface SignalfdFacts {
  readonly of: 'signalfd';
  readonly signals: readonly string[];
  readonly mask: bigint;
}

export interface WatchListFacts {
  readonly of: 'inotify';
  readonly watches: readonly WatchFacts[];
}

export interface WatchFacts {
  /** The number that inotify_add_watch gave. */
  readonly watch: number;
  readonly events: readonly string[];
  readonly mask: number;
  readonly ignoredMask: number;
  readonly inode: bigint;
  readonly device: number;
  /** Absent where CRIU could not find one. */
  readonly path?: string;
  readonly handle: FileHandleFacts;
}

export interface FileHandleFacts {
  readonly type: number;
  /** Hexadecimal. */
  readonly bytes: string;
}

export interface FanotifyFacts {
  readonly of: 'fanotify';
  readonly settings: readonly string[];
  readonly settingsMask: number;
  readonly eventFlags: readonly string[];
  readonly eventFlagsMask: number;
  readonly marks: readonly MarkFacts[];
}

export interface MarkFacts {
  readonly on: 'file' | 'mount' | 'unknown';
  readonly events: readonly string[];
  readonly mask: number;
  readonly ignored: readonly string[];
  readonly ignoredMask: number;
  readonly settings: readonly string[];
  readonly settingsMask: number;
  readonly device: number;
  readonly inode?: bigint;
  readonly mountId?: number;
  readonly path?: string;
  readonly handle?: FileHandleFacts;
}

export interface MemfdFacts {
  readonly of: 'memfd';
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly seals: readonly string[];
  readonly sealMask: number;
  /** Of huge pages: their flags as memfd_create took them. */
  readonly hugePages?: number;
  /** Joins the mappings of it: the same memory may be mapped by several processes. */
  readonly memoryId: number;
}

export interface TerminalFacts {
  readonly of: 'terminal';
  readonly terminal:
    'pty' | 'console' | 'virtual terminal' | 'controlling terminal' | 'external' | 'serial' | 'unknown';
  /** Of a pseudo terminal: `master` is the side of who emulates it, `slave` that of the programs. */
  readonly side?: 'master' | 'slave';
  /** The number in /dev/pts/N. */
  readonly index?: number;
  /** Absent where the terminal was hung up. */
  readonly size?: { readonly rows: number; readonly columns: number; readonly width: number; readonly height: number };
  readonly settings?: {
    readonly input: number;
    readonly output: number;
    readonly control: number;
    readonly local: number;
    /** `icanon`, `-echo` … as stty prints the commonest. */
    readonly words: readonly string[];
    /** The control characters, by the machine's own order: what interrupts, quits, erases … */
    readonly characters: readonly number[];
    readonly discipline: number;
  };
  readonly session?: number;
  readonly foreground?: number;
  readonly locked: boolean;
  readonly exclusive: boolean;
  readonly packetMode: boolean;
  /** Descriptors of the checkpoint that stand for the other side. */
  readonly other: readonly HolderFacts[];
  /** Device numbers, as stat gives them. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

export interface PidfdFacts {
  readonly of: 'pidfd';
  /** Absent where the process was gone already. */
  readonly target?: number;
  readonly command?: string;
}

export interface NamespaceFacts {
  readonly of: 'namespace';
  /** `net`, `mnt` …, or CLONE_ flags in hexadecimal. */
  readonly namespace: string;
  /** CRIU's number of it: joins the namespaces of processes. */
  readonly id: number;
  readonly members: readonly { readonly pid: number; readonly command?: string }[];
  /** There are more. */
  readonly more?: true;
}

export interface TunFacts {
  readonly of: 'tun';
  /** Absent where it is not attached to a device. */
  readonly device?: string;
  readonly detached: boolean;
  readonly networkNamespace?: number;
}

export interface BpfMapFacts {
  readonly of: 'BPF map';
  readonly mapId: number;
  readonly name: string;
  /** `hash`, or the number. */
  readonly map: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly mapFlags: number;
  readonly memlock: bigint;
  readonly frozen: boolean;
  readonly interfaceIndex: number;
  /** How many entries the dump holds; absent where it holds no data of this map. */
  readonly entries?: number;
}
