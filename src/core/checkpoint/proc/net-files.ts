import type { ProcessFacts } from '../../../protocol/processes.ts';
import { fileOf } from '../../criu/kinds.ts';
import { known } from '../known-images.ts';
import { isTcp } from '../sockets/inet-sockets.ts';
import type { SocketMessage } from '../sockets/socket-core.ts';
import { AF, IPPROTO, SOCK } from '../sockets/socket-words.ts';
import {
  formatDatagram6,
  formatDevices,
  formatIcmp,
  formatNetlink,
  formatPacket,
  formatRaw,
  formatTcp,
  formatTcp6,
  formatUdp,
  formatUnix,
  type NetSocket,
} from './net-format.ts';
import { file, folder, textFile, type ProcFolder, type ProcNodes, type ProcSources } from './proc-node.ts';

type MessageOf<Kind extends SocketMessage['kind']> = Extract<SocketMessage, { readonly kind: Kind }>['message'];
type Inet = MessageOf<'inet'>;

type NetSources = Pick<ProcSources, 'processes' | 'images' | 'sockets'>;

/** /proc/PID/net: the sockets and devices of the process's network namespace. */
export function netFiles(process: ProcessFacts, sources: NetSources): { readonly net: ProcFolder } {
  return { net: folder(filesOf(process, sources)) };
}

function filesOf(process: ProcessFacts, sources: NetSources): ProcNodes {
  const inet = (family: number, protocol: number, format: (sockets: readonly NetSocket<Inet>[]) => string) =>
    textFile(async (signal) => {
      const sockets = await socketsOf('inet', process, sources, signal);
      return format(sockets.filter(({ message }) => message.family === family && belongs(message, protocol)));
    });
  return {
    tcp: inet(AF.inet, IPPROTO.tcp, formatTcp),
    tcp6: inet(AF.inet6, IPPROTO.tcp, formatTcp6),
    udp: inet(AF.inet, IPPROTO.udp, formatUdp),
    udp6: inet(AF.inet6, IPPROTO.udp, formatDatagram6),
    udplite: inet(AF.inet, IPPROTO.udplite, formatUdp),
    udplite6: inet(AF.inet6, IPPROTO.udplite, formatDatagram6),
    icmp: inet(AF.inet, IPPROTO.icmp, formatIcmp),
    icmp6: inet(AF.inet6, IPPROTO.icmp6, formatDatagram6),
    raw: inet(AF.inet, RAW, formatRaw),
    raw6: inet(AF.inet6, RAW, formatDatagram6),
    unix: file(async (signal) => formatUnix(await socketsOf('unix', process, sources, signal))),
    netlink: textFile(async (signal) => formatNetlink(await socketsOf('netlink', process, sources, signal))),
    packet: textFile(async (signal) => formatPacket(await socketsOf('packet', process, sources, signal))),
    dev: textFile(async (signal) => {
      const devices = await devicesOf(process, sources, signal);
      return devices && formatDevices(devices);
    }),
  };
}

/** In place of a protocol: a raw socket may have any. */
const RAW = -1;

function belongs(message: Inet, protocol: number): boolean {
  if (message.type === SOCK.raw) return protocol === RAW;
  return protocol === IPPROTO.tcp ? isTcp(message) : message.proto === protocol;
}

/** Those of the process's namespace; where the dump does not say which that is, all. */
async function socketsOf<Kind extends SocketMessage['kind']>(
  kind: Kind,
  process: ProcessFacts,
  { sockets, processes }: NetSources,
  signal?: AbortSignal,
): Promise<readonly NetSocket<MessageOf<Kind>>[]> {
  const namespace = (await processes.ids(process.pid, signal))?.net_ns_id;
  const messages = await sockets.messages(signal);
  const users = new Map((await processes.list(signal)).map(({ pid, uids }) => [pid, uids?.[3] ?? 0]));
  const found: NetSocket<MessageOf<Kind>>[] = [];
  for (const facts of await sockets.list(signal)) {
    const socket = messages.get(facts.id);
    if (socket?.kind !== kind || facts.isOutside) continue;
    if (namespace !== undefined && facts.namespace !== undefined && facts.namespace !== namespace) continue;
    const holder = facts.holders[0]?.pids[0];
    const uid = (holder === undefined ? undefined : users.get(holder)) ?? 0;
    found.push({ facts, message: socket.message as MessageOf<Kind>, uid });
  }
  return found;
}

/** Undefined where the namespace was not dumped, as the host's is not. */
async function devicesOf(process: ProcessFacts, { processes, images }: NetSources, signal?: AbortSignal) {
  const namespace = (await processes.ids(process.pid, signal))?.net_ns_id;
  if (namespace === undefined || !images.has(fileOf('NETDEV', namespace))) return undefined;
  return known(images, 'NETDEV', fileOf('NETDEV', namespace), signal);
}
