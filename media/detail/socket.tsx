import { escapeText } from '../../src/protocol/format.ts';
import {
  stateText,
  type PeerRelation,
  type SocketDetail,
  type SocketOption,
  type SocketPeerView,
  type SocketUser,
  type SocketView,
} from '../../src/protocol/sockets.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Code, Copyable, Link, PlaceLink } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { t, tn } from '../text.ts';
import { DetailFrame, DetailHeader, Section, useDetail } from './pane.tsx';
import { Queue } from './socket-queue.tsx';
import { NetlinkFacts, PacketFacts, TcpFacts, UnixFacts } from './socket-kinds.tsx';
import { TrackedConnections, TrackedView } from './tracked-connection.tsx';

/** One socket as ss would tell of it with all its options, and what stands in its queues. */
export function SocketDetailPane({ id }: { id: string }) {
  const session = useSession();
  const resource = useDetail(id, (row, signal) => session.host.socket(row, signal));
  return (
    <DetailFrame resource={resource}>
      {(view) => (view.socket ? <Socket view={view} socket={view.socket} /> : <Ended view={view} />)}
    </DetailFrame>
  );
}

function Ended({ view: { tracked } }: { view: Wire<SocketView> }) {
  return tracked ? <TrackedView connection={tracked} /> : null;
}

function Socket({ view, socket }: { view: Wire<SocketView>; socket: Wire<SocketDetail> }) {
  const [image, ...images] = view.images;
  return (
    <>
      <DetailHeader
        title={<span class="code">{socketTitle(socket)}</span>}
        subtitle={`${kindText(socket)} · ${stateText(socket)}`}
      >
        {image && <PlaceLink place={image}>{t('Show in image')}</PlaceLink>}
      </DetailHeader>
      <Verdict socket={socket} users={view.userCount} />
      <Users title={t('Open in')} users={view.users} count={view.userCount} />
      <Peers view={view} />
      {socket.received && (
        <Queue
          title={t('Received and not read yet')}
          queue={socket.received}
          preview={view.preview.received}
          passed={view.passedSockets}
        />
      )}
      {socket.sent && (
        <Queue title={t('Sent and not acknowledged yet')} queue={socket.sent} preview={view.preview.sent} passed={[]} />
      )}
      <Facts title={t('Socket')}>
        <Fact label={t('Local')}>{socket.local !== '' && <Copyable text={socket.local} />}</Fact>
        <Fact label={t('Remote')}>{socket.remote !== '' && <Copyable text={socket.remote} />}</Fact>
        <Fact label={t('State')}>{stateText(socket)}</Fact>
        <Fact label={t('Type')}>{escapeText(socket.type)}</Fact>
        <Fact label={t('Waiting')} title={t('How many may wait to be accepted')}>
          {socket.backlog !== undefined && t('{0} of at most {1}', socket.receiveQueue ?? 0, socket.backlog)}
        </Fact>
        <Fact label={t('Shut down')}>{socket.shutdown && shutdownText(socket.shutdown)}</Fact>
        <Fact label={t('Inode')}>{socket.inode}</Fact>
        <Fact label={t('Namespace')} title={t('Network namespace, as CRIU numbers it')}>
          {socket.namespace}
        </Fact>
        <Fact label={t('Flags')}>
          <span class="code">{socket.flagNames.join(' | ')}</span>
        </Fact>
      </Facts>
      {socket.unix && <UnixFacts unix={socket.unix} />}
      {socket.tcp && <TcpFacts tcp={socket.tcp} />}
      {socket.netlink && <NetlinkFacts netlink={socket.netlink} />}
      {socket.packet && <PacketFacts packet={socket.packet} interfaceName={view.interfaceName} />}
      <Options options={socket.options} />
      {socket.tracked.length > 0 && <TrackedConnections connections={socket.tracked} />}
      {images.length > 0 && (
        <Facts title={t('In the images')}>
          <Fact label={t('Queues')}>
            {images.map((place) => (
              <PlaceLink key={place.image} place={place} />
            ))}
          </Fact>
        </Facts>
      )}
    </>
  );
}

function socketTitle({ local, remote, inode }: Wire<SocketDetail>): string {
  const own = local === '' ? `socket:[${inode === undefined ? '?' : String(inode)}]` : local;
  return escapeText(remote === '' ? own : `${own} → ${remote}`);
}

function kindText({ protocol, type, family, netlink }: Wire<SocketDetail>): string {
  if (family === 'unix') return t('UNIX socket ({0})', type.toLowerCase());
  if (family === 'netlink') return t('Netlink socket ({0})', netlink?.protocolName ?? '');
  if (family === 'packet') return t('Packet socket');
  const name = protocol.replace(/6$/, '').toUpperCase();
  return family === 'inet6' ? t('{0} socket, IPv6', escapeText(name)) : t('{0} socket', escapeText(name));
}

