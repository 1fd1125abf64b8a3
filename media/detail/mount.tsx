import { escapeText } from '../../src/protocol/format.ts';
import type { MountFacts, MountOrigin, Propagation } from '../../src/protocol/mounts.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { ShowInImage } from '../parts/show-in-image.tsx';
import { Code, Copyable, Link } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { t } from '../text.ts';
import { DetailFrame, DetailHeader, Section, useDetail } from './pane.tsx';

/** A mount, and the row above it: the mount of the host on which the root lies is none. */
interface Shown {
  readonly mount: Wire<MountFacts>;
  readonly parent: string | undefined;
}

/** One mount as mount(8) and the container's specification would show it. */
export function MountDetailPane({ id }: { id: string }) {
  const session = useSession();
  const resource = useDetail(id, async (row, signal): Promise<Shown> => {
    const { source } = session.grids.mounts;
    const parent = source.row(source.known(row) ?? -1)?.parent;
    return { mount: await session.host.mount(Number(row), signal), parent };
  });
  return <DetailFrame resource={resource}>{(shown) => <MountView {...shown} />}</DetailFrame>;
}

function MountView({ mount, parent }: Shown) {
  const device =
    mount.deviceMajor === undefined || mount.deviceMinor === undefined
      ? undefined
      : `${String(mount.deviceMajor)}:${String(mount.deviceMinor)}`;
  return (
    <>
      <DetailHeader
        title={<span class="code">{escapeText(mount.destination)}</span>}
        subtitle={originText(mount.origin)}
      >
        {mount.seenIn !== 'spec' && mount.seenIn !== 'unknown' && <ShowInImage fact={{ of: 'mount', id: mount.id }} />}
      </DetailHeader>
      <p class={`verdict ${mount.seenIn}`}>
        <Icon name={{ both: 'check', image: 'add', spec: 'warning', unknown: 'question' }[mount.seenIn]} />
        {seenText(mount.seenIn)}
      </p>
      <Facts title={t('Mount')}>
        <Fact label={t('Type')}>{escapeText(mount.type)}</Fact>
        <Fact label={t('Source')}>{mount.source !== '' && <Copyable text={mount.source} />}</Fact>
        <Fact label={t('Root')} title={t('Path inside the mounted file system')}>
          {mount.root !== undefined && mount.root !== '/' && <Copyable text={mount.root} />}
        </Fact>
        <Fact
          label={t('External')}
          title={t('The name by which CRIU was told of it; the runtime puts it back at a restore')}
        >
          {mount.external !== undefined && <Code>{mount.external}</Code>}
        </Fact>
        <Fact label={t('Propagation')}>
          {mount.propagation !== undefined && <PropagationText value={mount.propagation} />}
        </Fact>
        <Fact label={t('Mounted below')}>
          {parent !== undefined && <Link to={{ tab: 'mounts', row: parent }}>{t('mount {0}', parent)}</Link>}
        </Fact>
        <Fact label={t('Number')}>{mount.id >= 0 && mount.id}</Fact>
        <Fact label={t('Device')}>{device}</Fact>
        <Fact label={t('Contents')}>
          {mount.contents !== undefined && (
            <Link
              to={{ tab: 'filesystem', row: mount.contents.replace(/^\/rootfs/, '') }}
              title={t('Show them in Filesystem')}
            >
              {t('held in this checkpoint')}
            </Link>
          )}
        </Fact>
      </Facts>
      <Options mount={mount} />
    </>
  );
}

