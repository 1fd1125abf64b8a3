import type { ChangeFacts, ChangeKind, ChangeMark, ChangeSource, FileType } from '../../src/protocol/changes.ts';
import { RemoteError } from '../../src/protocol/channel.ts';
import { escapeText, formatExactBytes, formatMode, formatSize, formatTime } from '../../src/protocol/format.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Code, Copyable, CopyButton, Link, Time } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { t } from '../text.ts';
import { DetailFrame, DetailHeader, Section, useDetail } from './pane.tsx';

/** A change, and where the file view has its content, if it has. */
interface Shown {
  readonly change?: Wire<ChangeFacts>;
  readonly path: string | undefined;
}

/** One changed path as ls, stat, getfattr and getcap would show it. */
export function ChangeDetailPane({ id }: { id: string }) {
  const session = useSession();
  const resource = useDetail(id, async (row, signal): Promise<Shown> => {
    const { source } = session.grids.changes;
    const path = source.row(source.known(row) ?? -1)?.path;
    try {
      return { change: await session.host.change(row, signal), path };
    } catch (error) {
      // A folder that is in the table only for what is below it.
      if (error instanceof RemoteError && error.reason === 'not-found') return { path };
      throw error;
    }
  });
  return (
    <DetailFrame resource={resource}>
      {({ change, path }) => (change ? <ChangeView change={change} path={path} /> : <FolderView id={id} path={path} />)}
    </DetailFrame>
  );
}

function FolderView({ id, path }: { id: string; path: string | undefined }) {
  return (
    <>
      <DetailHeader title={<span class="code">{escapeText(baseName(id))}</span>} subtitle={<PathLine path={id} />}>
        {path !== undefined && <SaveButton path={path} />}
      </DetailHeader>
      <p class="verdict">
        {t('The folder itself is unchanged as far as the archive says; something below it is not.')}
      </p>
    </>
  );
}

function baseName(path: string): string {
  const name = path.split('/').at(-1);
  return name === undefined || name === '' ? '/' : name;
}

function PathLine({ path }: { path: string }) {
  return (
    <span class="copyable code">
      {escapeText(path)} <CopyButton text={path} label={t('Copy the path')} />
    </span>
  );
}

function SaveButton({ path }: { path: string }) {
  const session = useSession();
  return (
    <button type="button" class="button secondary" onClick={() => session.run(session.host.saveFile(path))}>
      <Icon name="save-as" /> {t('Save As…')}
    </button>
  );
}

function ChangeView({ change, path }: { change: Wire<ChangeFacts>; path: string | undefined }) {
  const session = useSession();
  const readable = change.type === 'file' || change.type === 'hardlink' || change.type === 'sparse';
  return (
    <>
      <DetailHeader
        title={<span class={`code tone-${change.kind}`}>{escapeText(baseName(change.path))}</span>}
        subtitle={<PathLine path={change.path} />}
      >
        {readable && path !== undefined && (
          <button type="button" class="button" onClick={() => session.run(session.host.openFile(path))}>
            <Icon name="go-to-file" /> {t('Open')}
          </button>
        )}
        {(readable || change.type === 'directory') && path !== undefined && <SaveButton path={path} />}
      </DetailHeader>
      <p class={`verdict tone-${change.kind}`}>
        <span class="letter" aria-hidden="true">
          {LETTERS[change.kind]}
        </span>
        {kindText(change.kind, change.source)}
      </p>
      {change.marks.length > 0 && (
        <ul class="mark-list">
          {change.marks.map((mark) => (
            <li key={mark} class={mark === 'executable' || mark === 'opaque' ? 'plain' : ''}>
              <Icon name={MARK_ICONS[mark]} />
              {markText(mark)}
            </li>
          ))}
        </ul>
      )}
      <Facts title={t('File')}>
        <Fact label={t('Type')}>{change.type !== undefined && typeText(change.type)}</Fact>
        <Fact label={t('Mode')}>
          {change.mode !== undefined && (
            <span class="code">
              {formatMode(change.mode, change.type)}{' '}
              <span class="muted">{change.mode.toString(8).padStart(4, '0')}</span>
            </span>
          )}
        </Fact>
        <Fact label={t('Owner')}>{change.uid !== undefined && <Owner id={change.uid} name={change.userName} />}</Fact>
        <Fact label={t('Group')}>{change.gid !== undefined && <Owner id={change.gid} name={change.groupName} />}</Fact>
        <Fact label={t('Size')}>
          {change.size !== undefined && readable && (
            <>
              {formatExactBytes(change.size)}
              {change.size >= 1024 && <span class="muted"> · {formatSize(change.size)}</span>}
            </>
          )}
        </Fact>
        <Fact label={t('Modified')}>{change.mtime !== undefined && <Time value={change.mtime} />}</Fact>
        <Fact label={t('In UTC')}>{change.mtime !== undefined && <UtcTime value={change.mtime} />}</Fact>
        <Fact label={t('Points to')}>
          {change.linkTarget !== undefined && <LinkTarget change={change} target={change.linkTarget} />}
        </Fact>
        <Fact label={t('Device')}>
          {change.deviceMajor !== undefined &&
            change.deviceMinor !== undefined &&
            `${String(change.deviceMajor)}:${String(change.deviceMinor)}`}
        </Fact>
        <Fact label={t('Capabilities')}>
          {change.capabilities !== undefined && <Copyable text={change.capabilities} />}
        </Fact>
        <Fact label={t('From')} title={t('The entry of the archive that says so')}>
          <Code>{change.entry}</Code>
        </Fact>
      </Facts>
      <Attributes change={change} />
    </>
  );
}

