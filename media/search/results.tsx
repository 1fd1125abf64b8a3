import { useEffect } from 'preact/hooks';
import type { GridRow } from '../../src/protocol/grid.ts';
import { SEARCH_PLACES, type SearchState } from '../../src/protocol/search.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { focusContent, focusWhenThere } from '../focus.ts';
import { HEX_ID } from '../memory/hex-view.tsx';
import { FullState } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { t } from '../text.ts';
import { scopeOf } from './choices.ts';

/** Milliseconds between two looks at results that become more. */
const INTERVAL = 300;

export function focusResults(): void {
  document.querySelector<HTMLElement>('.search-panel [role=treegrid]')?.focus({ preventScroll: true });
}

/** The results as they come in; or why there are none. */
export function Results({ state }: { state: Wire<SearchState> | undefined }) {
  const session = useSession();
  useGrowing(state?.id);
  if (!state) return <NotSearched />;
  if (state.found === 0) return <NothingFound state={state} />;
  // As in VS Code's own search: a click shows the place, and one goes on among the results; Enter leads there.
  const show = ({ cells }: GridRow) => {
    const link = cells[0]?.link;
    if (link) session.go(link);
    return link;
  };
  const open = (row: GridRow) => {
    const link = show(row);
    if (!link) return;
    if (link.tab === 'memory') focusWhenThere(HEX_ID);
    else requestAnimationFrame(focusContent);
  };
  return (
    <GridPane
      grid="search"
      of={state.id}
      label={t('Search results')}
      noMatch={(filter) => t('No result matches “{0}”.', filter)}
      nothing={t('Nothing was found.')}
      onOpen={open}
      onClick={show}
    />
  );
}

/** Asks for the rows again while they become more, but not more often than they are looked at. */
function useGrowing(id: string | undefined): void {
  const session = useSession();
  useEffect(() => {
    if (id === undefined) return undefined;
    const model = session.grids.search;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let seen: unknown;
    const look = () => {
      const state = session.search.state.get();
      const { facts, view } = model.source;
      if (timer !== undefined || state === seen || state?.id !== id || view.of !== id || !facts) return;
      if (facts.total === state.found && facts.complete === state.finished) return;
      timer = setTimeout(() => {
        timer = undefined;
        seen = session.search.state.get();
        model.refresh();
      }, INTERVAL);
    };
    const stops = [session.search.state.subscribe(look), model.subscribe(look)];
    look();
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [session, id]);
}

function NotSearched() {
  return (
    <FullState
      icon="search"
      text={t(
        'Find text, bytes or expressions in the memory of every process, in what they share, in deleted and changed files, and in pipes and sockets.',
      )}
      detail={t('Enter starts the search. A result leads to its bytes.')}
    />
  );
}

function NothingFound({ state }: { state: Wire<SearchState> }) {
  const session = useSession();
  const { search } = session;
  const choices = useStore(session.page, (page) => page.search);
  const scope = useStore(session.page, (page) => scopeOf(page).kind);
  if (!state.finished) return <FullState icon="search" text={t('Nothing found yet.')} />;
  if (state.failure) return <FullState icon="circle-slash" text={t('It was not searched.')} />;
  const { what = '', where = '' } = choices.last ?? {};
  const nothing = scope === 'all' ? t('Nothing matches {0}.', what) : t('Nothing {1} matches {0}.', what, where);
  const again = (change: () => void) => () => {
    change();
    session.run(search.start());
  };
  return (
    <FullState
      icon="circle-slash"
      text={state.stopped ? t('Nothing was found before the search was stopped.') : nothing}
    >
      {scope !== 'all' && (
        <button type="button" class="button" onClick={again(() => search.widen())}>
          {t('Search everywhere')}
        </button>
      )}
      {scope === 'all' && choices.places.length < SEARCH_PLACES.length && (
        <button type="button" class="button" onClick={again(() => search.change({ places: SEARCH_PLACES }))}>
          {t('Search in all places')}
        </button>
      )}
      {choices.mode === 'text' && !choices.utf16 && (
        <button type="button" class="button secondary" onClick={again(() => search.change({ utf16: true }))}>
          {t('Also as UTF-16')}
        </button>
      )}
      {choices.mode !== 'hex' && choices.mode !== 'strings' && choices.matchCase && (
        <button type="button" class="button secondary" onClick={again(() => search.change({ matchCase: false }))}>
          {t('Ignore case')}
        </button>
      )}
    </FullState>
  );
}
