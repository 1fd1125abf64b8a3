import type { ImagePlace } from './raw.ts';

/** `inet` is IPv4. A family that no CRIU of today writes is its number. */
export type SocketFamily = 'inet' | 'inet6' | 'unix' | 'netlink' | 'packet' | `${number}`;

/** Where one end of an Internet socket is. */
export interface SocketAddress {
  /** `127.0.0.1`, `::1`, `::ffff:10.0.0.1`. */
  readonly address: string;
  readonly port: number;
  /** Of an address that only means something on one link: `eth0`. */
  readonly interface?: string;
}

/** A descriptor that stands for a socket. Processes that share a table of descriptors all have it. */
export interface SocketHolder {
  readonly fd: number;
  readonly pids: readonly number[];
}

/**
 * `connected`: both ends name each other. `sends-to`, `receives-from`: one of datagrams names the other, and is not
 * named by it. `waits-for`: connected to a listener that has not accepted it yet; `keeps-waiting` is the listener's side.
 */
export type PeerRelation = 'connected' | 'sends-to' | 'receives-from' | 'waits-for' | 'keeps-waiting';

/** The other end of a socket, as far as the checkpoint holds it. */
export interface SocketPeer {
  readonly relation: PeerRelation;
  /** Of the socket in this checkpoint; absent where the other end is outside. */
  readonly id?: number;
  readonly inode?: number;
  /** Its address or name, `''` for one without. */
  readonly name: string;
}

/** A file that is on its way in a queue (SCM_RIGHTS): whoever takes the message gets a descriptor of it. */
export interface PassedFile {
  readonly fileId: number;
  /** The socket of the checkpoint that it is, if it is one; `fileId` then is that socket's id. */
  readonly isSocket: boolean;
}

/** What one send(2) put into a queue. */
export interface SocketPacket {
  /** Bytes. Those of a damaged image may be fewer than it says: see {@link SocketQueue.missing}. */
  readonly bytes: number;
  readonly files: readonly PassedFile[];
}

/** What stands in a queue of a socket, and where its bytes can be read. */
export interface SocketQueue {
  readonly bytes: number;
  /** Of `bytes`, those at the end that were not sent to the other side yet. */
  readonly unsent?: number;
  /** Of `bytes`, those that a damaged image does not hold. */
  readonly missing?: number;
  /** Absent for streams of TCP, which know no messages. Of very many the first. */
  readonly packets?: readonly SocketPacket[];
  /** How many packets there are, with those that `packets` leaves out. */
  readonly packetCount?: number;
  /** Path in the file view; absent where nothing is there to be read. */
  readonly contents?: string;
}

/** A socket option as setsockopt(2) names it, or a fact that ss(8) tells under such a name. */
export interface SocketOption {
  readonly name: string;
  readonly value: number | string | boolean;
}

/** State of a TCP connection beside its queues, from tcp-stream-*.img. */
export interface TcpStreamFacts {
  readonly image: string;
  readonly maximumSegment: number;
  /** Words of TCPI_OPT_*: `timestamps`, `sack`, `window scaling` …; bits without a word in hexadecimal. */
  readonly negotiated: readonly string[];
  readonly sendWindowScale?: number;
  readonly receiveWindowScale?: number;
  readonly timestamp?: number;
  readonly sendWindow?: number;
  readonly largestSendWindow?: number;
  readonly receiveWindow?: number;
  readonly receiveSequence: number;
  readonly sendSequence: number;
}

export interface UnixSocketFacts {
  /** Path, or for an abstract name the text after the NUL. Absent for a socket without a name. */
  readonly name?: string;
  /** Base64 of the name where it is not UTF-8. */
  readonly nameBytes?: string;
  readonly abstract: boolean;
  /** The folder that a relative path is relative to. */
  readonly directory?: string;
  /** The path was removed while the socket was bound to it. */
  readonly deleted: boolean;
  /** Of the socket's file: st_mode, owner. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mountId?: number;
  /** CRIU's words for a socket that is not dumped as others are: `external`, `service`, `callback`, `inherited`. */
  readonly marks: readonly string[];
}

