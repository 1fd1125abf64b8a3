import type { SocketFacts, SocketHolder } from '../protocol/sockets.ts';

/** Names of processes by pid. */
export type ProcessNames = ReadonlyMap<number, string>;

export const SOCKET_COLUMNS: readonly string[] = [
  'Netid',
  'State',
  'Recv-Q',
  'Send-Q',
  'Local Address:Port',
  'Peer Address:Port',
  'Process',
];

/** ss(8)'s own words. Source: iproute2 misc/ss.c. */
const STATES: Readonly<Record<string, string>> = {
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSE: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
  UNCONNECTED: 'UNCONN',
  CONNECTED: 'ESTAB',
};

const UNIX_TYPES: Readonly<Record<string, string>> = { STREAM: 'u_str', DGRAM: 'u_dgr', SEQPACKET: 'u_seq' };
const PACKET_TYPES: Readonly<Record<string, string>> = { RAW: 'p_raw', DGRAM: 'p_dgr' };

/** A line of `ss -anp`; what the checkpoint does not tell is `-`. */
export function socketLine(socket: SocketFacts, names: ProcessNames): string[] {
  return [
    netid(socket),
    STATES[socket.state] ?? socket.state,
    String(socket.receiveQueue ?? '-'),
    String(socket.sendQueue ?? '-'),
    local(socket),
    remote(socket),
    users(socket.holders, names),
  ];
}

function netid({ family, protocol, type }: SocketFacts): string {
  if (family === 'unix') return UNIX_TYPES[type] ?? protocol;
  if (family === 'packet') return PACKET_TYPES[type] ?? protocol;
  return family === 'netlink' ? 'nl' : protocol.replace(/6$/, protocol === 'icmp6' ? '6' : '');
}

function local({ family, local: text, inode, isOutside }: SocketFacts): string {
  const outside = isOutside ? ' (outside)' : '';
  return family === 'unix' ? `${text === '' ? '*' : text} ${String(inode)}${outside}` : text;
}

function remote({ family, remote: text, peers }: SocketFacts): string {
  switch (family) {
    case 'unix': {
      // Who only is sent to has no other end of its own.
      const peer = peers.find(({ relation }) => relation !== 'receives-from' && relation !== 'keeps-waiting');
      return `${text === '' ? '*' : text} ${String(peer?.inode ?? 0)}`;
    }
    case 'inet':
      return text === '' ? '0.0.0.0:*' : text;
    case 'inet6':
      return text === '' ? '[::]:*' : text;
    default:
      return text === '' ? '*' : text;
  }
}

/** `users:(("web-master",pid=1,fd=8))` */
function users(holders: readonly SocketHolder[], names: ProcessNames): string {
  const all = holders.flatMap(({ fd, pids }) =>
    pids.map((pid) => `("${names.get(pid) ?? ''}",pid=${String(pid)},fd=${String(fd)})`),
  );
  return all.length === 0 ? '' : `users:(${all.join(',')})`;
}

/** Whether a process has it open. */
export function isHeldBy({ holders }: SocketFacts, pid: number): boolean {
  return holders.some(({ pids }) => pids.includes(pid));
}
