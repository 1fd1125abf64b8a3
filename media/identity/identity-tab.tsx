import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import type { IsolationFacts } from '../../src/protocol/isolation.ts';
import type { Spot } from '../../src/protocol/place.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { FactFilter } from '../parts/facts.tsx';
import { ShowInImage } from '../parts/show-in-image.tsx';
import { ErrorState, FullState, Skeleton } from '../parts/states.tsx';
import { TEXT_MENU } from '../parts/values.tsx';
import { useSession, type Session } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { Capabilities } from './capabilities.tsx';
import { ControlGroups } from './control-groups.tsx';
import { Credentials } from './credentials.tsx';
import { Limits } from './limits.tsx';
import { Namespaces } from './namespaces.tsx';
import { parseListing, SeccompListing } from './seccomp-listing.tsx';
import { Seccomp } from './seccomp.tsx';
import { Settings } from './settings.tsx';
import { Signals } from './signals.tsx';
import { Threads } from './threads.tsx';
import { Timers } from './timers.tsx';

/** Processes that the list to choose from has; of more the tree of processes is the better list. */
const MAX_LISTED = 1000;
/** Where in the tab all about a process stands. */
const PROCESS: Spot = { path: 'process' };

/** What a process may do and what it sees: that of the subject, or the first one. */
export function IdentityTab() {
  const session = useSession();
  const subject = useStore(session.page, (page) => page.subject);
  const spot = useStore(session.page, (page) => page.tabs.identity.spot);
  const version = useStore(session.version, (count) => count);
  const first = useResource(
    subject === undefined ? async (signal) => (await listProcesses(session, 1, signal))[0] ?? null : undefined,
    'first',
    version,
  );
  // A place of its own, so that Back leads here from the instructions of a filter.
  useEffect(() => {
    if (spot === undefined) session.moveTo('identity', PROCESS);
  }, [session, spot]);
  const listing = parseListing(spot?.path);
  if (listing) return <SeccompListing {...listing} />;
  const pid = subject ?? first.value?.pid;
  if (pid !== undefined) return <ProcessIdentity pid={pid} version={version} />;
  if (first.error !== undefined)
    return <ErrorState error={first.error} onLog={() => session.run(session.host.showLog())} />;
  if (first.value === undefined) return <Skeleton />;
  return (
    <FullState
      icon="circle-slash"
      text={t('This checkpoint has no processes that can be listed. The notes say what is missing.')}
    />
  );
}

interface Choice {
  readonly pid: number;
  readonly name: string;
}

/** The first of the processes, as their tab lists them. */
async function listProcesses(session: Session, count: number, signal: AbortSignal): Promise<readonly Choice[]> {
  const query = { grid: 'processes', filter: '', toggled: [], start: 0, count } as const;
  const { columns, rows } = await session.host.grid(query, signal);
  const name = columns.findIndex(({ id }) => id === 'name');
  return rows.map(({ id, cells }) => ({ pid: Number(id), name: String(cells[name]?.value ?? '') }));
}

function ProcessIdentity({ pid, version }: { pid: number; version: number }) {
  const session = useSession();
  const filter = useStore(session.page, (page) => page.tabs.identity.filter);
  const facts = useResource((signal) => session.host.isolation(pid, signal), String(pid), version);
  const scroller = useRef<HTMLDivElement>(null);
  const shown = facts.value !== undefined;
  useLayoutEffect(() => {
    if (shown && scroller.current) scroller.current.scrollTop = session.page.get().tabs.identity.scroll;
  }, [session, shown]);
  const keepScroll = () => session.updateTab('identity', { scroll: scroller.current?.scrollTop ?? 0 });
  return (
    <FactFilter.Provider value={filter}>
      <div
        class={`overview identity ${filter.trim() === '' ? '' : 'filtered'}`}
        ref={scroller}
        tabIndex={-1}
        data-vscode-context={TEXT_MENU}
        onScrollEnd={keepScroll}
      >
        <ProcessPicker pid={pid} version={version} />
        {facts.value && <Body facts={facts.value} />}
        {facts.error !== undefined && !facts.value && (
          <ErrorState error={facts.error} onLog={() => session.run(session.host.showLog())} />
        )}
        {!facts.value && facts.error === undefined && <Skeleton />}
        <p class="muted nothing">{t('Nothing here matches “{0}”.', escapeText(filter))}</p>
      </div>
    </FactFilter.Provider>
  );
}

function Body({ facts }: { facts: Wire<IsolationFacts> }) {
  return (
    <>
      <div class="columns">
        <div class="column">
          <Credentials facts={facts} />
          {facts.capabilities && <Capabilities table={facts.capabilities} />}
          <Settings facts={facts} />
        </div>
        <div class="column">
          {facts.seccomp && <Seccomp pid={facts.pid} state={facts.seccomp} />}
          {facts.limits.length > 0 && <Limits limits={facts.limits} />}
        </div>
      </div>
      <Namespaces pid={facts.pid} own={facts.namespaces} />
      <ControlGroups groups={facts.cgroups} resources={facts.resources} />
      {facts.signals && <Signals signals={facts.signals} ofThread={facts.thread?.pending ?? []} />}
      {facts.timers && <Timers timers={facts.timers} />}
      {facts.threads > 1 && <Threads pid={facts.pid} />}
    </>
  );
}

/** Chooses the process that all tabs are about. */
function ProcessPicker({ pid, version }: { pid: number; version: number }) {
  const session = useSession();
  const { value: choices = [] } = useResource((signal) => listProcesses(session, MAX_LISTED, signal), 'all', version);
  const select = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    if (select.current) select.current.value = String(pid);
  }, [pid, choices]);
  const known = choices.some((choice) => choice.pid === pid);
  return (
    <p class="picker">
      <label for="identity-process">{t('Process')}</label>
      <select
        id="identity-process"
        class="select"
        ref={select}
        onChange={(event) => session.choose(Number(event.currentTarget.value))}
      >
        {!known && <option value={pid}>{t('pid {0}', pid)}</option>}
        {choices.map((choice) => (
          <option key={choice.pid} value={choice.pid}>
            {t('{0} {1}', choice.pid, escapeText(choice.name))}
          </option>
        ))}
      </select>
      <ShowInImage fact={{ of: 'identity', pid }} />
    </p>
  );
}