export interface NetlinkSocketFacts {
  /** `route`, `kobject-uevent` …, or the protocol's number. */
  readonly protocolName: string;
  readonly portId: number;
  readonly destinationPortId: number;
  readonly destinationGroup: number;
  /** Multicast groups by their number from 1 on, and the name of those of rtnetlink. */
  readonly groups: readonly { readonly number: number; readonly name?: string }[];
}

export interface PacketRingFacts {
  readonly blockSize: number;
  readonly blocks: number;
  readonly frameSize: number;
  readonly frames: number;
  readonly retireTimeout: number;
  readonly privateSize: number;
  readonly features: number;
}

export interface PacketSocketFacts {
  /** An Ethernet protocol: `ALL`, `IP`, `ARP` …, or `0x88b5`. */
  readonly protocolName: string;
  readonly protocolNumber: number;
  /** 0: of every interface. */
  readonly interfaceIndex: number;
  readonly version: number;
  readonly fanout?: { readonly group: number; readonly mode: string; readonly flags: readonly string[] };
  readonly receiveRing?: PacketRingFacts;
  readonly transmitRing?: PacketRingFacts;
  readonly memberships: readonly { readonly interfaceIndex: number; readonly type: string; readonly address: string }[];
}

/** One socket of the checkpoint, as a list shows it. */
export interface SocketFacts {
  /** Id of its file: joins descriptors, queues and peers. */
  readonly id: number;
  /** Entry path of the image that holds it. */
  readonly image: string;
  readonly family: SocketFamily;
  /** As netstat calls it: `tcp`, `tcp6`, `udp`, `udplite6`, `raw`, `icmp6`, `unix`, `netlink`, `packet`; `ip-132`. */
  readonly protocol: string;
  /** `STREAM`, `DGRAM`, `RAW`, `SEQPACKET`, or a number. */
  readonly type: string;
  /** The kernel's word: `LISTEN`, `ESTABLISHED`, `CLOSE` (for what has no connection: not connected), or a number. */
  readonly state: string;
  /** The numbers behind the words. `protocol` is the IP protocol, the netlink protocol or the Ethernet protocol. */
  readonly numbers: {
    readonly family: number;
    readonly type: number;
    readonly protocol: number;
    readonly state: number;
  };
  /** Absent for packet sockets, of which CRIU does not keep it. */
  readonly inode?: number;
  /** Of the network namespace, as CRIU numbers them. */
  readonly namespace?: number;
  /** `127.0.0.1:8080`, `[::1]:8086`, `/run/app.sock`, `@abstract`, `route:4711`, `''` where there is none. */
  readonly local: string;
  /** The same of the other end, `''` where there is none or it has no name. */
  readonly remote: string;
  readonly localAddress?: SocketAddress;
  /** Absent where it is not connected. */
  readonly remoteAddress?: SocketAddress;
  /** O_* flags of the open file. */
  readonly flags: number;
  /** `read`: nothing more can be received, `write`: nothing more can be sent. */
  readonly shutdown?: 'read' | 'write' | 'both';
  /** Of a listener: how many connections may wait. */
  readonly backlog?: number;
  /**
   * As ss(8) has them: bytes, of a listener the connections that wait and those that may. Absent where the checkpoint
   * does not tell: CRIU drops what a UDP or raw socket had received.
   */
  readonly receiveQueue?: number;
  readonly sendQueue?: number;
  /** Whether bytes stand in a queue, and can be read. */
  readonly hasContents: boolean;
  /** It is not one of the container's processes that has it: CRIU keeps its name for those that send to it. */
  readonly isOutside: boolean;
  /** In the order of processes and descriptors. */
  readonly holders: readonly SocketHolder[];
  /** Sockets in whose queues it is on its way to another process. */
  readonly passedThrough: readonly number[];
  readonly peers: readonly SocketPeer[];
  /** Of an accepted connection: the socket that listens where it is, through which it came. */
  readonly listener?: number;
}

