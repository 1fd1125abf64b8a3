import type { NetlinkSocketFacts, PacketRingFacts, PacketSocketFacts } from '../../../protocol/sockets.ts';
import type { NetlinkSkEntry, PacketRing, PacketSockEntry } from '../../criu/schema/generated/messages.ts';
import type { SocketCore } from './socket-core.ts';
import {
  AF,
  etherProtocolWord,
  fanoutWord,
  membershipWord,
  netlinkGroupName,
  netlinkProtocolWord,
  netlinkStateWord,
  SOCK_RAW,
  STATE,
  stateWord,
  typeWord,
} from './socket-words.ts';

/** More than any netlink protocol has; keeps a hostile list of bit masks from becoming millions of numbers. */
const maxGroups = 1024;
/** Nobody joins more. */
const maxMemberships = 256;

/** A socket to the kernel, or through it to other processes. */
export function describeNetlink(socket: NetlinkSkEntry): SocketCore {
  const protocol = netlinkProtocolWord(socket.protocol);
  const isConnected = socket.dst_portid !== 0 || socket.dst_group !== 0;
  return {
    id: socket.id,
    family: 'netlink',
    protocol: 'netlink',
    // CRIU does not keep whether it is RAW or DGRAM: to the kernel they are the same.
    type: typeWord(SOCK_RAW, undefined),
    state: netlinkStateWord(socket.state),
    numbers: { family: AF.netlink, type: SOCK_RAW, protocol: socket.protocol, state: socket.state },
    inode: socket.ino,
    ...(socket.ns_id !== undefined && { namespace: socket.ns_id }),
    local: socket.portid === 0 ? `${protocol}:*` : `${protocol}:${String(socket.portid)}`,
    remote: isConnected ? `${protocol}:${String(socket.dst_portid)}` : '',
    flags: socket.flags,
  };
}

export function describeNetlinkDetail(socket: NetlinkSkEntry): NetlinkSocketFacts {
  return {
    protocolName: netlinkProtocolWord(socket.protocol),
    portId: socket.portid,
    destinationPortId: socket.dst_portid,
    destinationGroup: socket.dst_group,
    groups: groupNumbers(socket.groups).map((number) => {
      const name = netlinkGroupName(socket.protocol, number);
      return { number, ...(name !== undefined && { name }) };
    }),
  };
}

/** CRIU keeps them as the kernel's bit mask; group 1 is the lowest bit. */
function groupNumbers(words: readonly number[]): readonly number[] {
  const numbers: number[] = [];
  for (const [index, word] of words.entries()) {
    for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 1) numbers.push(index * 32 + bit + 1);
    if (numbers.length > maxGroups) break;
  }
  return numbers.slice(0, maxGroups);
}

/** A socket that sees the frames of an interface, as tcpdump's. */
export function describePacket(socket: PacketSockEntry, machine: number | undefined): SocketCore {
  const protocol = etherProtocol(socket);
  const device = socket.ifindex === 0 ? '*' : `if${String(socket.ifindex)}`;
  return {
    id: socket.id,
    family: 'packet',
    protocol: 'packet',
    type: typeWord(socket.type, machine),
    // The kernel has no other state for it.
    state: stateWord(STATE.close),
    numbers: { family: AF.packet, type: socket.type, protocol, state: STATE.close },
    ...(socket.ns_id !== undefined && { namespace: socket.ns_id }),
    local: `${etherProtocolWord(protocol)}:${device}`,
    remote: '',
    flags: socket.flags,
  };
}

/** CRIU keeps it in network byte order: criu criu/sk-packet.c, packet_receive_one. */
function etherProtocol({ protocol }: PacketSockEntry): number {
  return ((protocol & 0xff) << 8) | ((protocol >>> 8) & 0xff);
}

export function describePacketDetail(socket: PacketSockEntry): PacketSocketFacts {
  const protocolNumber = etherProtocol(socket);
  const fanout = describeFanout(socket);
  return {
    protocolName: etherProtocolWord(protocolNumber),
    protocolNumber,
    interfaceIndex: socket.ifindex,
    version: socket.version,
    ...(fanout && { fanout }),
    ...(socket.rx_ring && { receiveRing: describeRing(socket.rx_ring) }),
    ...(socket.tx_ring && { transmitRing: describeRing(socket.tx_ring) }),
    memberships: socket.mclist.slice(0, maxMemberships).map(({ index, type, addr }) => ({
      interfaceIndex: index,
      type: membershipWord(type),
      address: Buffer.from(addr)
        .toString('hex')
        .replace(/..(?=.)/g, '$&:'),
    })),
  };
}

const noFanout = 0xffffffff;
/** In the upper half of the word. Source: the kernel's include/uapi/linux/if_packet.h, PACKET_FANOUT_FLAG_*. */
const fanoutFlags: readonly (readonly [bit: number, word: string])[] = [
  [0x1000, 'rollover'],
  [0x2000, 'uniqueid'],
  [0x4000, 'ignore-outgoing'],
  [0x8000, 'defrag'],
];

function describeFanout({ fanout }: PacketSockEntry): PacketSocketFacts['fanout'] {
  if (fanout === undefined || fanout === noFanout) return undefined;
  const type = fanout >>> 16;
  return {
    group: fanout & 0xffff,
    mode: fanoutWord(type & 0xff),
    flags: fanoutFlags.filter(([bit]) => (type & bit) !== 0).map(([, word]) => word),
  };
}

function describeRing(ring: PacketRing): PacketRingFacts {
  return {
    blockSize: ring.block_size,
    blocks: ring.block_nr,
    frameSize: ring.frame_size,
    frames: ring.frame_nr,
    retireTimeout: ring.retire_tmo,
    privateSize: ring.sizeof_priv,
    features: ring.features,
  };
}
