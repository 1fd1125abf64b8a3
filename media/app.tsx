import { useEffect, useRef, useState } from 'preact/hooks';
import type { Note } from '../src/protocol/note.ts';
import type { Overview } from '../src/protocol/overview.ts';
import type { PageStart } from '../src/protocol/page-api.ts';
import type { TabName } from '../src/protocol/place.ts';
import type { Wire } from '../src/protocol/wire.ts';
import { focusContent, recoverFocus } from './focus.ts';
import { FilterBox, FILTER_ID } from './parts/filter-box.tsx';
import { Header } from './parts/header.tsx';
import { IconButton } from './parts/icon.tsx';
import { NoteList } from './parts/notes.tsx';
import { ProgressLine } from './parts/progress.tsx';
import { Split } from './parts/split.tsx';
import { ErrorState, errorText, Skeleton } from './parts/states.tsx';
import { SubjectChip } from './parts/subject.tsx';
import { panelId, Tabs } from './parts/tabs.tsx';
import { SearchPanel } from './search/search-panel.tsx';
import { useSession } from './session.ts';
import { canStep } from './state/history.ts';
import { useResource } from './state/resource.ts';
import { useStore } from './state/store.ts';
import { gridOf } from './state/tabs.ts';
import { GridCount } from './tabs/grid-tab.tsx';
import { allTabs, tabOf } from './tabs/tabs.tsx';
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

/** How much a number has grown since it was first known. */
function useMore(count: number | undefined): number {
  const first = useRef<number | undefined>(undefined);
  first.current ??= count;
  return (count ?? 0) - (first.current ?? 0);
}

function Checkpoint({ start }: { start: PageStart }) {
  const session = useSession();
  const tab = useStore(session.page, (page) => page.tab);
  const version = useStore(session.version, (count) => count);
  const read = useStore(session.read, (count) => count);
  const notes = useResource((signal) => session.host.notes(signal), 'notes', version + read);
  const found = useMore(notes.value?.length);
  // How whole the checkpoint is follows from what has been found wrong so far.
  const overview = useResource((signal) => session.host.overview(signal), 'overview', version + found);
  const [notesShown, setNotesShown] = useState(false);
  const searchShown = useStore(session.page, (page) => page.search.open);
  const searchShare = useStore(session.page, (page) => page.search.share);
  usePageKeys();
  useEffect(() => session.run(session.search.restore()), [session]);
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
        searchShown={searchShown}
        onSearch={() => (searchShown ? session.search.close() : session.search.open())}
        onRestore={() => session.run(session.host.restore())}
      />
      <ProgressLine />
      {notesShown && tab !== 'overview' && notes.value && (
        <section id="notes" class="notes-panel" aria-label={t('Notes')}>
          <NoteList notes={notes.value} />
          <IconButton icon="close" label={t('Close the notes')} onClick={() => setNotesShown(false)} />
        </section>
      )}
      <Toolbar tab={tab} />
      <Split
        stacked
        label={t('Height of the search')}
        share={searchShare}
        onShare={(share) => session.search.change({ share })}
        first={
          <div id={panelId(tab)} class="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
            <Tab tab={tab} start={start} overview={overview} notes={notes.value} />
          </div>
        }
        second={searchShown ? <SearchPanel /> : undefined}
      />
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
  const { overview, start, notes } = props;
  const { Body, needsOverview } = tabOf(props.tab);
  if (overview.value || !needsOverview) {
    return <Body key={props.tab} start={start} overview={overview.value} notes={notes ?? []} />;
  }
  if (overview.error !== undefined) {
    return <ErrorState error={overview.error} onLog={() => session.run(session.host.showLog())} />;
  }
  return <Skeleton />;
}

function Toolbar({ tab }: { tab: TabName }) {
  const session = useSession();
  const history = useStore(session.history, (value) => value);
  const grid = gridOf(tab);
  const filter = useStore(session.page, ({ tabs, grids }) =>
    grid === undefined ? tabs[tab].filter : grids[grid].filter,
  );
  const change = (value: string) => {
    if (grid !== undefined) session.grids[grid].setFilter(value);
    else session.updateTab(tab, { filter: value });
  };
  return (
    <div class="toolbar">
      <div class="way">
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
          tabs={allTabs()}
          current={tab}
          onSelect={(name) => session.showTab(name)}
        />
      </div>
      <span class="grow" />
      <SubjectChip />
      {grid !== undefined && <GridCount grid={grid} />}
      <FilterBox key={tab} value={filter} hint={tabOf(tab).filterHint()} onChange={change} onLeave={focusContent} />
    </div>
  );
}

/** Keys of the page as a whole: Ctrl+F to the search, / to the filter, Alt+←/→ and the mouse's side buttons back and forward. */
function usePageKeys(): void {
  const session = useSession();
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (isSearchKey(event)) {
        event.preventDefault();
        session.search.open();
      }
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

/**
 * Ctrl+F or Cmd+F, but not from a box in which rows are filtered. VS Code's own listener has prevented the browser's
 * search already: that says nothing.
 */
function isSearchKey(event: KeyboardEvent): boolean {
  const { ctrlKey, metaKey, altKey, shiftKey, key, target } = event;
  const isFind = key.toLowerCase() === 'f' && (ctrlKey || metaKey) && !altKey && !shiftKey;
  return isFind && !(target instanceof Element && target.closest('.filter-box') !== null);
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
