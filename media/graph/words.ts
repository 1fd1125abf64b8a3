import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type {
  Channel,
  ChannelEnd,
  ChannelKind,
  ConnectionEdge,
  ConnectionNode,
} from '../../src/protocol/connections.ts';
import type { Place } from '../../src/protocol/place.ts';
import { formatNumber, t, tn } from '../text.ts';

/** What a node is called, escaped. */
export function nodeTitle(node: ConnectionNode): string {
  const { kind, label, count, pids } = node;
  switch (kind) {
    case 'process':
      return label === '' ? t('pid {0}', pids[0] ?? 0) : escapeText(label);
    case 'processes':
      return label === '' ? tn(count, '{0} process', '{0} processes') : `${escapeText(label)} × ${formatNumber(count)}`;
    case 'clients':
      return tn(count, '{0} client', '{0} clients');
    case 'outside':
      return t('Outside');
    case 'kernel':
      return t('Kernel');
    default:
      return escapeText(label);
  }
}

/** The line below the title. */
export function nodeSubtitle(node: ConnectionNode): string {
  const { kind, count, pids, unread, channels } = node;
  const parts = [subtitle(kind, count, pids, channels)];
  if (unread > 0) parts.push(t('{0} unread', formatSize(unread)));
  return parts.filter((part) => part !== '').join(' · ');
}

function subtitle(
  kind: ConnectionNode['kind'],
  count: number,
  pids: readonly number[],
  channels: readonly Channel[],
): string {
  switch (kind) {
    case 'process':
      return t('pid {0}', pids[0] ?? 0);
    case 'processes':
      return t('all with the same lines');
    case 'listener':
      return t('{0}, listening', kindText(channels[0]?.kind ?? 'ip'));
    case 'shared':
      return t('{0} of {1} processes', kindText(channels[0]?.kind ?? 'pipe'), pids.length);
    case 'clients':
      return t('from outside');
    case 'remote':
      return tn(count, '{0} connection', '{0} connections');
    case 'outside':
      return tn(count, '{0} pipe leads there', '{0} pipes lead there');
    case 'kernel':
      return tn(count, '{0} socket', '{0} sockets');
  }
}

/** `3 pipes, UNIX · 5 B unread` */
export function edgeText({ kinds, count, unread }: ConnectionEdge): string {
  const what = kinds.map(kindText).join(', ');
  const many = count === 1 ? what : `${formatNumber(count)} × ${what}`;
  return unread > 0 ? `${many} · ${t('{0} unread', formatSize(unread))}` : many;
}

export function kindText(kind: ChannelKind): string {
  switch (kind) {
    case 'pipe':
      return t('pipe');
    case 'fifo':
      return t('FIFO');
    case 'unix':
      return t('UNIX');
    case 'tcp':
      return 'TCP';
    case 'udp':
      return 'UDP';
    case 'ip':
      return 'IP';
    case 'netlink':
      return t('netlink');
    case 'packet':
      return t('packets');
    case 'memory':
      return t('shared memory');
    case 'terminal':
      return t('terminal');
  }
}

/** `pid 1 writes to descriptor 5` */
export function endText({ pid, fds, does }: ChannelEnd): string {
  if (fds.length === 0) return does === 'reads' ? t('pid {0} reads', pid) : t('pid {0} reads and writes', pid);
  const numbers = fds.join(', ');
  switch (does) {
    case 'reads':
      return t('pid {0} reads from descriptor {1}', pid, numbers);
    case 'writes':
      return t('pid {0} writes to descriptor {1}', pid, numbers);
    case 'both':
      return t('pid {0} has descriptor {1}', pid, numbers);
  }
}

export function nodeIcon({ kind, channels }: ConnectionNode): string {
  switch (kind) {
    case 'process':
      return 'server-process';
    case 'processes':
      return 'layers';
    case 'listener':
      return 'broadcast';
    case 'clients':
    case 'remote':
      return 'globe';
    case 'outside':
      return 'link-external';
    case 'kernel':
      return 'circuit-board';
    case 'shared':
      return channels[0]?.kind === 'memory' ? 'database' : 'arrow-swap';
  }
}

/** Where Enter leads from a node: to its process, or its row in the table of sockets. */
export function placeOf({ kind, pids, channels }: ConnectionNode): Place | undefined {
  if (kind === 'process') {
    const [pid] = pids;
    return pid === undefined ? undefined : { tab: 'processes', row: String(pid), pid };
  }
  const socket = channels.find((channel) => channel.socket !== undefined)?.socket;
  return socket === undefined ? undefined : { tab: 'sockets', row: String(socket) };
}