function Owner({ id, name }: { id: number; name: string | undefined }) {
  return (
    <>
      {id}
      {name !== undefined && name !== '' && <span class="muted"> · {escapeText(name)}</span>}
    </>
  );
}

/** UTC with all digits that the archive has, beyond the seconds. */
function UtcTime({ value }: { value: string }) {
  const fraction = /\.\d+/.exec(value)?.[0] ?? '';
  return <>{escapeText(formatTime(value, { utc: true }).replace(/ UTC$/, `${fraction} UTC`))}</>;
}

function LinkTarget({ change, target }: { change: Wire<ChangeFacts>; target: string }) {
  const hard = change.type === 'hardlink';
  return hard ? (
    <Link to={{ tab: 'filesystem', row: target.startsWith('/') ? target : `/${target}` }}>{escapeText(target)}</Link>
  ) : (
    <Copyable text={target} />
  );
}

function Attributes({ change }: { change: Wire<ChangeFacts> }) {
  const { xattrs } = change;
  if (!xattrs || xattrs.length === 0) return null;
  return (
    <Section title={t('Extended attributes')} count={xattrs.length}>
      <table class="plain-table">
        <tbody>
          {xattrs.map(({ name, text, base64 }) => (
            <tr key={name}>
              <th scope="row" class="code">
                {escapeText(name)}
              </th>
              <td>
                <Code>{text ?? hexOf(base64 ?? '')}</Code>
              </td>
              <td class="row-actions">
                <CopyButton text={text ?? hexOf(base64 ?? '')} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

/** Bytes as getfattr -e hex prints them. */
function hexOf(base64: string): string {
  const bytes = Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, '0'));
  return `0x${bytes.join('')}`;
}

const LETTERS: Readonly<Record<ChangeKind, string>> = {
  added: 'A',
  modified: 'M',
  'added-or-modified': 'A/M',
  deleted: 'D',
  mounted: '·',
};

function kindText(kind: ChangeKind, source: ChangeSource): string {
  switch (kind) {
    case 'added':
      return t('Added: the container image has no such path.');
    case 'modified':
      return t('Modified: the container image has another version of it.');
    case 'added-or-modified':
      return t('Added or modified: the archive does not say whether the container image has it.');
    case 'deleted':
      return t('Deleted: the container image has it, the container no longer. Only its name is known.');
    case 'mounted':
      return mountedText(source);
  }
}

function mountedText(source: ChangeSource): string {
  switch (source) {
    case 'volume':
      return t('Content of a volume, saved with the checkpoint.');
    case 'dev-shm':
      return t('Content of /dev/shm, saved with the checkpoint.');
    case 'tmpfs':
      return t('Content of a file system in memory, saved by CRIU.');
    case 'rootfs-diff':
      return t('Content of a mount, saved with the checkpoint.');
  }
}

const MARK_ICONS: Readonly<Record<ChangeMark, string>> = {
  setuid: 'shield',
  setgid: 'shield',
  'sticky-world-writable': 'unlock',
  capabilities: 'shield',
  device: 'chip',
  executable: 'terminal',
  opaque: 'eye-closed',
};

function markText(mark: ChangeMark): string {
  switch (mark) {
    case 'setuid':
      return t('Set-user-ID: whoever runs it acts as its owner.');
    case 'setgid':
      return t('Set-group-ID: whoever runs it acts in its group.');
    case 'sticky-world-writable':
      return t('Everybody may write here, and delete only what is their own.');
    case 'capabilities':
      return t('Whoever runs it gains the capabilities named below.');
    case 'device':
      return t('A device: opening it reaches the kernel, not a file.');
    case 'executable':
      return t('It can be run.');
    case 'opaque':
      return t('The folder replaces the one of the container image: nothing of that one shows through.');
  }
}

function typeText(type: FileType): string {
  switch (type) {
    case 'file':
      return t('file');
    case 'directory':
      return t('folder');
    case 'symlink':
      return t('symbolic link');
    case 'hardlink':
      return t('hard link');
    case 'character-device':
      return t('character device');
    case 'block-device':
      return t('block device');
    case 'fifo':
      return t('named pipe (FIFO)');
    case 'sparse':
      return t('sparse file');
    case 'unknown':
      return t('unknown');
  }
}
