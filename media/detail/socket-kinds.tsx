import { escapeText, formatMode } from '../../src/protocol/format.ts';
import type {
  NetlinkSocketFacts,
  PacketRingFacts,
  PacketSocketFacts,
  TcpStreamFacts,
  UnixSocketFacts,
} from '../../src/protocol/sockets.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Code, Copyable, Size } from '../parts/values.tsx';
import { t } from '../text.ts';

/** What only sockets of one kind have. */
export function UnixFacts({ unix }: { unix: UnixSocketFacts }) {
  const { name, abstract, directory, deleted, mode, uid, gid, mountId, marks } = unix;
  if (name === undefined && marks.length === 0) return null;
  return (
    <Facts title={t('Name')}>
      <Fact label={abstract ? t('Abstract name') : t('Path')}>{name !== undefined && <Copyable text={name} />}</Fact>
      <Fact label={t('Relative to')}>{directory !== undefined && <Code>{directory}</Code>}</Fact>
      <Fact label={t('Removed')}>{deleted && t('The path was removed while the socket was bound to it.')}</Fact>
      <Fact label={t('Mode')}>{mode !== undefined && <span class="code">{formatMode(mode)}</span>}</Fact>
      <Fact label={t('Owner')}>{uid !== undefined && `${String(uid)}:${String(gid ?? '')}`}</Fact>
      <Fact label={t('Mount')}>{mountId}</Fact>
      <Fact label={t('CRIU marks it')}>{marks.length > 0 && escapeText(marks.join(', '))}</Fact>
    </Facts>
  );
}

export function TcpFacts({ tcp }: { tcp: TcpStreamFacts }) {
  return (
    <Facts title={t('TCP connection')}>
      <Fact label={t('Negotiated')}>{escapeText(tcp.negotiated.join(', '))}</Fact>
      <Fact label={t('Segment size')}>
        <Size bytes={tcp.maximumSegment} />
      </Fact>
      <Fact label={t('Receive window')}>{tcp.receiveWindow !== undefined && <Size bytes={tcp.receiveWindow} />}</Fact>
      <Fact label={t('Send window')}>{tcp.sendWindow !== undefined && <Size bytes={tcp.sendWindow} />}</Fact>
      <Fact label={t('Largest window')} title={t('The largest that the other side has offered')}>
        {tcp.largestSendWindow !== undefined && <Size bytes={tcp.largestSendWindow} />}
      </Fact>
      <Fact label={t('Window scales')} title={t('Of the own window and the other side’s: powers of two')}>
        {tcp.receiveWindowScale !== undefined &&
          `${String(tcp.receiveWindowScale)} / ${String(tcp.sendWindowScale ?? '?')}`}
      </Fact>
      <Fact label={t('Sequence')} title={t('Of the next byte to be received, and to be acknowledged')}>
        {`${String(tcp.receiveSequence)} / ${String(tcp.sendSequence)}`}
      </Fact>
      <Fact label={t('Time stamp')}>{tcp.timestamp}</Fact>
    </Facts>
  );
}

export function NetlinkFacts({ netlink }: { netlink: NetlinkSocketFacts }) {
  const { protocolName, portId, destinationPortId, destinationGroup, groups } = netlink;
  return (
    <Facts title={t('Netlink')}>
      <Fact label={t('Protocol')}>{escapeText(protocolName)}</Fact>
      <Fact label={t('Port')}>{portId}</Fact>
      <Fact label={t('Sends to')}>{destinationPortId === 0 ? t('the kernel') : t('port {0}', destinationPortId)}</Fact>
      <Fact label={t('Sends to group')}>{destinationGroup !== 0 && destinationGroup}</Fact>
      <Fact label={t('Listens to groups')}>
        {groups.length > 0 && groups.map(({ number, name }) => name ?? String(number)).join(', ')}
      </Fact>
    </Facts>
  );
}

export function PacketFacts({
  packet,
  interfaceName,
}: {
  packet: PacketSocketFacts;
  interfaceName: string | undefined;
}) {
  const { protocolName, protocolNumber, interfaceIndex, fanout, receiveRing, transmitRing, memberships } = packet;
  return (
    <Facts title={t('Packets')}>
      <Fact label={t('Sees')}>
        {t('{0} (protocol {1})', escapeText(protocolName), `0x${protocolNumber.toString(16).padStart(4, '0')}`)}
      </Fact>
      <Fact label={t('Interface')}>
        {interfaceIndex === 0 ? t('all of them') : escapeText(interfaceName ?? t('number {0}', interfaceIndex))}
      </Fact>
      <Fact label={t('Fanout')}>
        {fanout && escapeText(t('group {0}, {1}', fanout.group, [fanout.mode, ...fanout.flags].join(', ')))}
      </Fact>
      <Fact label={t('Receive ring')}>{receiveRing && <Ring ring={receiveRing} />}</Fact>
      <Fact label={t('Transmit ring')}>{transmitRing && <Ring ring={transmitRing} />}</Fact>
      <Fact label={t('Memberships')}>
        {memberships.length > 0 &&
          memberships.map(({ type, address }) => escapeText(address === '' ? type : `${type} ${address}`)).join('; ')}
      </Fact>
    </Facts>
  );
}

function Ring({ ring: { blocks, blockSize, frames, frameSize } }: { ring: PacketRingFacts }) {
  return (
    <>
      {t('{0} blocks of', blocks)} <Size bytes={blockSize} />, {t('{0} frames of', frames)} <Size bytes={frameSize} />
    </>
  );
}
