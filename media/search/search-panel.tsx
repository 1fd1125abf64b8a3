import { useLayoutEffect, useState } from 'preact/hooks';
import { focusContent } from '../focus.ts';
import { IconButton } from '../parts/icon.tsx';
import { NoteList } from '../parts/notes.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { sentenceText, t } from '../text.ts';
import { Results, focusResults } from './results.tsx';
import { ScopeLine } from './scope-line.tsx';
import { SEARCH_ID, SearchInput } from './search-input.tsx';
import { StatusLine } from './status-line.tsx';

const FAILURE_ID = 'search-failure';

/** The search: what for, where, and what was found. It stays below the tabs while one looks at what was found. */
export function SearchPanel() {
  const session = useSession();
  const { search } = session;
  const state = useStore(search.state, (value) => value);
  const asked = useStore(search.asked, (count) => count);
  const [notesShown, setNotesShown] = useState(false);
  const running = state?.finished === false;
  useLayoutEffect(() => {
    // The page comes back with the panel open: nobody asked for it then.
    if (asked === 0) return;
    const input = document.getElementById(SEARCH_ID);
    input?.focus();
    if (input instanceof HTMLInputElement) input.select();
  }, [asked]);

  const close = () => {
    search.close();
    focusContent();
  };
  const start = () => session.run(search.start());
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    if (running) session.run(search.stop());
    else close();
  };
  const failure = state?.failure && sentenceText(state.failure);
  return (
    <section id="search" class="search-panel" aria-label={t('Search')} onKeyDown={key}>
      <div class="search-bar">
        <SearchInput wrong={failure === undefined ? undefined : FAILURE_ID} onStart={start} onLeave={focusResults} />
        {running ? (
          <button type="button" class="button secondary" onClick={() => session.run(search.stop())}>
            {t('Stop')}
          </button>
        ) : (
          <button type="button" class="button" onClick={start}>
            {t('Search')}
          </button>
        )}
        <span class="grow" />
        <IconButton icon="close" label={t('Close the search (Escape)')} onClick={close} />
      </div>
      {failure !== undefined && (
        <p id={FAILURE_ID} class="search-failure" role="alert">
          {failure}
        </p>
      )}
      <ScopeLine />
      {state && <StatusLine state={state} notesShown={notesShown} onNotes={() => setNotesShown(!notesShown)} />}
      {state && notesShown && state.notes.length > 0 && (
        <div id="search-notes" class="search-notes">
          <NoteList notes={state.notes} />
        </div>
      )}
      <Results state={state} />
    </section>
  );
}
