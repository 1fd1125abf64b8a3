import type { Note } from '../../../protocol/note.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { JsonObject, JsonValue } from '../json-text.ts';
import { connection, dccpStates, expectation, sctpStates, tcpStates } from './conntrack-tables.ts';
import { familyNames, protocolNames } from './names.ts';
import { visitNetlink, type MessageForm, type NetlinkFormat } from './messages.ts';
import { be16, struct, u8 } from './values.ts';

/** One direction of a connection, as the packets of it are addressed. */
export interface ConntrackTuple {
  readonly source?: string;
  readonly destination?: string;
  /** As in IP headers: 6 TCP, 17 UDP. */
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of ICMP and ICMPv6, in place of ports. */
  readonly icmp?: { readonly id?: number; readonly type?: number; readonly code?: number };
  readonly zone?: number;
}

export interface ConntrackCounters {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** A connection that the kernel tracks. Every member but the first two is absent where the kernel did not tell it. */
export interface ConntrackEntry {
  /** Where its message stands in the image, bytes. */
  readonly offset: number;
  /** 2 is IPv4, 10 IPv6. */
  readonly family: number;
  /** Of the side that opened it. */
  readonly original?: ConntrackTuple;
  /** Of the answers: other addresses than the mirrored ones where they are translated (NAT). */
  readonly reply?: ConntrackTuple;
  /** Of the connection that announced this one, as FTP's control connection does. */
  readonly master?: ConntrackTuple;
  /** Bits, by {@link statusFlags}. */
  readonly status?: number;
  /** `ESTABLISHED`; of TCP, SCTP and DCCP. A state without a name is its number. */
  readonly state?: string;
  /** Seconds until it would have been forgotten. */
  readonly timeout?: number;
  readonly mark?: number;
  readonly id?: number;
  readonly zone?: number;
  /** Name of the module that looks into its packets. */
  readonly helper?: string;
  /** Absent where the kernel did not count (net.netfilter.nf_conntrack_acct). */
  readonly originalCounters?: ConntrackCounters;
  readonly replyCounters?: ConntrackCounters;
  /** When it began, in nanoseconds since 1970; absent where the kernel kept no time stamps. */
  readonly started?: bigint;
}

export interface ConntrackTable {
  readonly entries: readonly ConntrackEntry[];
  readonly notes: readonly Note[];
}

/** `IPCTNL_MSG_CT_NEW` of the subsystem `NFNL_SUBSYS_CTNETLINK`, which answers to a dump have. */
const newConnection = 0x100;
const newExpectation = 0x200;
/** Some 250 bytes each in the image; the kernel's default limit is lower. */
const maxEntries = 500_000;

/** `struct nfgenmsg` of the kernel's include/uapi/linux/netfilter/nfnetlink.h. */
const head: MessageForm['head'] = [
  'nfgenmsg',
  4,
  struct(['family', 1, u8({ names: familyNames })], ['version', 1, u8()], ['res_id', 2, be16()]),
];

/**
 * netns-ct-N.img and netns-exp-N.img. CRIU asks for the second with the number of the first's subsystem, so that what
 * it holds are the connections once more (CRIU's criu/net.c, `dump_nf_ct`): each message's own type tells what it is.
 */
export const conntrackFormat: NetlinkFormat = {
  messages: {
    [newConnection]: { name: 'IPCTNL_MSG_CT_NEW', head, attributes: connection },
    [newExpectation]: { name: 'IPCTNL_MSG_EXP_NEW', head, attributes: expectation },
  },
};

/**
 * The connections of netns-ct-N.img, in the image's order. What is damaged is told by the notes; of a table of more
 * than 500,000 the first are there.
 * @param name entry path in the archive, for the notes.
 * @throws CheckpointError what the source throws
 */
export async function readConntrack(source: ByteSource, name: string, signal?: AbortSignal): Promise<ConntrackTable> {
  const entries: ConntrackEntry[] = [];
  const notes = await visitNetlink(
    source,
    name,
    conntrackFormat,
    ({ offset, type, content }) => {
      if (type !== newConnection || content['attributes'] === undefined) return true;
      // One more than is kept, to know whether there are more.
      return entries.push(entryOf(offset, content)) <= maxEntries;
    },
    false,
    signal,
  );
  if (entries.length <= maxEntries) return { entries, notes };
  entries.pop();
  const text = sentence('{0} holds more than {1} entries; only these are shown here.', name, maxEntries);
  return { entries, notes: [...notes, { kind: 'may-be-incomplete', where: name, text }] };
}

/** `TCP`; undefined for a protocol without a name here. */
export function protocolName(protocol: number): string | undefined {
  return protocolNames[protocol];
}

function entryOf(offset: number, content: JsonObject): ConntrackEntry {
  const attributes = content['attributes'] as JsonObject;
  const all = {
    offset,
    family: numberAt(content, 'nfgenmsg', 'family') ?? 0,
    original: tupleOf(at(attributes, 'CTA_TUPLE_ORIG')),
    reply: tupleOf(at(attributes, 'CTA_TUPLE_REPLY')),
    master: tupleOf(at(attributes, 'CTA_TUPLE_MASTER')),
    status: numberAt(attributes, 'CTA_STATUS'),
    state: stateOf(attributes),
    timeout: numberAt(attributes, 'CTA_TIMEOUT'),
    mark: numberAt(attributes, 'CTA_MARK'),
    id: numberAt(attributes, 'CTA_ID'),
    zone: numberAt(attributes, 'CTA_ZONE'),
    helper: textAt(attributes, 'CTA_HELP', 'CTA_HELP_NAME'),
    originalCounters: countersOf(at(attributes, 'CTA_COUNTERS_ORIG')),
    replyCounters: countersOf(at(attributes, 'CTA_COUNTERS_REPLY')),
    started: wideAt(attributes, 'CTA_TIMESTAMP', 'CTA_TIMESTAMP_START'),
  };
  return present(all);
}

function tupleOf(tuple: JsonValue | undefined): ConntrackTuple | undefined {
  if (tuple === undefined) return undefined;
  const addresses = at(tuple, 'CTA_TUPLE_IP');
  const protocol = at(tuple, 'CTA_TUPLE_PROTO');
  const either = (four: string, six: string): number | undefined => numberAt(protocol, four) ?? numberAt(protocol, six);
  const icmp = {
    id: either('CTA_PROTO_ICMP_ID', 'CTA_PROTO_ICMPV6_ID'),
    type: either('CTA_PROTO_ICMP_TYPE', 'CTA_PROTO_ICMPV6_TYPE'),
    code: either('CTA_PROTO_ICMP_CODE', 'CTA_PROTO_ICMPV6_CODE'),
  };
  return present({
    source: textAt(addresses, 'CTA_IP_V4_SRC') ?? textAt(addresses, 'CTA_IP_V6_SRC'),
    destination: textAt(addresses, 'CTA_IP_V4_DST') ?? textAt(addresses, 'CTA_IP_V6_DST'),
    protocol: numberAt(protocol, 'CTA_PROTO_NUM'),
    sourcePort: numberAt(protocol, 'CTA_PROTO_SRC_PORT'),
    destinationPort: numberAt(protocol, 'CTA_PROTO_DST_PORT'),
    icmp: Object.values(icmp).some((value) => value !== undefined) ? present(icmp) : undefined,
    zone: numberAt(tuple, 'CTA_TUPLE_ZONE'),
  });
}

function stateOf(attributes: JsonObject): string | undefined {
  for (const [name, names] of [
    ['TCP', tcpStates],
    ['SCTP', sctpStates],
    ['DCCP', dccpStates],
  ] as const) {
    const state = numberAt(attributes, 'CTA_PROTOINFO', `CTA_PROTOINFO_${name}`, `CTA_PROTOINFO_${name}_STATE`);
    if (state !== undefined) return names[state] ?? String(state);
  }
  return undefined;
}

/** Kernels before 3.11 gave 32-bit counters where they fit. */
function countersOf(counters: JsonValue | undefined): ConntrackCounters | undefined {
  const count = (what: string): bigint | undefined => {
    const narrow = numberAt(counters, `CTA_COUNTERS32_${what}`);
    return wideAt(counters, `CTA_COUNTERS_${what}`) ?? (narrow === undefined ? undefined : BigInt(narrow));
  };
  const [packets, bytes] = [count('PACKETS'), count('BYTES')];
  return packets === undefined || bytes === undefined ? undefined : { packets, bytes };
}

/** What lies at a path of names; of attributes that are there more than once the last, as the kernel has it. */
function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const name of path) {
    const inner = Array.isArray(found) ? (found.at(-1) as JsonValue | undefined) : found;
    if (typeof inner !== 'object' || inner === null) return undefined;
    found = (inner as JsonObject)[name];
  }
  return Array.isArray(found) ? (found.at(-1) as JsonValue) : found;
}

function numberAt(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

function textAt(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

function wideAt(value: JsonValue | undefined, ...path: readonly string[]): bigint | undefined {
  const found = at(value, ...path);
  return typeof found === 'bigint' ? found : undefined;
}

type Optional<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type Present<T> = Omit<T, Optional<T>> & { readonly [K in Optional<T>]?: Exclude<T[K], undefined> };

/** The members that have a value. */
function present<T extends object>(all: T): Present<T> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Present<T>;
}