/** What must be known of the socket before its facts. */
function Verdict({ socket, users }: { socket: Wire<SocketDetail>; users: number }) {
  const lines = [
    socket.isOutside &&
      t('It belongs to a process outside the container: CRIU kept its name for those that send to it.'),
    !socket.isOutside &&
      users === 0 &&
      socket.passedThrough.length === 0 &&
      t('No process in this checkpoint has it open.'),
    users === 0 && socket.passedThrough.length > 0 && t('It is on its way in the queue of another socket.'),
    hidesReceived(socket) && t('What it had received is not in the checkpoint: CRIU does not dump that.'),
    lostStream(socket) && t('Its connection was closed for the dump: neither queues nor windows were kept.'),
  ].filter((line) => line !== false);
  return (
    <>
      {lines.map((line) => (
        <p key={line} class="verdict">
          <Icon name="info" />
          {line}
        </p>
      ))}
    </>
  );
}

function hidesReceived({ family, protocol, receiveQueue, isOutside }: Wire<SocketDetail>): boolean {
  return !isOutside && receiveQueue === undefined && !protocol.startsWith('tcp') && family !== 'unix';
}

function lostStream({ protocol, remoteAddress, tcp, state }: Wire<SocketDetail>): boolean {
  return protocol.startsWith('tcp') && remoteAddress !== undefined && tcp === undefined && state !== 'LISTEN';
}

function shutdownText(shutdown: 'read' | 'write' | 'both'): string {
  switch (shutdown) {
    case 'read':
      return t('for reading: nothing more can be received');
    case 'write':
      return t('for writing: nothing more can be sent');
    case 'both':
      return t('for reading and writing');
  }
}

function Users({ title, users, count }: { title: string; users: readonly SocketUser[]; count: number }) {
  if (users.length === 0) return null;
  return (
    <Section title={title} {...(count > 1 && { count })}>
      <ul class="plain-list">
        {users.map((user) => (
          <li key={`${String(user.pid)} ${String(user.fd)}`}>
            <UserLink user={user} />
          </li>
        ))}
      </ul>
      {count > users.length && <p class="muted">{tn(count - users.length, 'and {0} more', 'and {0} more')}</p>}
    </Section>
  );
}

export function UserLink({ user: { pid, fd, command } }: { user: SocketUser }) {
  return (
    <>
      <Link to={{ tab: 'processes', row: String(pid), pid }} title={t('Show the process')}>
        {escapeText(command ?? '')} {t('pid {0}', pid)}
      </Link>{' '}
      <Link to={{ tab: 'files', row: `${String(pid)}/${String(fd)}` }} title={t('Show the descriptor')}>
        {t('descriptor {0}', fd)}
      </Link>
    </>
  );
}

function Peers({ view }: { view: Wire<SocketView> }) {
  const { peers, peerCount, listener, passedThrough } = view;
  if (peers.length === 0 && !listener && passedThrough.length === 0) return null;
  return (
    <Section title={t('Other end')} {...(peerCount > 1 && { count: peerCount })}>
      <LongList items={peers}>
        {(shown) => (
          <ul class="plain-list">
            {shown.map((peer, index) => (
              <Peer key={index} peer={peer} text={relationText(peer.relation)} />
            ))}
            {listener && <Peer peer={listener} text={t('came through')} />}
            {passedThrough.map((peer, index) => (
              <Peer key={`passed ${String(index)}`} peer={peer} text={t('on its way to the reader of')} />
            ))}
          </ul>
        )}
      </LongList>
    </Section>
  );
}

/** A socket, and who has it. */
export function Peer({ peer, text }: { peer: SocketPeerView; text: string }) {
  const name = peer.name === '' ? `socket:[${peer.inode === undefined ? '?' : String(peer.inode)}]` : peer.name;
  return (
    <li>
      <span class="muted">{text} </span>
      {peer.id === undefined ? (
        <>
          <Code>{name}</Code>
          <span class="muted"> {t('outside this checkpoint')}</span>
        </>
      ) : (
        <Link to={{ tab: 'sockets', row: String(peer.id) }} title={t('Show the socket')}>
          <span class="code">{escapeText(name)}</span>
        </Link>
      )}
      {peer.users.map((user) => (
        <div key={`${String(user.pid)} ${String(user.fd)}`} class="indented">
          <UserLink user={user} />
        </div>
      ))}
    </li>
  );
}

function relationText(relation: PeerRelation): string {
  switch (relation) {
    case 'connected':
      return t('connected to');
    case 'sends-to':
      return t('sends to');
    case 'receives-from':
      return t('receives from');
    case 'waits-for':
      return t('waits to be accepted by');
    case 'keeps-waiting':
      return t('has not accepted yet');
  }
}

/** Those that are set first; what is off says little. */
function Options({ options }: { options: readonly SocketOption[] }) {
  if (options.length === 0) return null;
  const isOff = ({ value }: SocketOption) => value === false || value === 0;
  const sorted = [...options.filter((option) => !isOff(option)), ...options.filter(isOff)];
  return (
    <Section title={t('Options')} count={options.length}>
      <table class="plain-table options">
        <tbody>
          {sorted.map((option) => (
            <tr key={option.name} class={isOff(option) ? 'muted' : ''}>
              <th class="code">{escapeText(option.name)}</th>
              <td class="code">{optionText(option)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function optionText({ value }: SocketOption): string {
  if (typeof value === 'boolean') return value ? t('on') : t('off');
  return escapeText(typeof value === 'number' ? String(value) : value);
}
