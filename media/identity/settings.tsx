import type { IsolationFacts, SchedulingFacts, TaskSettings } from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { t } from '../text.ts';
import { Names } from './names.tsx';

/** How the kernel treats the process: order, memory, and what it may be asked to give away. */
export function Settings({ facts }: { facts: Wire<IsolationFacts> }) {
  const { settings, thread } = facts;
  if (!settings) return null;
  const stack = thread?.alternateStack;
  return (
    <Facts title={t('How it runs')}>
      <Fact label={t('Scheduling')}>{thread?.scheduling && schedulingText(thread.scheduling)}</Fact>
      <Fact label={t('OOM score')} title={t('How readily it is killed when memory runs out: -1000 never, 1000 first')}>
        {settings.oomScoreAdjust !== undefined && <OomScore settings={settings} />}
      </Fact>
      <Fact label={t('Umask')} title={t('Permissions that new files do not get')}>
        {settings.umask?.toString(8).padStart(4, '0')}
      </Fact>
      <Fact
        label={t('Core dumps')}
        title={t('Whether its memory may be written to a file or read by others of its user')}
      >
        {settings.dumpable && dumpableText(settings.dumpable)}
      </Fact>
      <Fact label={t('Personality')}>
        {settings.personality.length > 1 || settings.personality[0] !== 'PER_LINUX' ? (
          <Names names={settings.personality} />
        ) : undefined}
      </Fact>
      <Fact label={t('Flags')}>{settings.flags.length > 0 && settings.flags.map(flagText).join(', ')}</Fact>
      <Fact label={t('Orphans')}>
        {settings.childSubreaper === true && t('it becomes the parent of orphaned descendants')}
      </Fact>
      <Fact label={t('Huge pages')}>{settings.hugePagesDisabled === true && t('turned off for it')}</Fact>
      <Fact label={t('Stopped by')}>{settings.stopSignal}</Fact>
      <Fact label={t('If its parent ends')}>
        {thread?.parentDeathSignal !== undefined && t('it gets {0}', thread.parentDeathSignal)}
      </Fact>
      <Fact label={t('Stack for signals')}>
        {stack && t('{0}, {1} bytes', stack.address, Number(BigInt(stack.size)))}
      </Fact>
      <Fact label={t('Memory barriers')}>
        {settings.membarrier.length > 0 && <Names names={settings.membarrier} />}
      </Fact>
      <Fact label={t('Processors')}>
        <span class="muted">{t('CRIU does not record on which it may run')}</span>
      </Fact>
    </Facts>
  );
}

export function schedulingText({ policy, nice, priority, resetOnFork }: Wire<SchedulingFacts>): string {
  const parts = [
    policy,
    nice === undefined ? '' : t('nice {0}', nice),
    priority === undefined || priority === 0 ? '' : t('real-time priority {0}', priority),
    resetOnFork ? t('children start as others') : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function OomScore({ settings }: { settings: Wire<TaskSettings> }) {
  const { oomScoreAdjust, oomScoreAsked } = settings;
  return (
    <>
      {oomScoreAdjust}
      {oomScoreAsked !== undefined && oomScoreAsked !== oomScoreAdjust && (
        <span class="muted"> · {t('the specification asks for {0}', oomScoreAsked)}</span>
      )}
    </>
  );
}

function dumpableText(dumpable: NonNullable<TaskSettings['dumpable']>): string {
  switch (dumpable) {
    case 'yes':
      return t('allowed');
    case 'no':
      return t('not allowed');
    case 'root-only':
      return t('readable by root only');
  }
}

function flagText(flag: string): string {
  switch (flag) {
    case 'EXITING':
      return t('about to end');
    case 'FORKNOEXEC':
      return t('forked, and has not started a program of its own');
    case 'SUPERPRIV':
      return t('has used rights of root');
    case 'DUMPCORE':
      return t('has dumped core');
    case 'SIGNALED':
      return t('killed by a signal');
    case 'RANDOMIZE':
      return t('addresses are randomized');
    default:
      return flag;
  }
}
