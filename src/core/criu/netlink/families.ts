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