/** Options of the real mount, beside those that the specification asked for. */
function Options({ mount }: { mount: Wire<MountFacts> }) {
  const real = mount.seenIn === 'spec' || mount.seenIn === 'unknown' ? undefined : mount.options;
  const asked = mount.spec?.options;
  const names = [...new Set([...(real ?? []), ...(asked ?? [])])];
  const own = mount.superOptions;
  const inEffect = optionsInEffect(mount);
  if (names.length === 0 && own === undefined) return null;
  return (
    <Section title={t('Options')}>
      {names.length > 0 && (
        <LongList items={names}>
          {(shown) => (
            <table class="plain-table">
              <thead>
                <tr>
                  <th>{t('Option')}</th>
                  {real && <th>{t('In effect')}</th>}
                  {asked && <th>{t('Asked for')}</th>}
                </tr>
              </thead>
              <tbody>
                {shown.map((name) => (
                  <tr key={name}>
                    <td class="code">{escapeText(name)}</td>
                    {real && <Tick on={inEffect.has(plainOption(name))} />}
                    {asked && <Tick on={asked.includes(name)} />}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </LongList>
      )}
      <dl>
        <Fact label={t('Of the file system')}>{own !== undefined && own !== '' && <Copyable text={own} />}</Fact>
        <Fact label={t('Source asked for')}>
          {mount.spec?.source !== undefined && mount.spec.source !== mount.source && (
            <Copyable text={mount.spec.source} />
          )}
        </Fact>
        <Fact label={t('Type asked for')}>
          {mount.spec?.type !== undefined && mount.spec.type !== mount.type && escapeText(mount.spec.type)}
        </Fact>
      </dl>
    </Section>
  );
}

/** Also those that the kernel does not print because the absence of others says them. */
function optionsInEffect(mount: Wire<MountFacts>): ReadonlySet<string> {
  const printed = [...mount.options, ...(mount.superOptions?.split(',') ?? [])].map(plainOption);
  const kept = new Set(printed);
  if (!kept.has('relatime') && !kept.has('noatime')) kept.add('strictatime');
  if (mount.origin === 'bind' || mount.origin === 'volume') kept.add('bind').add('rbind');
  if (mount.propagation !== undefined) kept.add(mount.propagation).add(`r${mount.propagation}`);
  return kept;
}

/** The kernel prints octal numbers without their leading zero. */
function plainOption(option: string): string {
  return option.replace(/^(mode|ptmxmode|umask|dmask|fmask)=0+(?=[0-7])/, '$1=');
}

function Tick({ on }: { on: boolean }) {
  return <td>{on ? <Icon name="check" label={t('yes')} /> : <span class="muted">–</span>}</td>;
}

function PropagationText({ value }: { value: Propagation }) {
  return <span title={propagationTitle(value)}>{value}</span>;
}

function propagationTitle(value: Propagation): string {
  switch (value) {
    case 'private':
      return t('Mounts below it are seen in this namespace only');
    case 'shared':
      return t('Mounts below it are seen by its peers, and theirs here');
    case 'slave':
      return t('Mounts below it come from its master, and none go back');
    case 'shared+slave':
      return t('Mounts below it come from its master and go on to its peers');
    case 'unbindable':
      return t('It is private and cannot be bind-mounted elsewhere');
  }
}

function originText(origin: MountOrigin): string {
  switch (origin) {
    case 'rootfs':
      return t('The container’s root file system');
    case 'bind':
      return t('A file or folder of the host (bind mount)');
    case 'volume':
      return t('A volume');
    case 'tmpfs':
      return t('A file system in memory (tmpfs)');
    case 'pseudo':
      return t('A file system of the kernel');
    case 'masked':
      return t('Laid over a path of the kernel’s to hide it');
    case 'read-only':
      return t('Laid over a path of the kernel’s to make it read-only');
    case 'external':
      return t('Given to the container from outside');
    case 'other':
      return t('A mount of another kind');
  }
}

function seenText(seen: MountFacts['seenIn']): string {
  switch (seen) {
    case 'both':
      return t('The specification asks for it, and it was there.');
    case 'image':
      return t('It was there, but the specification does not ask for it: the runtime or the container made it.');
    case 'spec':
      return t('The specification asks for it, but it was not there when the container was frozen.');
    case 'unknown':
      return t('The specification asks for it; there is no mount table to tell whether it was there.');
  }
}
