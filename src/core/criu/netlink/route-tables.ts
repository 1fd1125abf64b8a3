import { familyNames, protocolNames } from './names.ts';
import { readAttributes, type AttributeTable } from './attributes.ts';
import { uint16At } from '../byte-order.ts';
import type { JsonValue } from '../json-text.ts';
import type { MessageForm, NetlinkFormat } from './messages.ts';
import {
  address,
  addressWithFamily,
  base64,
  be16,
  be32,
  be64,
  mark,
  nested,
  s32,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
  type ReadValue,
  type Shown,
} from './values.ts';

// Addresses, routes and rules. Facts: the kernel's include/uapi/linux/if_addr.h, rtnetlink.h, fib_rules.h and lwtunnel.h;
// the words that `ip … save` writes before them: iproute2's ip/ipaddress.c, ip/iproute.c and ip/iprule.c.

const family: Shown = { names: familyNames };
const hex: Shown = { hex: true };
const scope: Shown = {
  names: {
    0: 'RT_SCOPE_UNIVERSE',
    200: 'RT_SCOPE_SITE',
    253: 'RT_SCOPE_LINK',
    254: 'RT_SCOPE_HOST',
    255: 'RT_SCOPE_NOWHERE',
  },
};
const table: Shown = {
  names: {
    0: 'RT_TABLE_UNSPEC',
    252: 'RT_TABLE_COMPAT',
    253: 'RT_TABLE_DEFAULT',
    254: 'RT_TABLE_MAIN',
    255: 'RT_TABLE_LOCAL',
  },
};

/** Who made a route or a rule. */
const origin: Shown = {
  names: {
    0: 'RTPROT_UNSPEC',
    1: 'RTPROT_REDIRECT',
    2: 'RTPROT_KERNEL',
    3: 'RTPROT_BOOT',
    4: 'RTPROT_STATIC',
    8: 'RTPROT_GATED',
    9: 'RTPROT_RA',
    10: 'RTPROT_MRT',
    11: 'RTPROT_ZEBRA',
    12: 'RTPROT_BIRD',
    13: 'RTPROT_DNROUTED',
    14: 'RTPROT_XORP',
    15: 'RTPROT_NTK',
    16: 'RTPROT_DHCP',
    17: 'RTPROT_MROUTED',
    18: 'RTPROT_KEEPALIVED',
    42: 'RTPROT_BABEL',
    99: 'RTPROT_OPENR',
    186: 'RTPROT_BGP',
    187: 'RTPROT_ISIS',
    188: 'RTPROT_OSPF',
    189: 'RTPROT_RIP',
    192: 'RTPROT_EIGRP',
  },
};

const addressFlags: Shown = {
  flags: [
    ['IFA_F_SECONDARY', 0x01],
    ['IFA_F_NODAD', 0x02],
    ['IFA_F_OPTIMISTIC', 0x04],
    ['IFA_F_DADFAILED', 0x08],
    ['IFA_F_HOMEADDRESS', 0x10],
    ['IFA_F_DEPRECATED', 0x20],
    ['IFA_F_TENTATIVE', 0x40],
    ['IFA_F_PERMANENT', 0x80],
    ['IFA_F_MANAGETEMPADDR', 0x100],
    ['IFA_F_NOPREFIXROUTE', 0x200],
    ['IFA_F_MCAUTOJOIN', 0x400],
    ['IFA_F_STABLE_PRIVACY', 0x800],
  ],
};

