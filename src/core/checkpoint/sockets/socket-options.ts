import type { SocketOption } from '../../../protocol/sockets.ts';
import type {
  FownEntry,
  InetSkEntry,
  IpOptsEntry,
  PacketSockEntry,
  SkOptsEntry,
  TcpStreamEntry,
} from '../../criu/schema/generated/messages.ts';
import { AF, IPPROTO, SOCK_RAW } from './socket-words.ts';

/** Options under the names of setsockopt(2), in the order of the manual; those of which nothing is known are left out. */
class OptionList {
  readonly #options: SocketOption[] = [];

  add(name: string, value: number | string | boolean | undefined): void {
    if (value !== undefined) this.#options.push({ name, value });
  }

  addAll(options: readonly SocketOption[]): void {
    this.#options.push(...options);
  }

  list(): readonly SocketOption[] {
    return this.#options;
  }
}

/** What every kind of socket has. Source: criu criu/sockets.c, dump_socket_opts. */
export function commonOptions(options: SkOptsEntry, owner: FownEntry): readonly SocketOption[] {
  const list = new OptionList();
  list.add('SO_SNDBUF', options.so_sndbuf);
  list.add('SO_RCVBUF', options.so_rcvbuf);
  list.add('SO_BUF_LOCK', lockedBuffers(options.so_buf_lock));
  list.add('SO_REUSEADDR', options.reuseaddr);
  list.add('SO_REUSEPORT', options.so_reuseport);
  list.add('SO_BINDTODEVICE', options.so_bound_dev);
  list.add('SO_BROADCAST', options.so_broadcast);
  list.add('SO_KEEPALIVE', options.so_keepalive);
  // Only there where it is on, in seconds: 0 is on as well.
  list.add('SO_LINGER', options.so_linger === undefined ? undefined : `${String(options.so_linger)} s`);
  list.add('SO_OOBINLINE', options.so_oobinline === undefined ? undefined : options.so_oobinline !== 0);
  list.add('SO_DONTROUTE', options.so_dontroute);
  list.add('SO_NO_CHECK', options.so_no_check);
  list.add('SO_PRIORITY', options.so_priority);
  list.add('SO_MARK', options.so_mark === undefined ? undefined : `0x${options.so_mark.toString(16)}`);
  list.add('SO_RCVLOWAT', options.so_rcvlowat);
  list.add('SO_RCVTIMEO', timeout(options.so_rcv_tmo_sec, options.so_rcv_tmo_usec));
  list.add('SO_SNDTIMEO', timeout(options.so_snd_tmo_sec, options.so_snd_tmo_usec));
  list.add('SO_PASSCRED', options.so_passcred);
  list.add('SO_PASSSEC', options.so_passsec);
  const filter = options.so_filter.length;
  list.add('SO_ATTACH_FILTER', filter === 0 ? undefined : `${String(filter)} BPF instructions`);
  if (owner.pid !== 0) {
    list.add('F_SETOWN', owner.pid);
    list.add('F_SETSIG', owner.signum);
  }
  return list.list();
}

/** Of Internet sockets, beside what every socket has. */
export function inetOptions(socket: InetSkEntry, stream: TcpStreamEntry | undefined): readonly SocketOption[] {
  const list = new OptionList();
  if (socket.family === AF.inet6) list.add('IPV6_V6ONLY', socket.v6only);
  if (socket.ip_opts) list.addAll(ipOptions(socket.ip_opts, socket.family));
  if (socket.proto === IPPROTO.tcp && socket.type !== SOCK_RAW) list.addAll(tcpOptions(socket, stream));
  return list.list();
}

/** CRIU writes of these only what is not zero. */
function ipOptions(options: IpOptsEntry, family: number): readonly SocketOption[] {
  const list = new OptionList();
  const [freebind, packetInfo] =
    family === AF.inet6 ? ['IPV6_FREEBIND', 'IPV6_RECVPKTINFO'] : ['IP_FREEBIND', 'IP_PKTINFO'];
  list.add(freebind, options.freebind);
  list.add(packetInfo, options.pktinfo);
  list.add('IP_TOS', options.tos === undefined ? undefined : `0x${options.tos.toString(16)}`);
  list.add('IP_TTL', options.ttl);
  const { raw } = options;
  list.add(family === AF.inet6 ? 'IPV6_HDRINCL' : 'IP_HDRINCL', raw?.hdrincl);
  list.add('IP_NODEFRAG', raw?.nodefrag);
  list.add('IPV6_CHECKSUM', raw?.checksum);
  const filter = raw?.icmpv_filter ?? [];
  if (filter.length > 0) {
    const words = filter.map((word) => word.toString(16).padStart(8, '0')).join(' ');
    list.add(family === AF.inet6 ? 'ICMPV6_FILTER' : 'ICMP_FILTER', words);
  }
  return list.list();
}

/** CRIU once kept them with the other options, and in the tcp-stream images. */
function tcpOptions(socket: InetSkEntry, stream: TcpStreamEntry | undefined): readonly SocketOption[] {
  const { tcp_opts: tcp, opts } = socket;
  const list = new OptionList();
  // Of the newer form what is off is left out.
  list.add('TCP_NODELAY', tcp ? tcp.nodelay === true : stream?.nodelay);
  list.add('TCP_CORK', tcp ? tcp.cork === true : stream?.cork);
  list.add('TCP_KEEPIDLE', tcp?.keepidle ?? opts.tcp_keepidle);
  list.add('TCP_KEEPINTVL', tcp?.keepintvl ?? opts.tcp_keepintvl);
  list.add('TCP_KEEPCNT', tcp?.keepcnt ?? opts.tcp_keepcnt);
  return list.list();
}

/** Source: criu criu/sk-packet.c. */
export function packetOptions(socket: PacketSockEntry): readonly SocketOption[] {
  const list = new OptionList();
  list.add('PACKET_VERSION', versions[socket.version] ?? socket.version);
  list.add('PACKET_AUXDATA', socket.aux_data);
  list.add('PACKET_ORIGDEV', socket.orig_dev);
  list.add('PACKET_VNET_HDR', socket.vnet_hdr);
  list.add('PACKET_LOSS', socket.loss);
  list.add('PACKET_RESERVE', socket.reserve);
  list.add('PACKET_TIMESTAMP', socket.timestamp);
  list.add('PACKET_COPY_THRESH', socket.copy_thresh);
  return list.list();
}

const versions: Readonly<Record<number, string>> = { 0: 'TPACKET_V1', 1: 'TPACKET_V2', 2: 'TPACKET_V3' };

/** Seconds with their fraction; zero is "wait for ever", and left out. */
function timeout(seconds: bigint, microseconds: bigint): string | undefined {
  if (seconds === 0n && microseconds === 0n) return undefined;
  const fraction = microseconds === 0n ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`;
  return `${String(seconds)}${fraction} s`;
}

/** Which buffer sizes a process has set itself. Source: the kernel's include/net/sock.h, SOCK_*BUF_LOCK. */
function lockedBuffers(lock: number | undefined): string | undefined {
  if (lock === undefined || lock === 0) return undefined;
  const names = [(lock & 1) !== 0 ? 'send' : '', (lock & 2) !== 0 ? 'receive' : ''].filter((name) => name !== '');
  const rest = lock & ~3;
  return [...names, ...(rest === 0 ? [] : [`0x${(rest >>> 0).toString(16)}`])].join(', ');
}
