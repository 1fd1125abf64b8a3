import type { ProcessDetail } from '../../src/protocol/checkpoint-api.ts';
import { escapeText } from '../../src/protocol/format.ts';
import type { ProcessFacts } from '../../src/protocol/processes.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { NoteList } from '../parts/notes.tsx';
import { LongList } from '../parts/long-list.tsx';
import { ShowInImage } from '../parts/show-in-image.tsx';
import { Code, Copyable, CopyButton, Link, PlaceLink, Size } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { formatNumber, t } from '../text.ts';
import { Environment } from './environment.tsx';
import { DetailFrame, DetailHeader, Section, useDetail } from './pane.tsx';
import { STATE_ICONS, stateText } from './process-state.ts';
import { Threads } from './threads.tsx';

/** One process as ps and /proc would show it. */
export function ProcessDetailPane({ id, revealed }: { id: string; revealed: boolean }) {
  const session = useSession();
  const resource = useDetail(id, (row, signal) => session.host.process(Number(row), false, signal));
  return (
    <DetailFrame resource={resource}>
      {(detail) => <ProcessView key={detail.process.pid} detail={detail} revealed={revealed} />}
    </DetailFrame>
  );
}

function ProcessView({ detail, revealed }: { detail: Wire<ProcessDetail>; revealed: boolean }) {
  const { process, mounts, notes, images, open } = detail;
  return (
    <>
      <DetailHeader
        title={
          <>
            {process.comm !== undefined && escapeText(process.comm)}{' '}
            <span class="muted">{t('pid {0}', process.pid)}</span>
          </>
        }
        subtitle={
          <>
            <Icon name={STATE_ICONS[process.state]} /> {stateText(process)}
          </>
        }
      >
        <OtherTabs process={process} />
        <OpenProcFiles pid={process.pid} />
      </DetailHeader>
      {notes.length > 0 && <NoteList notes={notes} />}
      <Arguments process={process} />
      <Facts title={t('Process')}>
        <Fact label={t('Executable')}>
          {process.executable !== undefined && <Copyable text={process.executable} />}
        </Fact>
        <Fact label={t('Working directory')}>
          {process.workingDirectory !== undefined && <Copyable text={process.workingDirectory} />}
        </Fact>
        <Fact label={t('Root directory')}>
          {(process.rootDirectory ?? '/') !== '/' && <Code>{process.rootDirectory ?? ''}</Code>}
        </Fact>
        <Fact label={t('Parent')}>
          {process.ppid > 0 ? <ProcessLink pid={process.ppid} /> : t('none in this checkpoint')}
        </Fact>
        <Fact label={t('Process group')}>{process.pgid}</Fact>
        <Fact label={t('Session')}>{process.sid}</Fact>
        <Fact label={t('User')}>{process.uids && <Ids ids={process.uids} />}</Fact>
        <Fact label={t('Group')}>{process.gids && <Ids ids={process.gids} />}</Fact>
        <Fact label={t('Further groups')}>{process.groups?.join(', ')}</Fact>
        <Fact label={t('Umask')}>{process.umask?.toString(8).padStart(4, '0')}</Fact>
        <Fact label={t('Open files')}>
          {open && open.files > 0 && (
            <Link to={{ tab: 'files', pid: process.pid }} title={t('Show them in Files')}>
              {formatNumber(open.files)}
            </Link>
          )}
        </Fact>
        <Fact label={t('Sockets')}>
          {open && open.sockets > 0 && (
            <Link to={{ tab: 'sockets', pid: process.pid }} title={t('Show them in Sockets')}>
              {formatNumber(open.sockets)}
            </Link>
          )}
        </Fact>
        <Fact label={t('Memory mapped')}>
          {process.mappedBytes !== undefined && <Size bytes={process.mappedBytes} />}
        </Fact>
        <Fact label={t('Memory dumped')}>
          {process.dumpedBytes !== undefined && <Size bytes={process.dumpedBytes} />}
        </Fact>
      </Facts>
      <Environment
        pid={process.pid}
        variables={detail.environment}
        revealed={revealed}
        known={process.arguments !== undefined}
      />
      <Threads detail={detail} />
      {mounts.length > 0 && (
        <Section title={t('Mounts')} count={mounts.length}>
          <LongList items={mounts}>
            {(shown) => (
              <ul class="plain-list">
                {shown.map((mount) => (
                  <li key={mount.id}>
                    <Link to={{ tab: 'mounts', row: String(mount.id) }} title={t('Show it in Mounts')}>
                      {escapeText(mount.destination)}
                    </Link>
                    <span class="muted"> {escapeText(mount.type)}</span>
                  </li>
                ))}
              </ul>
            )}
          </LongList>
        </Section>
      )}
      {images.length > 0 && (
        <Section title={t('Images')} count={images.length}>
          <LongList items={images}>
            {(shown) => (
              <span class="proc-files">
                {shown.map((image) => (
                  <PlaceLink key={image} place={{ image }} />
                ))}
              </span>
            )}
          </LongList>
        </Section>
      )}
    </>
  );
}

