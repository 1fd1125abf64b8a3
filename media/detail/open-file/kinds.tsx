import { escapeText, formatDuration } from '../../../src/protocol/format.ts';
import type { KindFacts, OpenFileFacts } from '../../../src/protocol/open-files.ts';
import type { Wire } from '../../../src/protocol/wire.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Code, Link, Size } from '../../parts/values.tsx';
import { formatNumber, t } from '../../text.ts';
import { ProcessLink } from './holders.tsx';
import { PipeView } from './pipe.tsx';
import { TerminalView } from './terminal.tsx';
import { EpollView, FanotifyView, InotifyView } from './watches.tsx';

export type Kind<Of extends KindFacts['of']> = Extract<Wire<KindFacts>, { readonly of: Of }>;

/** What is particular to the kind of file. */
export function KindView({ facts, file }: { facts: Wire<KindFacts> | undefined; file: Wire<OpenFileFacts> }) {
  switch (facts?.of) {
    case undefined:
      return file.socket ? <SocketView file={file} socket={file.socket} /> : null;
    case 'pipe':
      return <PipeView pipe={facts} file={file} />;
    case 'epoll':
      return <EpollView epoll={facts} pid={file.pid} />;
    case 'inotify':
      return <InotifyView inotify={facts} />;
    case 'fanotify':
      return <FanotifyView fanotify={facts} />;
    case 'terminal':
      return <TerminalView terminal={facts} file={file} />;
    case 'timerfd':
      return <TimerView timer={facts} />;
    case 'eventfd':
      return (
        <Facts title={t('Event counter')}>
          <Fact label={t('Count')} title={t('What the next read gets; a read waits while it is 0')}>
            {formatNumber(BigInt(facts.counter))}
          </Fact>
        </Facts>
      );
    case 'signalfd':
      return (
        <Facts title={t('Signals')}>
          <Fact label={t('Takes')}>
            {facts.signals.length === 0 ? t('none') : <Code>{facts.signals.join(' ')}</Code>}
          </Fact>
        </Facts>
      );
    case 'memfd':
      return (
        <Facts title={t('Memory')}>
          <Fact label={t('Name')}>
            {facts.name === '' ? <span class="muted">{t('(empty)')}</span> : <Code>{facts.name}</Code>}
          </Fact>
          <Fact label={t('Seals')} title={t('What nobody may do with it any more')}>
            {facts.seals.length === 0 ? t('none') : <Code>{facts.seals.join(' | ')}</Code>}
          </Fact>
          <Fact label={t('Owner')}>{t('user {0}, group {1}', facts.uid, facts.gid)}</Fact>
          <Fact label={t('Huge pages')}>{facts.hugePages !== undefined && `0x${facts.hugePages.toString(16)}`}</Fact>
        </Facts>
      );
    case 'pidfd':
      return (
        <Facts title={t('Process')}>
          <Fact label={t('Stands for')}>
            {facts.target === undefined ? (
              t('a process that was gone')
            ) : (
              <ProcessLink pid={facts.target} command={facts.command} />
            )}
          </Fact>
        </Facts>
      );
    case 'namespace':
      return <NamespaceView namespace={facts} />;
    case 'tun':
      return (
        <Facts title={t('Network device')}>
          <Fact label={t('Name')}>{facts.device === undefined ? t('not attached') : <Code>{facts.device}</Code>}</Fact>
          <Fact label={t('Queue')}>{facts.detached && t('detached')}</Fact>
          <Fact label={t('Network namespace')}>{facts.networkNamespace}</Fact>
        </Facts>
      );
    case 'BPF map':
      return <BpfMapView map={facts} />;
  }
}

function SocketView({ file, socket }: { file: Wire<OpenFileFacts>; socket: NonNullable<OpenFileFacts['socket']> }) {
  return (
    <Facts title={t('Socket')}>
      <Fact label={t('Protocol')}>{escapeText(socket.protocol)}</Fact>
      <Fact label={t('Socket')}>
        <Link to={{ tab: 'sockets', row: String(file.fileId) }} title={t('Show its other end, queues and options')}>
          {escapeText(file.target)}
        </Link>
      </Fact>
      <Fact label={t('State')}>{escapeText(socket.state)}</Fact>
      <Fact label={t('Local')}>{socket.local !== '' && <Code>{socket.local}</Code>}</Fact>
      <Fact label={t('Remote')}>{socket.remote !== '' && <Code>{socket.remote}</Code>}</Fact>
      <Fact label={t('Unread')}>{file.unread !== undefined && <Size bytes={file.unread} />}</Fact>
    </Facts>
  );
}

function TimerView({ timer }: { timer: Kind<'timerfd'> }) {
  const remaining = BigInt(timer.remaining);
  const interval = BigInt(timer.interval);
  return (
    <Facts title={t('Timer')}>
      <Fact label={t('Clock')}>
        <Code>{timer.clock}</Code>
      </Fact>
      <Fact label={t('Goes off in')}>{remaining === 0n ? t('not set') : formatDuration(Number(remaining) / 1000)}</Fact>
      <Fact label={t('Then every')}>
        {interval === 0n ? t('never again') : formatDuration(Number(interval) / 1000)}
      </Fact>
      <Fact label={t('Went off')} title={t('Since it was last read')}>
        {t('{0} times', formatNumber(BigInt(timer.ticks)))}
      </Fact>
      <Fact label={t('Settings')}>{timer.settings.length > 0 && <Code>{timer.settings.join(' | ')}</Code>}</Fact>
    </Facts>
  );
}

function NamespaceView({ namespace }: { namespace: Kind<'namespace'> }) {
  return (
    <>
      <Facts title={t('Namespace')}>
        <Fact label={t('Kind')}>
          <Code>{namespace.namespace}</Code>
        </Fact>
        <Fact label={t('Number')} title={t('CRIU’s own: the kernel’s is not in the checkpoint')}>
          {namespace.id}
        </Fact>
        <Fact label={t('Processes in it')}>
          {namespace.members.length === 0
            ? t('none of this checkpoint')
            : namespace.members.map((member, index) => (
                <span key={member.pid}>
                  {index > 0 && ', '}
                  <ProcessLink pid={member.pid} command={member.command} />
                </span>
              ))}
          {namespace.more && <p class="muted">{t('There are more than can be listed.')}</p>}
        </Fact>
      </Facts>
    </>
  );
}

function BpfMapView({ map }: { map: Kind<'BPF map'> }) {
  return (
    <Facts title={t('BPF map')}>
      <Fact label={t('Name')}>{map.name !== '' && <Code>{map.name}</Code>}</Fact>
      <Fact label={t('Kind')}>{escapeText(map.map)}</Fact>
      <Fact label={t('Entries')}>
        {map.entries === undefined
          ? t('at most {0}; none is in this checkpoint', formatNumber(map.maxEntries))
          : t('{0} of at most {1}', formatNumber(map.entries), formatNumber(map.maxEntries))}
      </Fact>
      <Fact label={t('Key')}>
        <Size bytes={map.keySize} />
      </Fact>
      <Fact label={t('Value')}>
        <Size bytes={map.valueSize} />
      </Fact>
      <Fact label={t('Frozen')}>{map.frozen && t('yes: programs may not change it')}</Fact>
      <Fact label={t('Number')}>{map.mapId}</Fact>
    </Facts>
  );
}
