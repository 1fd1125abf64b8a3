import { escapeText } from '../../src/protocol/format.ts';
import type { Ids, IsolationFacts, LsmFacts } from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Code } from '../parts/values.tsx';
import { t } from '../text.ts';
import { Names } from './names.tsx';

/** As whom the process runs. */
export function Credentials({ facts }: { facts: Wire<IsolationFacts> }) {
  const { credentials, lsm, settings } = facts;
  const asked = credentials?.asked;
  return (
    <Facts title={t('Who it is')}>
      <Fact label={t('User')}>{credentials && <IdsText ids={credentials.uids} asked={asked?.uid} />}</Fact>
      <Fact label={t('Group')}>{credentials && <IdsText ids={credentials.gids} asked={asked?.gid} />}</Fact>
      <Fact label={t('Further groups')}>
        {credentials && (credentials.groups.length > 0 ? credentials.groups.join(', ') : <Muted>{t('none')}</Muted>)}
      </Fact>
      <Fact
        label={t('New privileges')}
        title={t('Whether programs that it starts may get more rights, by setuid or file capabilities (no_new_privs)')}
      >
        {credentials && <NewPrivileges none={credentials.noNewPrivileges} asked={asked?.noNewPrivileges} />}
      </Fact>
      <Fact label={t('Secure bits')} title={t('How the kernel treats the user root')}>
        {credentials && credentials.secureBits.length > 0 && <Names names={credentials.secureBits} />}
      </Fact>
      <Fact label={t('Security label')}>{lsm && <Label lsm={lsm} />}</Fact>
      <Fact label={t('Label of sockets')}>{lsm?.socketLabel !== undefined && <Code>{lsm.socketLabel}</Code>}</Fact>
      <Fact label={t('Login')} title={t('The user who logged in and from whose session it comes')}>
        {settings && (settings.loginUid ?? <Muted>{t('nobody logged in')}</Muted>)}
      </Fact>
    </Facts>
  );
}

function Muted({ children }: { children: string }) {
  return <span class="muted">{children}</span>;
}

/** One number where all four are the same, as they nearly always are. */
function IdsText({ ids, asked }: { ids: Wire<Ids>; asked: number | undefined }) {
  const { real, effective, saved, fileSystem } = ids;
  const same = effective === real && saved === real && fileSystem === real;
  const text = same
    ? String(real)
    : t('real {0}, effective {1}, saved {2}, file system {3}', real, effective, saved, fileSystem);
  return (
    <>
      {text}
      {same && real === 0 && <span class="muted"> root</span>}
      {asked !== undefined && asked !== real && (
        <span class="muted"> · {t('the specification asks for {0}', asked)}</span>
      )}
    </>
  );
}

function NewPrivileges({ none, asked }: { none: boolean | undefined; asked: boolean | undefined }) {
  if (none === undefined) return <Muted>{t('the checkpoint does not say')}</Muted>;
  return (
    <>
      <Icon name={none ? 'lock' : 'unlock'} /> {none ? t('programs that it starts cannot get any') : t('possible')}
      {asked !== undefined && asked !== none && (
        <span class="muted"> · {asked ? t('the specification forbids them') : t('the specification allows them')}</span>
      )}
    </>
  );
}

function Label({ lsm }: { lsm: Wire<LsmFacts> }) {
  const module = { none: '', selinux: 'SELinux', apparmor: 'AppArmor', unknown: '' }[lsm.kind];
  const differs = lsm.asked !== undefined && lsm.asked !== lsm.label;
  return (
    <>
      {lsm.label !== undefined ? (
        <>
          <Code>{lsm.label}</Code> <span class="muted">{module}</span>
        </>
      ) : (
        <Muted>{lsm.kind === 'none' ? t('none: no security module was in use') : t('none: not confined')}</Muted>
      )}
      {differs && <span class="muted"> · {t('the specification asks for {0}', escapeText(lsm.asked ?? ''))}</span>}
    </>
  );
}