/** One socket with everything known of it. */
export interface SocketDetail extends SocketFacts {
  /** Received and not read by a process yet; absent where the checkpoint does not hold it. */
  readonly received?: SocketQueue;
  /** Sent and not acknowledged yet, or not sent yet; TCP only. */
  readonly sent?: SocketQueue;
  /** `O_RDWR`, `O_NONBLOCK` … of the flags, by the machine's own numbers; what has no name as one hexadecimal number. */
  readonly flagNames: readonly string[];
  readonly options: readonly SocketOption[];
  readonly tcp?: TcpStreamFacts;
  readonly unix?: UnixSocketFacts;
  readonly netlink?: NetlinkSocketFacts;
  readonly packet?: PacketSocketFacts;
  readonly tracked: readonly TrackedConnection[];
}

/** One direction of a connection that the kernel tracks. */
export interface TrackedDirection {
  readonly source: string;
  readonly destination: string;
  readonly packets?: number;
  readonly bytes?: number;
}

/** An entry of the kernel's connection tracking: connections that were there lately, with a socket or without. */
export interface TrackedConnection {
  readonly namespace: number;
  readonly image: string;
  /** Where it stands in `image`, bytes. */
  readonly offset: number;
  /** `tcp`, `udp`, `icmp` …, or `ip-132`. */
  readonly protocol: string;
  readonly state?: string;
  /** Of who began it. */
  readonly original: TrackedDirection;
  /** Of the answers: not the mirror of `original` where addresses are translated. */
  readonly reply: TrackedDirection;
  readonly translated: boolean;
  /** Seconds until it would have been forgotten. */
  readonly timeout?: number;
  /** IPS_* words. */
  readonly status: readonly string[];
  /** Sockets of the checkpoint that it belongs to. */
  readonly sockets: readonly number[];
}

/** Id of the row that a tracked connection has in the table of sockets, where it has no socket. */
export function trackedId({ image, offset }: Pick<TrackedConnection, 'image' | 'offset'>): string {
  return `tracked ${image} ${String(offset)}`;
}

/** The state as a person says it: what knows no connections is not closed because it has none. */
export function stateText({ state, type, family }: Pick<SocketFacts, 'state' | 'type' | 'family'>): string {
  const isConnectionless = type !== 'STREAM' || family === 'packet';
  return state === 'CLOSE' && isConnectionless ? 'UNCONNECTED' : state;
}

/** Who has a socket open. */
export interface SocketUser {
  readonly pid: number;
  readonly fd: number;
  readonly command?: string;
}

/** The other end of a socket with who has it. */
export interface SocketPeerView extends SocketPeer {
  readonly users: readonly SocketUser[];
}

/** A row of the table of sockets with everything that its detail shows. */
export interface SocketView {
  /** Absent for a connection that the kernel tracked and of which no socket is left. */
  readonly socket?: SocketDetail;
  readonly tracked?: TrackedConnection;
  /** Of very many the first, as everywhere here. */
  readonly users: readonly SocketUser[];
  readonly userCount: number;
  readonly peers: readonly SocketPeerView[];
  readonly peerCount: number;
  readonly listener?: SocketPeerView;
  /** Whoever the socket is on its way to, where nobody has it open. */
  readonly passedThrough: readonly SocketPeerView[];
  /** Files that are on their way to the reader of this socket: what is known of those that are sockets. */
  readonly passedSockets: readonly SocketPeerView[];
  /** The first bytes of each queue. */
  readonly preview: { readonly received?: Uint8Array; readonly sent?: Uint8Array };
  /** Of the interface that a packet socket is bound to, or the namespace's number if it has no name. */
  readonly interfaceName?: string;
  /** The images that tell of it, that of the socket itself first. */
  readonly images: readonly ImagePlace[];
}

/** Bytes of a queue that its preview has at most. */
export const QUEUE_PREVIEW = 2048;
