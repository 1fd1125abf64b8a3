import { useEffect } from 'preact/hooks';
import { formatSize } from '../../src/protocol/format.ts';
import type { SearchState } from '../../src/protocol/search.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { FilterBox } from '../parts/filter-box.tsx';
import { Icon, IconButton } from '../parts/icon.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { formatNumber, t, tn } from '../text.ts';
import { focusResults } from './results.tsx';

/** What was found up to now, how far it is, and what can be done with the results. */
export function StatusLine(props: { state: Wire<SearchState>; notesShown: boolean; onNotes: () => void }) {
  const session = useSession();
  const { state, notesShown, onNotes } = props;
  const { id, found, done, total, finished, notes } = state;
  const last = useStore(session.page, (page) => page.search.last);
  const filter = useStore(session.page, (page) => page.grids.search.filter);
  const results = tn(found, '{0} result for {1} {2}', '{0} results for {1} {2}', last?.what ?? '', last?.where ?? '');
  useEffect(() => {
    if (finished) session.announce(results);
  }, [id, finished]);
  const share = total > 0 ? Math.min(1, done / total) : undefined;
  return (
    <>
      <div
        class={`progress-line ${finished ? '' : 'active'} ${share === undefined && !finished ? 'endless' : ''}`}
        role={finished ? undefined : 'progressbar'}
        aria-label={finished ? undefined : t('Searching')}
        aria-valuenow={finished || share === undefined ? undefined : Math.round(share * 100)}
      >
        {!finished && <span class="bit" style={{ transform: share === undefined ? '' : `scaleX(${String(share)})` }} />}
      </div>
      <div class="search-status">
        {state.failure === undefined && <span class="results-count">{results}</span>}
        <span class="muted ellipsis">{progressText(state)}</span>
        {notes.length > 0 && (
          <button
            type="button"
            class="header-button notes-button"
            aria-expanded={notesShown}
            aria-controls="search-notes"
            onClick={onNotes}
          >
            <Icon name="warning" />
            {tn(notes.length, '{0} note', '{0} notes')}
          </button>
        )}
        <span class="grow" />
        <FilterBox
          id="search-filter"
          placeholder={t('Filter the results')}
          value={filter}
          hint={t('Words that a row must contain, or field:value, for example {0}', 'process:nginx source:pipe')}
          onChange={(value) => session.grids.search.setFilter(value)}
          onLeave={focusResults}
        />
        <IconButton
          icon="save-as"
          label={t('Export the results as JSON or CSV…')}
          disabled={found === 0}
          onClick={() => session.run(session.host.saveSearch(id))}
        />
      </div>
    </>
  );
}

function progressText({ done, total, finished, stopped, more, found, failure }: Wire<SearchState>): string {
  if (failure) return '';
  if (!finished) {
    return total > 0 ? t('{0} of {1} searched', formatSize(done), formatSize(total)) : t('Searching…');
  }
  if (more) {
    return t(
      'Only the first {0} are kept. Search for something longer or in fewer places to see others.',
      formatNumber(found),
    );
  }
  if (stopped) return t('Stopped after {0} of {1}', formatSize(done), formatSize(total));
  return t('{0} searched', formatSize(done));
}