function Arguments({ process }: { process: Wire<ProcessFacts> }) {
  const words = process.arguments;
  if (!words) {
    return (
      <Section title={t('Arguments')}>
        <p class="muted">
          {process.state === 'zombie'
            ? t('A zombie has no memory left: its arguments and environment are gone.')
            : t('The arguments are in memory that this checkpoint does not hold.')}
        </p>
      </Section>
    );
  }
  return (
    <Section
      title={t('Arguments')}
      count={words.length}
      actions={<CopyButton text={words.map(quoteWord).join(' ')} label={t('Copy as a command line')} />}
    >
      <LongList items={words}>
        {(shown) => (
          <ol class="arguments">
            {shown.map((word, index) => (
              <li key={index} data-number={index}>
                {word === '' ? <span class="muted">{t('(empty)')}</span> : <Code>{word}</Code>}
              </li>
            ))}
          </ol>
        )}
      </LongList>
    </Section>
  );
}

/** A word as a POSIX shell would have to be given it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function ProcessLink({ pid }: { pid: number }) {
  return <Link to={{ tab: 'processes', row: String(pid) }}>{String(pid)}</Link>;
}

/** What the other tabs show of this process; a zombie had nothing left. */
function OtherTabs({ process: { pid, state } }: { process: Wire<ProcessFacts> }) {
  return (
    <span class="tab-links">
      {state !== 'zombie' && (
        <>
          <Link to={{ tab: 'files', pid }}>{t('Files')}</Link>
          <Link to={{ tab: 'sockets', pid }}>{t('Sockets')}</Link>
          <Link to={{ tab: 'memory', pid }}>{t('Memory')}</Link>
        </>
      )}
      <Link to={{ tab: 'identity', pid }}>{t('Identity')}</Link>
      <ShowInImage fact={{ of: 'process', pid }} />
    </span>
  );
}

const PROC_FILES = ['status', 'cmdline', 'environ', 'maps', 'mounts'] as const;

/** The process's files under /proc, in ordinary editors. */
function OpenProcFiles({ pid }: { pid: number }) {
  const session = useSession();
  return (
    <span class="proc-files">
      <span class="muted code">/proc/{pid}/</span>
      {PROC_FILES.map((name) => (
        <button
          key={name}
          type="button"
          class="link"
          title={t('Open {0} in an editor', `/proc/${String(pid)}/${name}`)}
          onClick={() => session.run(session.host.openFile(`/proc/${String(pid)}/${name}`))}
        >
          {name}
        </button>
      ))}
    </span>
  );
}

/** One number where all four are the same, as they nearly always are. */
function Ids({ ids }: { ids: readonly [number, number, number, number] }) {
  const [real, effective, saved, filesystem] = ids;
  if (ids.every((id) => id === real)) return <>{real}</>;
  return <>{t('real {0}, effective {1}, saved {2}, file system {3}', real, effective, saved, filesystem)}</>;
}
