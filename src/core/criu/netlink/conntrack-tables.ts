import type { Words } from '../field-words.ts';
import type { AttributeTable } from './attributes.ts';
import { protocolNames } from './names.ts';
import {
  address,
  base64,
  be16,
  be32,
  be64,
  beS32,
  nested,
  struct,
  text,
  u8,
  type Names,
  type Shown,
} from './values.ts';

// The attributes of netfilter's connection tracking. Facts: the kernel's
// include/uapi/linux/netfilter/nfnetlink_conntrack.h for numbers, net/netfilter/nf_conntrack_netlink.c and
// nf_conntrack_proto_*.c for the forms of values.

export const tcpStates: Names = {
  0: 'NONE',
  1: 'SYN_SENT',
  2: 'SYN_RECV',
  3: 'ESTABLISHED',
  4: 'FIN_WAIT',
  5: 'CLOSE_WAIT',
  6: 'LAST_ACK',
  7: 'TIME_WAIT',
  8: 'CLOSE',
  9: 'SYN_SENT2',
};

export const sctpStates: Names = {
  0: 'NONE',
  1: 'CLOSED',
  2: 'COOKIE_WAIT',
  3: 'COOKIE_ECHOED',
  4: 'ESTABLISHED',
  5: 'SHUTDOWN_SENT',
  6: 'SHUTDOWN_RECD',
  7: 'SHUTDOWN_ACK_SENT',
  8: 'HEARTBEAT_SENT',
  9: 'HEARTBEAT_ACKED',
};

export const dccpStates: Names = {
  0: 'NONE',
  1: 'REQUEST',
  2: 'RESPOND',
  3: 'PARTOPEN',
  4: 'OPEN',
  5: 'CLOSEREQ',
  6: 'CLOSING',
  7: 'TIMEWAIT',
  8: 'IGNORE',
  9: 'INVALID',
};

export const statusFlags: Words = [
  ['IPS_EXPECTED', 1 << 0],
  ['IPS_SEEN_REPLY', 1 << 1],
  ['IPS_ASSURED', 1 << 2],
  ['IPS_CONFIRMED', 1 << 3],
  ['IPS_SRC_NAT', 1 << 4],
  ['IPS_DST_NAT', 1 << 5],
  ['IPS_SEQ_ADJUST', 1 << 6],
  ['IPS_SRC_NAT_DONE', 1 << 7],
  ['IPS_DST_NAT_DONE', 1 << 8],
  ['IPS_DYING', 1 << 9],
  ['IPS_FIXED_TIMEOUT', 1 << 10],
  ['IPS_TEMPLATE', 1 << 11],
  ['IPS_UNTRACKED', 1 << 12],
  ['IPS_HELPER', 1 << 13],
  ['IPS_OFFLOAD', 1 << 14],
  ['IPS_HW_OFFLOAD', 1 << 15],
];

const tcpFlags: Shown = {
  flags: [
    ['WINDOW_SCALE', 0x01],
    ['SACK_PERM', 0x02],
    ['CLOSE_INIT', 0x04],
    ['BE_LIBERAL', 0x08],
    ['DATA_UNACKNOWLEDGED', 0x10],
    ['MAXACK_SET', 0x20],
    ['CHALLENGE_ACK', 0x40],
    ['SIMULTANEOUS_OPEN', 0x80],
  ],
};

const expectationFlags: Shown = {
  flags: [
    ['NF_CT_EXPECT_PERMANENT', 0x1],
    ['NF_CT_EXPECT_INACTIVE', 0x2],
    ['NF_CT_EXPECT_USERSPACE', 0x4],
  ],
};

const hex: Shown = { hex: true };

const addresses: AttributeTable = {
  1: ['CTA_IP_V4_SRC', address],
  2: ['CTA_IP_V4_DST', address],
  3: ['CTA_IP_V6_SRC', address],
  4: ['CTA_IP_V6_DST', address],
};

const protocol: AttributeTable = {
  1: ['CTA_PROTO_NUM', u8({ names: protocolNames })],
  2: ['CTA_PROTO_SRC_PORT', be16()],
  3: ['CTA_PROTO_DST_PORT', be16()],
  4: ['CTA_PROTO_ICMP_ID', be16()],
  5: ['CTA_PROTO_ICMP_TYPE', u8()],
  6: ['CTA_PROTO_ICMP_CODE', u8()],
  7: ['CTA_PROTO_ICMPV6_ID', be16()],
  8: ['CTA_PROTO_ICMPV6_TYPE', u8()],
  9: ['CTA_PROTO_ICMPV6_CODE', u8()],
};

const tuple: AttributeTable = {
  1: ['CTA_TUPLE_IP', nested(() => addresses)],
  2: ['CTA_TUPLE_PROTO', nested(() => protocol)],
  3: ['CTA_TUPLE_ZONE', be16()],
};

/** Of each bit in the mask whether it is set. */
const tcpFlagPair = struct(['flags', 1, u8(tcpFlags)], ['mask', 1, u8(tcpFlags)]);