const addressForm: MessageForm = {
  name: 'RTM_NEWADDR',
  head: [
    'ifaddrmsg',
    8,
    struct(
      ['family', 1, u8(family)],
      ['prefixlen', 1, u8()],
      ['flags', 1, u8(addressFlags)],
      ['scope', 1, u8(scope)],
      ['index', 4, u32()],
    ),
  ],
  attributes: {
    1: ['IFA_ADDRESS', address],
    2: ['IFA_LOCAL', address],
    3: ['IFA_LABEL', text],
    4: ['IFA_BROADCAST', address],
    5: ['IFA_ANYCAST', address],
    6: [
      'IFA_CACHEINFO',
      struct(['ifa_prefered', 4, u32()], ['ifa_valid', 4, u32()], ['cstamp', 4, u32()], ['tstamp', 4, u32()]),
    ],
    7: ['IFA_MULTICAST', address],
    8: ['IFA_FLAGS', u32(addressFlags)],
    9: ['IFA_RT_PRIORITY', u32()],
    10: ['IFA_TARGET_NETNSID', s32()],
    11: [
      'IFA_PROTO',
      u8({ names: { 0: 'IFAPROT_UNSPEC', 1: 'IFAPROT_KERNEL_LO', 2: 'IFAPROT_KERNEL_RA', 3: 'IFAPROT_KERNEL_LL' } }),
    ],
  },
};

const hopFlags: Shown['flags'] = [
  ['RTNH_F_DEAD', 1],
  ['RTNH_F_PERVASIVE', 2],
  ['RTNH_F_ONLINK', 4],
  ['RTNH_F_OFFLOAD', 8],
  ['RTNH_F_LINKDOWN', 16],
  ['RTNH_F_UNRESOLVED', 32],
  ['RTNH_F_TRAP', 64],
];

/** A route of one next hop has its flags among its own. */
const routeFlags: Shown = {
  flags: [
    ...hopFlags,
    ['RTM_F_NOTIFY', 0x100],
    ['RTM_F_CLONED', 0x200],
    ['RTM_F_EQUALIZE', 0x400],
    ['RTM_F_PREFIX', 0x800],
    ['RTM_F_LOOKUP_TABLE', 0x1000],
    ['RTM_F_FIB_MATCH', 0x2000],
    ['RTM_F_OFFLOAD', 0x4000],
    ['RTM_F_TRAP', 0x8000],
    ['RTM_F_OFFLOAD_FAILED', 0x2000_0000],
  ],
};

const routeTypes: Shown = {
  names: {
    0: 'RTN_UNSPEC',
    1: 'RTN_UNICAST',
    2: 'RTN_LOCAL',
    3: 'RTN_BROADCAST',
    4: 'RTN_ANYCAST',
    5: 'RTN_MULTICAST',
    6: 'RTN_BLACKHOLE',
    7: 'RTN_UNREACHABLE',
    8: 'RTN_PROHIBIT',
    9: 'RTN_THROW',
    10: 'RTN_NAT',
    11: 'RTN_XRESOLVE',
  },
};

const metrics: AttributeTable = {
  1: ['RTAX_LOCK', u32(hex)],
  2: ['RTAX_MTU', u32()],
  3: ['RTAX_WINDOW', u32()],
  4: ['RTAX_RTT', u32()],
  5: ['RTAX_RTTVAR', u32()],
  6: ['RTAX_SSTHRESH', u32()],
  7: ['RTAX_CWND', u32()],
  8: ['RTAX_ADVMSS', u32()],
  9: ['RTAX_REORDERING', u32()],
  10: ['RTAX_HOPLIMIT', u32()],
  11: ['RTAX_INITCWND', u32()],
  12: [
    'RTAX_FEATURES',
    u32({
      flags: [
        ['RTAX_FEATURE_ECN', 1],
        ['RTAX_FEATURE_SACK', 2],
        ['RTAX_FEATURE_TIMESTAMP', 4],
        ['RTAX_FEATURE_ALLFRAG', 8],
      ],
    }),
  ],
  13: ['RTAX_RTO_MIN', u32()],
  14: ['RTAX_INITRWND', u32()],
  15: ['RTAX_QUICKACK', u32()],
  16: ['RTAX_CC_ALGO', text],
  17: ['RTAX_FASTOPEN_NO_COOKIE', u32()],
};

const hopHead = struct(['flags', 1, u8({ flags: hopFlags })], ['hops', 1, u8()], ['ifindex', 4, s32()]);
const hopHeadSize = 8;

