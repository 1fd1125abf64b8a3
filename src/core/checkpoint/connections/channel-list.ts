import type { Channel, ChannelEnd, ChannelKind } from '../../../protocol/connections.ts';

/** Who is at the end that is not a process of the checkpoint. */
export type FarEnd =
  /** Somebody who is not part of the dump: the engine, another container, a machine. */
  | { readonly kind: 'outside'; readonly label: string }
  | { readonly kind: 'remote'; readonly label: string }
  /** Somebody who came in through this listener, a socket's id. */
  | { readonly kind: 'client'; readonly listener: number; readonly label: string }
  /** Not outside, but a socket that takes what everybody sends to it. */
  | { readonly kind: 'listener'; readonly listener: number; readonly label: string }
  | { readonly kind: 'kernel'; readonly label: string };

/** A channel as it is found, before the picture is made of all of them. */
export interface FoundChannel extends Channel {
  /** Absent where all ends are processes of the checkpoint. */
  readonly outside?: FarEnd;
  /** Nobody is connected: it waits for somebody to be. */
  readonly waits: boolean;
}

/** More than any container has; keeps thousands of processes with one hostile table from filling the memory. */
const maxEnds = 500_000;

/** All channels that are found, bounded. */
export class ChannelList {
  readonly channels: FoundChannel[] = [];
  /** Channels that are not there, or lack ends, because there are too many. */
  leftOut = 0;
  #endsLeft = maxEnds;

  /** Ends of a channel that is being found. */
  ends(): ChannelEnds {
    return new ChannelEnds(() => this.#endsLeft > 0 && this.#endsLeft-- > 0);
  }

  /** Adds a channel, if a process of the checkpoint has an end of it. */
  add(
    id: string,
    kind: ChannelKind,
    label: string,
    ends: ChannelEnds,
    more: Partial<Pick<FoundChannel, 'unread' | 'socket' | 'outside' | 'waits'>> = {},
  ): void {
    if (ends.isShort) this.leftOut++;
    if (ends.size > 0) this.channels.push({ id, kind, label, unread: 0, waits: false, ...more, ends: ends.list() });
  }
}

/** Collects the ends of one channel: a process may have it under several descriptors. */
export class ChannelEnds {
  readonly #ends = new Map<number, { readonly fds: Set<number>; reads: boolean; writes: boolean }>();
  readonly #take: () => boolean;
  /** Some found no room. */
  isShort = false;

  constructor(take: () => boolean) {
    this.#take = take;
  }

  add(pid: number, fd: number | undefined, does: ChannelEnd['does']): void {
    let end = this.#ends.get(pid);
    const isNew = end === undefined || (fd !== undefined && !end.fds.has(fd));
    if (isNew && !this.#take()) {
      this.isShort = true;
      return;
    }
    if (!end) this.#ends.set(pid, (end = { fds: new Set(), reads: false, writes: false }));
    if (fd !== undefined) end.fds.add(fd);
    if (does !== 'writes') end.reads = true;
    if (does !== 'reads') end.writes = true;
  }

  get reads(): boolean {
    return [...this.#ends.values()].some(({ reads }) => reads);
  }

  get writes(): boolean {
    return [...this.#ends.values()].some(({ writes }) => writes);
  }

  get size(): number {
    return this.#ends.size;
  }

  list(): readonly ChannelEnd[] {
    return [...this.#ends].map(([pid, { fds, reads, writes }]) => ({
      pid,
      fds: [...fds],
      does: reads && writes ? 'both' : reads ? 'reads' : 'writes',
    }));
  }
}
