import type { Names } from './values.ts';

/** Address families. Facts: the kernel's include/linux/socket.h, include/uapi/linux/rtnetlink.h for the last two. */
export const familyNames: Names = {
  0: 'AF_UNSPEC',
  1: 'AF_UNIX',
  2: 'AF_INET',
  7: 'AF_BRIDGE',
  10: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
  28: 'AF_MPLS',
  128: 'RTNL_FAMILY_IPMR',
  129: 'RTNL_FAMILY_IP6MR',
};

/** Protocols in IP headers. Facts: IANA's list of protocol numbers; UDPLITE as the kernel calls it. */
export const protocolNames: Names = {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  17: 'UDP',
  33: 'DCCP',
  41: 'IPV6',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPV6',
  89: 'OSPF',
  132: 'SCTP',
  136: 'UDPLITE',
};
