import { escapeText } from '../../src/protocol/format.ts';
import type { SeccompGroup, SeccompState, SeccompSummary, SeccompVerdict } from '../../src/protocol/seccomp.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { errorText } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { formatNumber, t, tn } from '../text.ts';
import { listingPath } from './seccomp-listing.tsx';

/** Which system calls a process may make: what its filters answer to each. */
export function Seccomp({ pid, state }: { pid: number; state: Wire<SeccompState> }) {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const filtered = state.mode === 'filter';
  const summary = useResource(
    filtered ? (signal) => session.host.seccompSummary(pid, pid, signal) : undefined,
    String(pid),
    version,
  );
  return (
    <Block title={t('System calls (seccomp)')}>
      <p class="lead">
        <Icon name={state.mode === 'disabled' ? 'unlock' : 'filter'} /> {modeText(state)}
      </p>
      {state.filters.map((filter) => (
        <p key={filter.index}>
          {t('Filter {0}', filter.index)}
          <span class="muted">
            {' · '}
            {tn(filter.instructions, '{0} instruction', '{0} instructions')}
            {filter.flags.length > 0 && ` · ${filter.flags.join(', ')}`}
            {filter.sameAs !== undefined && ` · ${t('the same as filter {0}', filter.sameAs)}`}
          </span>{' '}
          <button
            type="button"
            class="link"
            onClick={() => session.go({ tab: 'identity', path: listingPath(pid, filter.index) })}
          >
            {t('Show the instructions')}
          </button>
        </p>
      ))}
      {summary.value && <Summary summary={summary.value} />}
      {filtered && !summary.value && summary.error === undefined && <p class="muted">{t('Following the filters…')}</p>}
      {summary.error !== undefined && <p class="muted">{errorText(summary.error)}</p>}
    </Block>
  );
}

function modeText({ mode, modeNumber, filters }: Wire<SeccompState>): string {
  switch (mode) {
    case 'disabled':
      return t('Not filtered: it may make every system call.');
    case 'strict':
      return t('Strict: it may only read, write and end.');
    case 'filter':
      return filters.length === 0
        ? t('Filtered, but the filters are not in this checkpoint.')
        : tn(
            filters.length,
            'Filtered by {0} filter.',
            'Filtered by {0} filters, of which the strictest answer counts.',
          );
    case 'unknown':
      return t('A mode that is not known here: {0}', modeNumber ?? 0);
  }
}

function Summary({ summary }: { summary: Wire<SeccompSummary> }) {
  const [own, ...others] = summary.verdicts;
  return (
    <>
      {own && <Verdict verdict={own} open />}
      {others.map((verdict) => (
        <Verdict key={verdict.architecture} verdict={verdict} open={false} />
      ))}
      <p class="muted">
        {t('Calls of any other architecture: {0}', summary.otherArchitectures.map(actionText).join(t(' or ')))}
      </p>
      {!summary.complete && (
        <p class="muted">{t('The filters have more ways than were followed: an answer may be missing.')}</p>
      )}
    </>
  );
}

function Verdict({ verdict, open }: { verdict: Wire<SeccompVerdict>; open: boolean }) {
  return (
    <details class="calls-of" open={open}>
      <summary>
        <Icon name="chevron-right" class="twistie" />
        {escapeText(verdict.architecture)}
      </summary>
      {verdict.groups.map((group) => (
        <Group key={group.actions.join()} group={group} />
      ))}
      <p class="answer muted">
        {t('Calls that do not exist yet: {0}', verdict.otherCalls.map(actionText).join(t(' or ')))}
      </p>
    </details>
  );
}

function Group({ group }: { group: Wire<SeccompGroup> }) {
  const { actions, calls } = group;
  const depends = actions.length > 1;
  return (
    <details class="answer">
      <summary>
        <Icon name="chevron-right" class="twistie" />
        <Icon name={actionIcon(actions)} />
        <span class="words">
          {depends
            ? t('depends on the arguments: {0}', actions.map(actionText).join(t(' or ')))
            : actions.map(actionText).join()}
        </span>
        <span class="badge">{formatNumber(calls.length)}</span>
        <span class="muted preview">{calls.join(', ')}</span>
      </summary>
      <p class="code calls">{calls.join(' ')}</p>
    </details>
  );
}

function actionIcon(actions: readonly string[]): string {
  if (actions.length > 1) return 'question';
  return actions[0] === 'ALLOW' || actions[0] === 'LOG' ? 'check' : 'circle-slash';
}

/** What happens to a call, in words. */
function actionText(action: string): string {
  const [, name = action, data = ''] = /^(\w+)(?:\((.*)\))?$/.exec(action) ?? [];
  switch (name) {
    case 'ALLOW':
      return t('allowed');
    case 'LOG':
      return t('allowed and logged');
    case 'ERRNO':
      return t('refused with {0}', data);
    case 'KILL_PROCESS':
      return t('ends the process');
    case 'KILL_THREAD':
      return t('ends the thread');
    case 'TRAP':
      return t('refused with the signal SIGSYS');
    case 'USER_NOTIF':
      return t('a supervisor decides');
    case 'TRACE':
      return t('a tracer decides');
    default:
      return escapeText(action);
  }
}
