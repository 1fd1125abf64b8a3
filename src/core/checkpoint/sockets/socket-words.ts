import type { SocketFamily } from '../../../protocol/sockets.ts';
import { SOCKET_STATES } from '../../criu/field-words.ts';
import { streamAndDatagram } from '../../criu/machine-flags.ts';

type Names = Readonly<Record<number, string>>;

/** Address families. Source: the kernel's include/linux/socket.h. */
export const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;

/** The type that has one number on all machines. Source: the kernel's include/linux/net.h. */
export const SOCK_RAW = 3;

/** States that every kind of socket has. Source: the kernel's include/net/tcp_states.h. */
export const STATE = { established: 1, close: 7, listen: 10 } as const;

/** Source: the kernel's include/uapi/linux/in.h. */
export const IPPROTO = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, udplite: 136 } as const;

const families: Names = { 1: 'unix', 2: 'inet', 10: 'inet6', 16: 'netlink', 17: 'packet' };
/** Those that have one number on all machines. Source: the kernel's include/linux/net.h. */
const types: Names = { 3: 'RAW', 4: 'RDM', 5: 'SEQPACKET', 6: 'DCCP', 10: 'PACKET' };

/** Source: the kernel's include/uapi/linux/in.h. */
const ipProtocols: Names = {
  1: 'icmp',
  2: 'igmp',
  4: 'ipip',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  41: 'ipv6',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  89: 'ospf',
  103: 'pim',
  132: 'sctp',
  136: 'udplite',
};

/** Source: the kernel's include/uapi/linux/netlink.h. */
const netlinkProtocols: Names = {
  0: 'route',
  2: 'usersock',
  3: 'firewall',
  4: 'sock-diag',
  5: 'nflog',
  6: 'xfrm',
  7: 'selinux',
  8: 'iscsi',
  9: 'audit',
  10: 'fib-lookup',
  11: 'connector',
  12: 'netfilter',
  13: 'ip6-fw',
  14: 'dnrtmsg',
  15: 'kobject-uevent',
  16: 'generic',
  18: 'scsi-transport',
  19: 'ecryptfs',
  20: 'rdma',
  21: 'crypto',
  22: 'smc',
};

/** Multicast groups of the protocol `route`. Source: the kernel's include/uapi/linux/rtnetlink.h. */
const routeGroups: Names = {
  1: 'LINK',
  2: 'NOTIFY',
  3: 'NEIGH',
  4: 'TC',
  5: 'IPV4_IFADDR',
  6: 'IPV4_MROUTE',
  7: 'IPV4_ROUTE',
  8: 'IPV4_RULE',
  9: 'IPV6_IFADDR',
  10: 'IPV6_MROUTE',
  11: 'IPV6_ROUTE',
  12: 'IPV6_IFINFO',
  13: 'DECnet_IFADDR',
  15: 'DECnet_ROUTE',
  16: 'DECnet_RULE',
  18: 'IPV6_PREFIX',
  19: 'IPV6_RULE',
  20: 'ND_USEROPT',
  21: 'PHONET_IFADDR',
  22: 'PHONET_ROUTE',
  23: 'DCB',
  24: 'IPV4_NETCONF',
  25: 'IPV6_NETCONF',
  26: 'MDB',
  27: 'MPLS_ROUTE',
  28: 'NSID',
  29: 'MPLS_NETCONF',
  30: 'IPV4_MROUTE_R',
  31: 'IPV6_MROUTE_R',
  32: 'NEXTHOP',
};

/** Source: the kernel's include/uapi/linux/if_ether.h. */
const etherProtocols: Names = {
  0x0001: '802.3',
  0x0003: 'ALL',
  0x0004: '802.2',
  0x0800: 'IP',
  0x0806: 'ARP',
  0x8035: 'RARP',
  0x8100: '802.1Q',
  0x8137: 'IPX',
  0x86dd: 'IPV6',
  0x8847: 'MPLS_UC',
  0x8863: 'PPP_DISC',
  0x8864: 'PPP_SES',
  0x888e: 'PAE',
  0x88a8: '802.1AD',
  0x88cc: 'LLDP',
  0x88f7: '1588',
};

/** Source: the kernel's include/uapi/linux/if_packet.h, PACKET_FANOUT_* and PACKET_MR_*. */
const fanoutModes: Names = { 0: 'hash', 1: 'lb', 2: 'cpu', 3: 'rollover', 4: 'rnd', 5: 'qm', 6: 'cbpf', 7: 'ebpf' };
const membershipTypes: Names = { 0: 'multicast', 1: 'promisc', 2: 'allmulti', 3: 'unicast' };

export function familyWord(family: number): SocketFamily {
  return (families[family] ?? String(family)) as SocketFamily;
}

/** @param machine core_entry.mtype: MIPS has two of the numbers the other way round */
export function typeWord(type: number, machine: number | undefined): string {
  const { stream, datagram } = streamAndDatagram(machine);
  if (type === stream || type === datagram) return type === stream ? 'STREAM' : 'DGRAM';
  return types[type] ?? String(type);
}

export function stateWord(state: number): string {
  return SOCKET_STATES[state] ?? String(state);
}

/**
 * Source: the kernel's net/netlink/af_netlink.c, NETLINK_UNCONNECTED and NETLINK_CONNECTED; one that nobody has ever
 * connected has the state that every socket begins with, TCP_CLOSE.
 */
export function netlinkStateWord(state: number): string {
  return { 0: 'UNCONNECTED', 1: 'CONNECTED', [STATE.close]: 'UNCONNECTED' }[state] ?? String(state);
}

/** `tcp`; `ip-132` would be one without a name here. */
export function ipProtocolWord(protocol: number): string {
  return ipProtocols[protocol] ?? `ip-${String(protocol)}`;
}

export function netlinkProtocolWord(protocol: number): string {
  return netlinkProtocols[protocol] ?? String(protocol);
}

export function netlinkGroupName(protocol: number, group: number): string | undefined {
  return protocol === 0 ? routeGroups[group] : undefined;
}

export function etherProtocolWord(protocol: number): string {
  return etherProtocols[protocol] ?? `0x${protocol.toString(16).padStart(4, '0')}`;
}

export function fanoutWord(mode: number): string {
  return fanoutModes[mode] ?? String(mode);
}

export function membershipWord(type: number): string {
  return membershipTypes[type] ?? String(type);
}

const shutdowns = { 1: 'read', 2: 'write', 3: 'both' } as const;

/** Source: criu images/sk-opts.proto, sk_shutdown; a number that it has no word for says nothing. */
export function shutdownWord(shutdown: number | undefined): 'read' | 'write' | 'both' | undefined {
  return shutdowns[shutdown as keyof typeof shutdowns];
}

/** `127.0.0.1:8080`, `[::1]:8086`, `[fe80::1%eth0]:53`. */
export function endpointText(address: string, port: number | string, device?: string): string {
  const place = device === undefined ? address : `${address}%${device}`;
  return `${address.includes(':') ? `[${place}]` : place}:${String(port)}`;
}