const protocolState: AttributeTable = {
  1: [
    'CTA_PROTOINFO_TCP',
    nested(() => ({
      1: ['CTA_PROTOINFO_TCP_STATE', u8({ names: tcpStates })],
      2: ['CTA_PROTOINFO_TCP_WSCALE_ORIGINAL', u8()],
      3: ['CTA_PROTOINFO_TCP_WSCALE_REPLY', u8()],
      4: ['CTA_PROTOINFO_TCP_FLAGS_ORIGINAL', tcpFlagPair],
      5: ['CTA_PROTOINFO_TCP_FLAGS_REPLY', tcpFlagPair],
    })),
  ],
  2: [
    'CTA_PROTOINFO_DCCP',
    nested(() => ({
      1: ['CTA_PROTOINFO_DCCP_STATE', u8({ names: dccpStates })],
      2: ['CTA_PROTOINFO_DCCP_ROLE', u8()],
      3: ['CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ', be64],
    })),
  ],
  3: [
    'CTA_PROTOINFO_SCTP',
    nested(() => ({
      1: ['CTA_PROTOINFO_SCTP_STATE', u8({ names: sctpStates })],
      2: ['CTA_PROTOINFO_SCTP_VTAG_ORIGINAL', be32(hex)],
      3: ['CTA_PROTOINFO_SCTP_VTAG_REPLY', be32(hex)],
    })),
  ],
};

const counters: AttributeTable = {
  1: ['CTA_COUNTERS_PACKETS', be64],
  2: ['CTA_COUNTERS_BYTES', be64],
  3: ['CTA_COUNTERS32_PACKETS', be32()],
  4: ['CTA_COUNTERS32_BYTES', be32()],
};

const translation: AttributeTable = {
  1: ['CTA_NAT_V4_MINIP', address],
  2: ['CTA_NAT_V4_MAXIP', address],
  3: ['CTA_NAT_PROTO', nested(() => ({ 1: ['CTA_PROTONAT_PORT_MIN', be16()], 2: ['CTA_PROTONAT_PORT_MAX', be16()] }))],
  4: ['CTA_NAT_V6_MINIP', address],
  5: ['CTA_NAT_V6_MAXIP', address],
};

const sequence: AttributeTable = {
  1: ['CTA_SEQADJ_CORRECTION_POS', be32()],
  2: ['CTA_SEQADJ_OFFSET_BEFORE', beS32()],
  3: ['CTA_SEQADJ_OFFSET_AFTER', beS32()],
};

const helper: AttributeTable = { 1: ['CTA_HELP_NAME', text], 2: ['CTA_HELP_INFO', base64] };

/** Messages of the subsystem NFNL_SUBSYS_CTNETLINK. */
export const connection: AttributeTable = {
  1: ['CTA_TUPLE_ORIG', nested(() => tuple)],
  2: ['CTA_TUPLE_REPLY', nested(() => tuple)],
  3: ['CTA_STATUS', be32({ flags: statusFlags })],
  4: ['CTA_PROTOINFO', nested(() => protocolState)],
  5: ['CTA_HELP', nested(() => helper)],
  6: ['CTA_NAT_SRC', nested(() => translation)],
  7: ['CTA_TIMEOUT', be32()],
  8: ['CTA_MARK', be32(hex)],
  9: ['CTA_COUNTERS_ORIG', nested(() => counters)],
  10: ['CTA_COUNTERS_REPLY', nested(() => counters)],
  11: ['CTA_USE', be32()],
  12: ['CTA_ID', be32()],
  13: ['CTA_NAT_DST', nested(() => translation)],
  14: ['CTA_TUPLE_MASTER', nested(() => tuple)],
  15: ['CTA_SEQ_ADJ_ORIG', nested(() => sequence)],
  16: ['CTA_SEQ_ADJ_REPLY', nested(() => sequence)],
  17: ['CTA_SECMARK', be32()],
  18: ['CTA_ZONE', be16()],
  19: ['CTA_SECCTX', nested(() => ({ 1: ['CTA_SECCTX_NAME', text] }))],
  20: ['CTA_TIMESTAMP', nested(() => ({ 1: ['CTA_TIMESTAMP_START', be64], 2: ['CTA_TIMESTAMP_STOP', be64] }))],
  21: ['CTA_MARK_MASK', be32(hex)],
  22: ['CTA_LABELS', base64],
  23: ['CTA_LABELS_MASK', base64],
  24: [
    'CTA_SYNPROXY',
    nested(() => ({
      1: ['CTA_SYNPROXY_ISN', be32()],
      2: ['CTA_SYNPROXY_ITS', be32()],
      3: ['CTA_SYNPROXY_TSOFF', be32()],
    })),
  ],
};

/** Messages of the subsystem NFNL_SUBSYS_CTNETLINK_EXP: connections that a helper waits for. */
export const expectation: AttributeTable = {
  1: ['CTA_EXPECT_MASTER', nested(() => tuple)],
  2: ['CTA_EXPECT_TUPLE', nested(() => tuple)],
  3: ['CTA_EXPECT_MASK', nested(() => tuple)],
  4: ['CTA_EXPECT_TIMEOUT', be32()],
  5: ['CTA_EXPECT_ID', be32()],
  6: ['CTA_EXPECT_HELP_NAME', text],
  7: ['CTA_EXPECT_ZONE', be16()],
  8: ['CTA_EXPECT_FLAGS', be32(expectationFlags)],
  9: ['CTA_EXPECT_CLASS', be32()],
  10: [
    'CTA_EXPECT_NAT',
    nested(() => ({ 1: ['CTA_EXPECT_NAT_DIR', be32()], 2: ['CTA_EXPECT_NAT_TUPLE', nested(() => tuple)] })),
  ],
  11: ['CTA_EXPECT_FN', text],
};
