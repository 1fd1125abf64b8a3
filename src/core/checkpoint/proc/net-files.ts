import type { NetworkNamespace } from '../../../protocol/networks.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import { isTcp } from '../sockets/inet-sockets.ts';
import type { SocketMessage } from '../sockets/socket-core.ts';
import { AF, IPPROTO, SOCK_RAW } from '../sockets/socket-words.ts';
import { formatDevices, formatInet6Addresses, formatRoutes } from './device-format.ts';
import {
  formatDatagram6,
  formatIcmp,
  formatNetlink,
  formatPacket,
  formatRaw,
  formatTcp,
  formatTcp6,
  formatUdp,
  formatUnix,
  machineWords,
  type MachineWords,
  type NetSocket,
} from './net-format.ts';
import { file, folder, textFile, type ProcFolder, type ProcNodes, type ProcSources } from './proc-node.ts';

type MessageOf<Kind extends SocketMessage['kind']> = Extract<SocketMessage, { readonly kind: Kind }>['message'];
type Inet = MessageOf<'inet'>;

type NetSources = Pick<ProcSources, 'processes' | 'sockets'>;

/** /proc/PID/net: the sockets and devices of the process's network namespace. */
export function netFiles(process: ProcessFacts, sources: NetSources): { readonly net: ProcFolder } {
  return { net: folder(filesOf(process, sources)) };
}

type Format<Message> = (sockets: readonly NetSocket<Message>[], words: MachineWords) => string;

function filesOf(process: ProcessFacts, sources: NetSources): ProcNodes {
  const words = async (signal?: AbortSignal): Promise<MachineWords> =>
    machineWords(await sources.processes.machine(process.pid, signal));
  const inet = (family: number, protocol: number, format: Format<Inet>) =>
    textFile(async (signal) => {
      const sockets = await socketsOf('inet', process, sources, signal);
      const chosen = sockets.filter(({ message }) => message.family === family && belongs(message, protocol));
      return format(chosen, await words(signal));
    });
  const network = (format: (namespace: NetworkNamespace, words: MachineWords) => string) =>
    textFile(async (signal) => {
      const namespace = await namespaceOf(process, sources, signal);
      return namespace && format(namespace, await words(signal));
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
    unix: file(async (signal) => formatUnix(await socketsOf('unix', process, sources, signal), await words(signal))),
    netlink: textFile(async (signal) =>
      formatNetlink(await socketsOf('netlink', process, sources, signal), await words(signal)),
    ),
    packet: textFile(async (signal) =>
      formatPacket(await socketsOf('packet', process, sources, signal), await words(signal)),
    ),
    dev: network(formatDevices),
    if_inet6: network(formatInet6Addresses),
    route: network(formatRoutes),
  };
}

/** In place of a protocol: a raw socket may have any. */
const RAW = -1;

function belongs(message: Inet, protocol: number): boolean {
  if (message.type === SOCK_RAW) return protocol === RAW;
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
async function namespaceOf(
  process: ProcessFacts,
  { processes, sockets }: NetSources,
  signal?: AbortSignal,
): Promise<NetworkNamespace | undefined> {
  const id = (await processes.ids(process.pid, signal))?.net_ns_id;
  const namespace = (await sockets.networks(signal)).find((candidate) => candidate.id === id);
  // One that is made by the engine leaves no more than its name.
  return namespace && namespace.devices.length > 0 ? namespace : undefined;
}
