import { escapeText } from '../../src/protocol/format.ts';
import type { ThreadIsolation } from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { LongList } from '../parts/long-list.tsx';
import { errorText } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t, tn } from '../text.ts';
import { schedulingText } from './settings.tsx';

/** The threads of a process, and in what each differs from the one that leads it. */
export function Threads({ pid }: { pid: number }) {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const threads = useResource((signal) => session.host.isolationThreads(pid, signal), String(pid), version);
  return (
    <Block title={t('Threads')}>
      {threads.error !== undefined && <p class="muted">{errorText(threads.error)}</p>}
      {threads.value && (
        <LongList items={threads.value}>
          {(shown) => (
            <table class="plain-table">
              <thead>
                <tr>
                  <th class="right">{t('Thread')}</th>
                  <th>{t('Name')}</th>
                  <th>{t('Scheduling')}</th>
                  <th>{t('Blocked signals')}</th>
                  <th class="right">{t('waiting')}</th>
                  <th>{t('Differs from the first in')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((thread) => (
                  <Row key={thread.tid} thread={thread} />
                ))}
              </tbody>
            </table>
          )}
        </LongList>
      )}
    </Block>
  );
}

function Row({ thread }: { thread: Wire<ThreadIsolation> }) {
  const { tid, comm, missing, differs, thread: settings } = thread;
  const blocked = settings?.blocked ?? [];
  return (
    <tr>
      <td class="right">{tid}</td>
      <td>{comm !== undefined && escapeText(comm)}</td>
      <td>{missing ? t('not in this checkpoint') : settings?.scheduling && schedulingText(settings.scheduling)}</td>
      <td class="code" title={blocked.join(' ')}>
        {blocked.length > 6 ? tn(blocked.length, '{0} signal', '{0} signals') : blocked.join(' ')}
      </td>
      <td class="right">{settings && settings.pending.length > 0 && settings.pending.length}</td>
      <td>{differs.map(differenceText).join(', ')}</td>
    </tr>
  );
}

function differenceText(difference: ThreadIsolation['differs'][number]): string {
  switch (difference) {
    case 'credentials':
      return t('user and groups');
    case 'capabilities':
      return t('capabilities');
    case 'seccomp':
      return t('system calls');
    case 'cgroups':
      return t('control groups');
    case 'lsm':
      return t('security label');
  }
}
