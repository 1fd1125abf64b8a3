/** By what processes talk. */
export type ChannelKind =
  'pipe' | 'fifo' | 'unix' | 'tcp' | 'udp' | 'ip' | 'netlink' | 'packet' | 'memory' | 'terminal';

/** A process's end of a channel. */
export interface ChannelEnd {
  readonly pid: number;
  /** Its descriptors of it; none for memory. */
  readonly fds: readonly number[];
  /** What it can do: `both` of what has two directions, or of a process that has both ends. */
  readonly does: 'reads' | 'writes' | 'both';
}

/** One thing through which processes talk, with each other or with somebody outside. */
export interface Channel {
  /** Unique: `pipe 574482`, `socket 29`. */
  readonly id: string;
  readonly kind: ChannelKind;
  /** `pipe:[574482]`, `/run/app.sock`, `127.0.0.1:43200 – 127.0.0.1:8080`. */
  readonly label: string;
  /** Bytes that were sent and not read yet. */
  readonly unread: number;
  /** Id of its socket in the table of sockets, of a pair that of one. */
  readonly socket?: number;
  readonly ends: readonly ChannelEnd[];
}

/**
 * `process`: one; `processes`: several alike, drawn as one; `listener`: what waits to be connected or sent to;
 * `shared`: a channel of more than two processes; `clients`: who is connected to a listener from outside; `remote`:
 * whom a process is connected to outside; `outside`: whoever has the other end of a pipe; `kernel`.
 */
export type ConnectionNodeKind =
  'process' | 'processes' | 'listener' | 'shared' | 'clients' | 'remote' | 'outside' | 'kernel';

export interface ConnectionNode {
  readonly id: string;
  readonly kind: ConnectionNodeKind;
  readonly label: string;
  /** What it stands for more of: processes of a group, connections of clients. 1 for what is only itself. */
  readonly count: number;
  /** The processes that it is, or that have it; of very many the first. */
  readonly pids: readonly number[];
  /** How deep a process lies in the process tree, counted among those that are drawn. */
  readonly depth: number;
  /** Channels that only it has: a pair with both ends in one process, a listener of its own. Of many the first. */
  readonly channels: readonly Channel[];
  readonly unread: number;
}

export interface ConnectionEdge {
  readonly from: string;
  readonly to: string;
  /** `forward`: only `from` says something. */
  readonly direction: 'forward' | 'both';
  /** How many channels it stands for. */
  readonly count: number;
  /** The kinds of its channels, each once. */
  readonly kinds: readonly ChannelKind[];
  readonly unread: number;
  /** Of many the first. */
  readonly channels: readonly Channel[];
}

/** Who talks to whom. */
export interface ConnectionGraph {
  readonly nodes: readonly ConnectionNode[];
  readonly edges: readonly ConnectionEdge[];
  /** Processes that talk to nobody, and are not drawn. */
  readonly silent: number;
  /** What was too much to be drawn. */
  readonly leftOut: { readonly nodes: number; readonly channels: number };
}