/** `struct rtnexthop`s with their attributes, one behind the other; undefined where a length does not fit. */
const hops: ReadValue = (bytes, start, end, reading) => {
  const result: JsonValue[] = [];
  for (let at = start; at < end;) {
    const length = end - at >= hopHeadSize ? uint16At(bytes, at, reading.isBigEndian) : 0;
    if (length < hopHeadSize || length > end - at) return undefined;
    result.push({
      rtnexthop: hopHead(bytes, at + 2, at + hopHeadSize, reading) as JsonValue,
      attributes: readAttributes(bytes, at + hopHeadSize, at + length, routeAttributes, reading),
    });
    at += (length + 3) & ~3;
  }
  return result;
};

const routeAttributes: AttributeTable = {
  1: ['RTA_DST', address],
  2: ['RTA_SRC', address],
  3: ['RTA_IIF', u32()],
  4: ['RTA_OIF', u32()],
  5: ['RTA_GATEWAY', address],
  6: ['RTA_PRIORITY', u32()],
  7: ['RTA_PREFSRC', address],
  8: ['RTA_METRICS', nested(() => metrics)],
  9: ['RTA_MULTIPATH', hops],
  10: ['RTA_PROTOINFO', base64],
  11: ['RTA_FLOW', u32(hex)],
  12: [
    'RTA_CACHEINFO',
    struct(
      ['rta_clntref', 4, u32()],
      ['rta_lastuse', 4, u32()],
      ['rta_expires', 4, s32()],
      ['rta_error', 4, u32()],
      ['rta_used', 4, u32()],
      ['rta_id', 4, u32()],
      ['rta_ts', 4, u32()],
      ['rta_tsage', 4, u32()],
    ),
  ],
  13: ['RTA_SESSION', base64],
  14: ['RTA_MP_ALGO', base64],
  15: ['RTA_TABLE', u32(table)],
  16: ['RTA_MARK', u32(hex)],
  17: ['RTA_MFC_STATS', struct(['mfcs_packets', 8, u64], ['mfcs_bytes', 8, u64], ['mfcs_wrong_if', 8, u64])],
  18: ['RTA_VIA', addressWithFamily],
  19: ['RTA_NEWDST', address],
  20: ['RTA_PREF', u8({ names: { 0: 'MEDIUM', 1: 'HIGH', 2: 'INVALID', 3: 'LOW' } })],
  21: [
    'RTA_ENCAP_TYPE',
    u16({
      names: {
        0: 'LWTUNNEL_ENCAP_NONE',
        1: 'LWTUNNEL_ENCAP_MPLS',
        2: 'LWTUNNEL_ENCAP_IP',
        3: 'LWTUNNEL_ENCAP_ILA',
        4: 'LWTUNNEL_ENCAP_IP6',
        5: 'LWTUNNEL_ENCAP_SEG6',
        6: 'LWTUNNEL_ENCAP_BPF',
        7: 'LWTUNNEL_ENCAP_SEG6_LOCAL',
        8: 'LWTUNNEL_ENCAP_RPL',
        9: 'LWTUNNEL_ENCAP_IOAM6',
        10: 'LWTUNNEL_ENCAP_XFRM',
      },
    }),
  ],
  // Its form depends on the type.
  22: ['RTA_ENCAP', base64],
  23: ['RTA_EXPIRES', u32()],
  25: ['RTA_UID', u32()],
  26: ['RTA_TTL_PROPAGATE', u8()],
  27: ['RTA_IP_PROTO', u8({ names: protocolNames })],
  28: ['RTA_SPORT', be16()],
  29: ['RTA_DPORT', be16()],
  30: ['RTA_NH_ID', u32()],
  31: ['RTA_FLOWLABEL', be32(hex)],
};

