import type {
  Channel,
  ChannelEnd,
  ConnectionEdge,
  ConnectionGraph,
  ConnectionNodeKind,
} from '../../../protocol/connections.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ChannelList, FoundChannel } from './channel-list.ts';
import { groupProcesses, type Group, type OwnEnd } from './process-groups.ts';

/** More than a person can look at. */
const maxNodes = 250;
/** How many channels, processes and places a node or a line tells of by name. */
const maxListed = 50;

/**
 * The picture of who talks to whom. Processes that are alike are one node, channels between the same two one line, and
 * what more than two have is a node of its own.
 * @param apart processes that stay by themselves
 */
export function drawConnections(
  processes: readonly ProcessFacts[],
  { channels, leftOut }: ChannelList,
  apart: ReadonlySet<number>,
): ConnectionGraph {
  const byPid = new Map<number, OwnEnd[]>(processes.map(({ pid }) => [pid, []]));
  for (const channel of channels) for (const end of channel.ends) byPid.get(end.pid)?.push({ channel, end });
  const talking = processes.filter(({ pid }) => (byPid.get(pid)?.length ?? 0) > 0);
  const groups = groupProcesses(talking, byPid, apart);
  const picture = new Picture(groups, depths(groups, processes));
  for (const channel of channels) picture.draw(channel);
  return picture.graph(processes.length - talking.length, leftOut);
}

/** How deep each group lies in the tree of those that are drawn: below its first member's nearest drawn ancestor. */
function depths(groups: readonly Group[], processes: readonly ProcessFacts[]): ReadonlyMap<string, number> {
  const parents = new Map(processes.map(({ pid, ppid }) => [pid, ppid]));
  const groupOf = new Map(groups.flatMap((group) => group.pids.map((pid) => [pid, group.id] as const)));
  const known = new Map<string, number>();
  for (const { id, pids } of groups) {
    let depth = 0;
    let last = id;
    const seen = new Set<number>();
    // A damaged tree may go round in a ring.
    for (let pid = parents.get(pids[0] ?? 0); pid !== undefined && !seen.has(pid); pid = parents.get(pid)) {
      seen.add(pid);
      const at = groupOf.get(pid);
      if (at !== undefined && at !== last) {
        depth++;
        last = at;
      }
    }
    known.set(id, depth);
  }
  return known;
}

interface GrowingNode {
  readonly id: string;
  readonly kind: ConnectionNodeKind;
  readonly label: string;
  count: number;
  readonly pids: Set<number>;
  readonly depth: number;
  readonly channels: Channel[];
  unread: number;
}

interface GrowingEdge {
  readonly from: string;
  readonly to: string;
  direction: 'forward' | 'both';
  count: number;
  readonly kinds: Set<Channel['kind']>;
  unread: number;
  readonly channels: Channel[];
}

class Picture {
  readonly #nodes = new Map<string, GrowingNode>();
  readonly #edges = new Map<string, GrowingEdge>();
  readonly #groupOf = new Map<number, string>();

