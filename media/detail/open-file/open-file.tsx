import { escapeText, formatExactBytes, formatMode } from '../../../src/protocol/format.ts';
import type { DeletedFacts, OpenFileDetail, OpenFileFacts } from '../../../src/protocol/open-files.ts';
import type { Wire } from '../../../src/protocol/wire.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Icon } from '../../parts/icon.tsx';
import { ImageLinks } from '../../parts/image-links.tsx';
import { NoteList } from '../../parts/notes.tsx';
import { Code, CopyButton, Link } from '../../parts/values.tsx';
import { useSession } from '../../session.ts';
import { formatNumber, sentenceText, t } from '../../text.ts';
import { DetailFrame, DetailHeader, useDetail } from '../pane.tsx';
import { ContentActions } from './content-actions.tsx';
import { HolderList, ProcessLink } from './holders.tsx';
import { KindView } from './kinds.tsx';
import { Locks } from './locks.tsx';

type File = Wire<OpenFileFacts>;

/** One open descriptor as lsof and /proc/PID/fdinfo would show it. */
export function OpenFilePane({ id }: { id: string }) {
  const session = useSession();
  const resource = useDetail(id, (row, signal) => {
    const [pid, fd] = row.split('/');
    return session.host.descriptor(Number(pid), Number.parseInt(fd ?? '', 10), signal);
  });
  return (
    <DetailFrame resource={resource}>
      {(detail) => <OpenFileView key={`${detail.file.pid}/${detail.file.fd}`} detail={detail} />}
    </DetailFrame>
  );
}

function OpenFileView({ detail }: { detail: Wire<OpenFileDetail> }) {
  const { file, facts, holders, moreHolders, mount, images, notes } = detail;
  const others = holders.filter(({ pid, fd }) => pid !== file.pid || fd !== file.fd);
  const own = holders.find(({ pid, fd }) => pid === file.pid && fd === file.fd);
  return (
    <>
      <DetailHeader
        title={<Target file={file} />}
        subtitle={
          <>
            {t('descriptor {0} of', file.fd)} <ProcessLink pid={file.pid} command={own?.command} />
          </>
        }
      >
        {file.contents && <ContentActions contents={file.contents} />}
      </DetailHeader>
      {notes.length > 0 && <NoteList notes={notes} />}
      {file.missing && (
        <Verdict icon="warning">{t('No image holds the file that this descriptor stands for.')}</Verdict>
      )}
      {file.deleted && <Verdict icon="trash">{deletedText(file.deleted, file)}</Verdict>}
      {file.about && !facts && <Verdict icon="info">{sentenceText(file.about)}</Verdict>}
      <KindView facts={facts} file={file} />
      <Facts title={t('Open file')}>
        <Fact label={t('Type')}>{t(file.kind)}</Fact>
        <Fact label={t('Flags')}>{file.flagNames && <Code>{file.flagNames.join(' | ')}</Code>}</Fact>
        <Fact label={t('Close on exec')}>
          {file.closeOnExec ? t('yes') : t('no: a program that it starts inherits it')}
        </Fact>
        <Fact label={t('Position')}>{file.position !== undefined && formatNumber(BigInt(file.position))}</Fact>
        <Fact label={t('Size')}>{file.size !== undefined && formatExactBytes(BigInt(file.size))}</Fact>
        <Fact label={t('Mode')}>{file.mode !== undefined && <ModeText mode={file.mode} />}</Fact>
        <Fact label={t('Mount')}>
          {mount ? (
            <>
              <Link to={{ tab: 'mounts', row: String(mount.id) }} title={t('Show it in Mounts')}>
                {escapeText(mount.destination)}
              </Link>
              <span class="muted"> {escapeText(mount.type)}</span>
            </>
          ) : (
            file.mountId
          )}
        </Fact>
        <Fact label={t('Inode')}>{file.inode !== undefined && String(BigInt(file.inode))}</Fact>
        <Fact label={t('Signals')} title={t('Who is told when something can be read or written')}>
          {file.owner &&
            t('{0} to {1} {2}', file.owner.signal, ownerText(file.owner.who), formatNumber(file.owner.pid))}
        </Fact>
      </Facts>
      <Locks locks={file.locks ?? []} />
      {others.length > 0 && facts?.of !== 'pipe' && (
        <HolderList
          title={t('The same open file')}
          holders={others}
          more={moreHolders}
          hint={t('They share its position and flags: it was inherited, duplicated or passed on.')}
        />
      )}
      <ImageLinks images={images} />
    </>
  );
}

function Target({ file }: { file: File }) {
  return (
    <span class={`code ${file.deleted ? 'tone-deleted' : ''}`}>
      {escapeText(file.target)} <CopyButton text={file.path ?? file.target} label={t('Copy the path')} />
    </span>
  );
}

export function Verdict({ icon, children }: { icon: string; children: string }) {
  return (
    <p class="verdict">
      <Icon name={icon} />
      {children}
    </p>
  );
}

function ModeText({ mode }: { mode: number }) {
  return (
    <span class="code">
      {formatMode(mode)} <span class="muted">{(mode & 0o7777).toString(8).padStart(4, '0')}</span>
    </span>
  );
}

function deletedText(deleted: Wire<DeletedFacts>, { contents, kind }: File): string {
  switch (deleted.how) {
    case 'ghost':
      if (contents) return t('It was deleted while it was open. Its content is in this checkpoint.');
      return kind === 'file'
        ? t('It was deleted while it was open. Its content is not in this checkpoint.')
        : t('It was deleted while it was open.');
    case 'linked':
      return deleted.linkedAs === undefined
        ? t('The name that it was opened by was removed; the file itself had another.')
        : t(
            'The name that it was opened by was removed; CRIU gave the file another: {0}',
            escapeText(deleted.linkedAs),
          );
    case 'process':
      return t('It lay in the /proc of process {0}, which was gone when the dump was made.', deleted.pid ?? '?');
    case 'unknown':
      return t('Its path led nowhere any more; how CRIU kept it is not known here.');
  }
}

function ownerText(who: NonNullable<OpenFileFacts['owner']>['who']): string {
  switch (who) {
    case 'thread':
      return t('thread');
    case 'process':
      return t('process');
    case 'process group':
      return t('process group');
    case 'unknown':
      return t('unknown');
  }
}
