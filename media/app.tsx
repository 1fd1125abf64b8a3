import { useEffect, useState } from 'preact/hooks';
import type { Note } from '../src/protocol/note.ts';
import type { Overview } from '../src/protocol/overview.ts';
import type { PageStart, TabName } from '../src/protocol/page-api.ts';
import type { Wire } from '../src/protocol/wire.ts';
import { focusContent, recoverFocus } from './focus.ts';
import { FilterBox, FILTER_ID } from './parts/filter-box.tsx';
import { Header } from './parts/header.tsx';
import { IconButton } from './parts/icon.tsx';
import { NoteList } from './parts/notes.tsx';
import { ProgressLine } from './parts/progress.tsx';
import { ErrorState, errorText, Skeleton } from './parts/states.tsx';
import { panelId, Tabs, type TabInfo } from './parts/tabs.tsx';
import { GRID_OF, useSession } from './session.ts';
import { canStep } from './state/history.ts';
import { useResource } from './state/resource.ts';
import { useStore } from './state/store.ts';
import { GridCount, GridTab } from './tabs/grid-tab.tsx';
import { OverviewTab } from './overview/overview-tab.tsx';
import { setStrings, t } from './text.ts';

/** The whole page: it asks the host to open the checkpoint, and shows it, the wait for it, or why it cannot be opened. */
export function App() {
  const session = useSession();
  const [attempt, setAttempt] = useState(0);
  const start = useResource(
    async (signal) => {
      const answer = await session.host.start(signal);
      setStrings(answer.strings);
      return answer;
    },
    'start',
    attempt,
  );
  const retry = () => {
    session.host.retry().then(
      () => setAttempt(attempt + 1),
      () => setAttempt(attempt + 1),
    );
  };
  if (start.value) return <Checkpoint start={start.value} />;
  if (start.error !== undefined && !start.loading) {
    return <ErrorState error={start.error} onRetry={retry} onLog={() => session.run(session.host.showLog())} />;
  }
  return (
    <div class="app" aria-busy="true">
      <header class="header">
        <span class="bone title" />
      </header>
      <ProgressLine busy />
      <div class="toolbar" />
      <Skeleton />
    </div>
  );
}

function tabs(): readonly TabInfo[] {
  return [
    { name: 'overview', label: t('Overview'), icon: 'info' },
    { name: 'processes', label: t('Processes'), icon: 'server-process' },
    { name: 'mounts', label: t('Mounts'), icon: 'plug' },
    { name: 'filesystem', label: t('Filesystem'), icon: 'files' },
  ];
}

function Checkpoint({ start }: { start: PageStart }) {
  const session = useSession();
  const tab = useStore(session.page, (page) => page.tab);
  const version = useStore(session.version, (count) => count);
  const overview = useResource((signal) => session.host.overview(signal), 'overview', version);
  const read = useStore(session.read, (count) => count);
  const notes = useResource((signal) => session.host.notes(signal), 'notes', version + read);
  const [notesShown, setNotesShown] = useState(false);
  usePageKeys();
  const toggleNotes = () => {
    if (tab === 'overview') document.getElementById('overview-notes')?.scrollIntoView({ block: 'nearest' });
    setNotesShown(tab !== 'overview' && !notesShown);
  };
  return (
    <div class="app">
      <Header
        title={start.title}
        locator={start.locator}
        overview={overview.value}
        notes={notes.value}
        notesShown={notesShown && tab !== 'overview'}
        onNotes={toggleNotes}
      />
      <ProgressLine />
      {notesShown && tab !== 'overview' && notes.value && (
        <section id="notes" class="notes-panel" aria-label={t('Notes')}>
          <NoteList notes={notes.value} />
          <IconButton icon="close" label={t('Close the notes')} onClick={() => setNotesShown(false)} />
        </section>
      )}
      <Toolbar tab={tab} />
      <div id={panelId(tab)} class="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        <Tab tab={tab} start={start} overview={overview} notes={notes.value} />
      </div>
      <FailureBar />
      <LiveRegion />
    </div>
  );
}