  constructor(groups: readonly Group[], depths: ReadonlyMap<string, number>) {
    for (const { id, pids, name } of groups) {
      for (const pid of pids) this.#groupOf.set(pid, id);
      this.#nodes.set(id, {
        id,
        kind: pids.length === 1 ? 'process' : 'processes',
        label: name ?? '',
        count: pids.length,
        pids: new Set(pids.slice(0, maxListed)),
        depth: depths.get(id) ?? 0,
        channels: [],
        unread: 0,
      });
    }
  }

  draw(channel: FoundChannel): void {
    const { outside, waits } = channel;
    const sides = this.#sides(channel);
    if (sides.size === 0) return;
    if (waits) this.#drawListener(channel, sides);
    else if (outside) this.#drawOutside(channel, sides, outside);
    else if (sides.size === 1) this.#keep(this.#nodes.get([...sides.keys()][0] ?? ''), channel);
    else if (sides.size === 2) this.#drawLine(channel, sides);
    else this.#drawShared(channel, sides, 'shared');
  }

  /** The nodes that have ends of a channel, and what they do there together. */
  #sides({ ends }: FoundChannel): ReadonlyMap<string, ChannelEnd['does']> {
    const sides = new Map<string, ChannelEnd['does']>();
    for (const { pid, does } of ends) {
      const id = this.#groupOf.get(pid);
      if (id === undefined) continue;
      const known = sides.get(id);
      sides.set(id, known === undefined || known === does ? does : 'both');
    }
    return sides;
  }

  #drawLine(channel: FoundChannel, sides: ReadonlyMap<string, ChannelEnd['does']>): void {
    const [[one, first], [other, second]] = [...sides] as [[string, ChannelEnd['does']], [string, ChannelEnd['does']]];
    const forth = first !== 'reads' && second !== 'writes';
    const back = second !== 'reads' && first !== 'writes';
    // Where both only read, or both only write, nothing is said; the line still tells that they have it together.
    if (forth === back) this.#connect(one, other, 'both', channel);
    else if (forth) this.#connect(one, other, 'forward', channel);
    else this.#connect(other, one, 'forward', channel);
  }

  #drawShared(
    channel: FoundChannel,
    sides: ReadonlyMap<string, ChannelEnd['does']>,
    kind: ConnectionNodeKind,
  ): GrowingNode {
    const node = this.#node(channel.id, kind, channel.label);
    this.#keep(node, channel);
    for (const { pid } of channel.ends.slice(0, maxListed)) node.pids.add(pid);
    for (const [id, does] of sides) {
      if (does === 'reads') this.#connect(node.id, id, 'forward', channel);
      else this.#connect(id, node.id, does === 'both' ? 'both' : 'forward', channel);
    }
    return node;
  }

  #drawListener(channel: FoundChannel, sides: ReadonlyMap<string, ChannelEnd['does']>): void {
    const node = this.#node(channel.id, 'listener', channel.label);
    this.#keep(node, channel);
    for (const { pid } of channel.ends.slice(0, maxListed)) node.pids.add(pid);
    for (const id of sides.keys()) this.#connect(node.id, id, 'forward', channel);
  }

  #drawOutside(
    channel: FoundChannel,
    sides: ReadonlyMap<string, ChannelEnd['does']>,
    outside: NonNullable<FoundChannel['outside']>,
  ): void {
    if (outside.kind === 'client') {
      const listener = `socket ${String(outside.listener)}`;
      const clients = this.#node(`clients ${listener}`, 'clients', '');
      this.#keep(clients, channel);
      clients.count++;
      // The line from the clients to their listener stands for all of them.
      if (this.#nodes.has(listener)) this.#connect(clients.id, listener, 'both', channel);
      else for (const id of sides.keys()) this.#connect(clients.id, id, 'both', channel);
      return;
    }
    if (outside.kind === 'listener') {
      const listener = this.#node(`socket ${String(outside.listener)}`, 'listener', outside.label);
      for (const side of sides.keys()) this.#connect(side, listener.id, 'forward', channel);
      return;
    }
    const id = outside.kind === 'remote' ? `remote ${outside.label}` : outside.kind;
    const label = outside.kind === 'remote' ? outside.label : '';
    const node = this.#node(id, outside.kind, label);
    this.#keep(node, channel);
    node.count++;
    for (const [side, does] of sides) {
      if (outside.kind !== 'outside') this.#connect(side, node.id, 'both', channel);
      else if (does === 'reads') this.#connect(node.id, side, 'forward', channel);
      else this.#connect(side, node.id, 'forward', channel);
    }
  }

  #node(id: string, kind: ConnectionNodeKind, label: string): GrowingNode {
    const known = this.#nodes.get(id);
    if (known) return known;
    const count = kind === 'listener' || kind === 'shared' ? 1 : 0;
    const node = { id, kind, label, count, pids: new Set<number>(), depth: 0, channels: [], unread: 0 };
    this.#nodes.set(id, node);
    return node;
  }

  #keep(node: GrowingNode | undefined, channel: FoundChannel): void {
    if (!node) return;
    if (node.channels.length < maxListed) node.channels.push(plain(channel));
    node.unread += channel.unread;
  }

  #connect(from: string, to: string, direction: 'forward' | 'both', channel: FoundChannel): void {
    const back = this.#edges.get(`${to}\n${from}`);
    const edge = back ?? this.#edges.get(`${from}\n${to}`);
    if (edge) {
      if (back !== undefined && from !== to) edge.direction = 'both';
      if (direction === 'both') edge.direction = 'both';
      edge.count++;
      edge.kinds.add(channel.kind);
      edge.unread += channel.unread;
      if (edge.channels.length < maxListed) edge.channels.push(plain(channel));
      return;
    }
    const kinds = new Set([channel.kind]);
    const channels = [plain(channel)];
    this.#edges.set(`${from}\n${to}`, { from, to, direction, count: 1, kinds, unread: channel.unread, channels });
  }

  /** What there is too much of is left out, those with the fewest lines first. */
  graph(silent: number, leftOut: number): ConnectionGraph {
    const degrees = new Map<string, number>();
    for (const { from, to } of this.#edges.values())
      for (const id of [from, to]) degrees.set(id, (degrees.get(id) ?? 0) + 1);
    const all = [...this.#nodes.values()];
    const ranked =
      all.length <= maxNodes ? all : all.toSorted((a, b) => (degrees.get(b.id) ?? 0) - (degrees.get(a.id) ?? 0));
    const kept = new Set(ranked.slice(0, maxNodes).map(({ id }) => id));
    const edges = [...this.#edges.values()].filter(({ from, to }) => kept.has(from) && kept.has(to));
    const drawn = edges.reduce((sum, { count }) => sum + count, 0);
    const total = [...this.#edges.values()].reduce((sum, { count }) => sum + count, 0);
    return {
      nodes: all.filter(({ id }) => kept.has(id)).map((node) => ({ ...node, pids: [...node.pids] })),
      edges: edges.map((edge): ConnectionEdge => ({ ...edge, kinds: [...edge.kinds] })),
      silent,
      leftOut: { nodes: all.length - kept.size, channels: total - drawn + leftOut },
    };
  }
}

/** Without what only the picture needs; of the ends of a hostile one the first. */
function plain({ id, kind, label, unread, socket, ends }: FoundChannel): Channel {
  return { id, kind, label, unread, ...(socket !== undefined && { socket }), ends: ends.slice(0, maxListed) };
}
