import { escapeText } from '../../../src/protocol/format.ts';
import type { ComponentChildren } from 'preact';
import { LongList } from '../../parts/long-list.tsx';
import { Code, Link } from '../../parts/values.tsx';
import { Fact, Facts } from '../../parts/facts.tsx';
import { t } from '../../text.ts';
import { Section } from '../pane.tsx';
import type { Kind } from './kinds.tsx';

/** The kernel adds these itself. */
const ALWAYS: ReadonlySet<string> = new Set(['EPOLLERR', 'EPOLLHUP']);

/** Which descriptors an epoll waits for. */
export function EpollView({ epoll, pid }: { epoll: Kind<'epoll'>; pid: number }) {
  return (
    <Section title={t('Waits for')} count={epoll.targets.length}>
      <LongList items={epoll.targets}>
        {(shown) => (
          <Watches heads={[t('Descriptor'), t('Events'), t('Data')]}>
            {shown.map((target, index) => (
              <tr key={index}>
                <td>
                  {target.target === undefined ? (
                    <span title={t('The process has nothing open at this number now, or another file than is watched')}>
                      {target.fd} <span class="muted">{t('another file')}</span>
                    </span>
                  ) : (
                    <>
                      <Link to={{ tab: 'files', row: `${String(pid)}/${String(target.fd)}` }}>{String(target.fd)}</Link>{' '}
                      <span class="code">{escapeText(target.target)}</span>
                    </>
                  )}
                </td>
                <td class="code" title={target.events.join(' | ')}>
                  {target.events.filter((event) => !ALWAYS.has(event)).join(' ')}
                </td>
                <td class="code nowrap">{target.data}</td>
              </tr>
            ))}
          </Watches>
        )}
      </LongList>
    </Section>
  );
}

export function InotifyView({ inotify }: { inotify: Kind<'inotify'> }) {
  return (
    <Section title={t('Watches')} count={inotify.watches.length}>
      <LongList items={inotify.watches}>
        {(shown) => (
          <Watches heads={[t('Path'), t('Events'), t('Number')]}>
            {shown.map(({ watch, path, inode, device, events }, index) => (
              <tr key={index}>
                <td>
                  <Watched path={path} inode={inode} device={device} />
                </td>
                <td class="code">{events.join(' ')}</td>
                <td>{watch}</td>
              </tr>
            ))}
          </Watches>
        )}
      </LongList>
    </Section>
  );
}

export function FanotifyView({ fanotify }: { fanotify: Kind<'fanotify'> }) {
  return (
    <>
      <Facts title={t('Listener')}>
        <Fact label={t('Settings')}>
          {fanotify.settings.length > 0 && <Code>{fanotify.settings.join(' | ')}</Code>}
        </Fact>
        <Fact label={t('Opens with')} title={t('Flags of the descriptors that it gets with an event')}>
          <Code>{fanotify.eventFlags.join(' | ')}</Code>
        </Fact>
      </Facts>
      <Section title={t('Watches')} count={fanotify.marks.length}>
        <LongList items={fanotify.marks}>
          {(shown) => (
            <Watches heads={[t('What'), t('Events'), t('Ignored')]}>
              {shown.map(({ on, path, inode, device, mountId, events, ignored, settings }, index) => (
                <tr key={index}>
                  <td>
                    {on === 'mount' && mountId !== undefined ? (
                      <Link to={{ tab: 'mounts', row: String(mountId) }}>{t('mount {0}', mountId)}</Link>
                    ) : (
                      <Watched path={path} inode={inode} device={device} />
                    )}
                  </td>
                  <td class="code">{events.join(' ')}</td>
                  <td class="code">{[...ignored, ...settings].join(' ')}</td>
                </tr>
              ))}
            </Watches>
          )}
        </LongList>
      </Section>
    </>
  );
}

/** What is watched, by its path, or by what the kernel knows it by where CRIU found no path. */
function Watched({ path, inode, device }: { path: string | undefined; inode: string | undefined; device: number }) {
  if (path !== undefined) return <span class="code">{escapeText(path)}</span>;
  const number = inode === undefined ? '?' : String(BigInt(inode));
  return <>{t('inode {0} on device {1}', number, `${String(device >>> 20)}:${String(device & 0xfffff)}`)}</>;
}

function Watches({ heads, children }: { heads: readonly string[]; children: ComponentChildren }) {
  return (
    <table class="plain-table">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head}>{head}</th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