const routeForm: MessageForm = {
  name: 'RTM_NEWROUTE',
  head: [
    'rtmsg',
    12,
    struct(
      ['family', 1, u8(family)],
      ['dst_len', 1, u8()],
      ['src_len', 1, u8()],
      ['tos', 1, u8(hex)],
      ['table', 1, u8(table)],
      ['protocol', 1, u8(origin)],
      ['scope', 1, u8(scope)],
      ['type', 1, u8(routeTypes)],
      ['flags', 4, u32(routeFlags)],
    ),
  ],
  attributes: routeAttributes,
};

const ruleActions: Shown = {
  names: {
    0: 'FR_ACT_UNSPEC',
    1: 'FR_ACT_TO_TBL',
    2: 'FR_ACT_GOTO',
    3: 'FR_ACT_NOP',
    6: 'FR_ACT_BLACKHOLE',
    7: 'FR_ACT_UNREACHABLE',
    8: 'FR_ACT_PROHIBIT',
  },
};

const ruleFlags: Shown = {
  flags: [
    ['FIB_RULE_PERMANENT', 0x1],
    ['FIB_RULE_INVERT', 0x2],
    ['FIB_RULE_UNRESOLVED', 0x4],
    ['FIB_RULE_IIF_DETACHED', 0x8],
    ['FIB_RULE_OIF_DETACHED', 0x10],
    ['FIB_RULE_FIND_SADDR', 0x1_0000],
  ],
};

const ports = struct(['start', 2, u16()], ['end', 2, u16()]);

const ruleForm: MessageForm = {
  name: 'RTM_NEWRULE',
  head: [
    'fib_rule_hdr',
    12,
    struct(
      ['family', 1, u8(family)],
      ['dst_len', 1, u8()],
      ['src_len', 1, u8()],
      ['tos', 1, u8(hex)],
      ['table', 1, u8(table)],
      ['res1', 1, u8()],
      ['res2', 1, u8()],
      ['action', 1, u8(ruleActions)],
      ['flags', 4, u32(ruleFlags)],
    ),
  ],
  attributes: {
    1: ['FRA_DST', address],
    2: ['FRA_SRC', address],
    3: ['FRA_IIFNAME', text],
    4: ['FRA_GOTO', u32()],
    6: ['FRA_PRIORITY', u32()],
    10: ['FRA_FWMARK', u32(hex)],
    11: ['FRA_FLOW', u32(hex)],
    12: ['FRA_TUN_ID', be64],
    13: ['FRA_SUPPRESS_IFGROUP', s32()],
    14: ['FRA_SUPPRESS_PREFIXLEN', s32()],
    15: ['FRA_TABLE', u32(table)],
    16: ['FRA_FWMASK', u32(hex)],
    17: ['FRA_OIFNAME', text],
    18: ['FRA_PAD', mark],
    19: ['FRA_L3MDEV', u8()],
    20: ['FRA_UID_RANGE', struct(['start', 4, u32()], ['end', 4, u32()])],
    21: ['FRA_PROTOCOL', u8(origin)],
    22: ['FRA_IP_PROTO', u8({ names: protocolNames })],
    23: ['FRA_SPORT_RANGE', ports],
    24: ['FRA_DPORT_RANGE', ports],
    25: ['FRA_DSCP', u8(hex)],
    26: ['FRA_FLOWLABEL', be32(hex)],
    27: ['FRA_FLOWLABEL_MASK', be32(hex)],
    28: ['FRA_SPORT_MASK', u16(hex)],
    29: ['FRA_DPORT_MASK', u16(hex)],
    30: ['FRA_DSCP_MASK', u8(hex)],
  },
};

const messages = { 20: addressForm, 24: routeForm, 32: ruleForm };

/** What `ip addr save`, `ip route save` and `ip rule save` write: a word, then the kernel's answers. */
export const addressFormat: NetlinkFormat = { magic: 0x47361222, messages };
export const routeFormat: NetlinkFormat = { magic: 0x45311224, messages };
export const ruleFormat: NetlinkFormat = { magic: 0x71706986, messages };