function Tab(props: {
  tab: TabName;
  start: PageStart;
  overview: { readonly value?: Wire<Overview>; readonly error?: unknown };
  notes: readonly Note[] | undefined;
}) {
  const session = useSession();
  const { tab, overview } = props;
  if (tab !== 'overview') return <GridTab key={tab} tab={tab} />;
  if (overview.value) return <OverviewTab start={props.start} overview={overview.value} notes={props.notes ?? []} />;
  if (overview.error !== undefined) {
    return <ErrorState error={overview.error} onLog={() => session.run(session.host.showLog())} />;
  }
  return <Skeleton />;
}

function Toolbar({ tab }: { tab: TabName }) {
  const session = useSession();
  const history = useStore(session.history, (value) => value);
  const filter = useStore(session.page, (page) =>
    tab === 'overview' ? page.overview.filter : page.grids[GRID_OF[tab]].filter,
  );
  const change = (value: string) => {
    if (tab !== 'overview') session.grids[GRID_OF[tab]].setFilter(value);
    else session.page.set({ ...session.page.get(), overview: { ...session.page.get().overview, filter: value } });
  };
  return (
    <div class="toolbar">
      <IconButton
        icon="arrow-left"
        label={t('Back (Alt+←)')}
        disabled={!canStep(history, -1)}
        onClick={() => session.step(-1)}
      />
      <IconButton
        icon="arrow-right"
        label={t('Forward (Alt+→)')}
        disabled={!canStep(history, 1)}
        onClick={() => session.step(1)}
      />
      <Tabs
        label={t('Parts of the checkpoint')}
        tabs={tabs()}
        current={tab}
        onSelect={(name) => session.showTab(name)}
      />
      <span class="grow" />
      {tab !== 'overview' && <GridCount grid={GRID_OF[tab]} />}
      <FilterBox key={tab} value={filter} hint={filterHint(tab)} onChange={change} onLeave={focusContent} />
    </div>
  );
}

function filterHint(tab: TabName): string {
  switch (tab) {
    case 'overview':
      return t('Shows the facts that contain the text');
    case 'processes':
      return t('Words that a row must contain, or field:value, for example {0}', 'name:nginx threads:>1 -sleep');
    case 'mounts':
      return t('Words that a row must contain, or field:value, for example {0}', 'type:tmpfs options:rw');
    case 'filesystem':
      return t(
        'Words that a row must contain, or field:value, for example {0}',
        'size:>1M marks:setuid mtime:2026-11-23',
      );
  }
}

/** Keys of the page as a whole: / to the filter, Alt+←/→ and the mouse's side buttons back and forward. */
function usePageKeys(): void {
  const session = useSession();
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
      const arrow = event.altKey ? { ArrowLeft: -1 as const, ArrowRight: 1 as const }[event.key] : undefined;
      if (arrow) {
        event.preventDefault();
        session.step(arrow);
      } else if (event.key === '/' && !event.altKey && !(event.target instanceof HTMLInputElement)) {
        event.preventDefault();
        const box = document.getElementById(FILTER_ID);
        if (box instanceof HTMLInputElement) box.select();
      }
    };
    const mouse = (event: MouseEvent) => {
      if (event.button !== 3 && event.button !== 4) return;
      event.preventDefault();
      session.step(event.button === 3 ? -1 : 1);
    };
    window.addEventListener('keydown', key);
    window.addEventListener('mouseup', mouse);
    window.addEventListener('focus', recoverFocus);
    recoverFocus();
    return () => {
      window.removeEventListener('keydown', key);
      window.removeEventListener('mouseup', mouse);
      window.removeEventListener('focus', recoverFocus);
    };
  }, [session]);
}

/** The last thing that was asked for and could not be done. */
function FailureBar() {
  const session = useSession();
  const failure = useStore(session.failure, (value) => value);
  if (failure === undefined) return null;
  return (
    <div class="failure-bar" role="alert">
      <span class="codicon codicon-error" aria-hidden="true" />
      <span class="sentence">{errorText(failure)}</span>
      <button type="button" class="link" onClick={() => session.run(session.host.showLog())}>
        {t('Show Log')}
      </button>
      <IconButton icon="close" label={t('Close')} onClick={() => session.failure.set(undefined)} />
    </div>
  );
}

function LiveRegion() {
  const session = useSession();
  const text = useStore(session.announcement, (value) => value);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
