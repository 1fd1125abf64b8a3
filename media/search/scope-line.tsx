import { escapeText } from '../../src/protocol/format.ts';
import { SEARCH_PLACES, type SearchPlace } from '../../src/protocol/search.ts';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { chosenPids, scopeOf } from './choices.ts';
import { placeText, placeTitle, rangeText } from './words.ts';

/** Where it is searched: everywhere, in the processes that are chosen, or in one mapping. */
export function ScopeLine() {
  const session = useSession();
  const { search } = session;
  const page = useStore(session.page, (state) => state);
  const scope = scopeOf(page);
  const { places, range } = page.search;
  const toggle = (place: SearchPlace) =>
    search.change({
      places: SEARCH_PLACES.filter((other) => places.includes(other) !== (other === place)),
    });
  return (
    <div class="search-scope">
      <label class="picker">
        <span class="muted">{t('In')}</span>
        <select
          class="scope-chip"
          aria-label={t('Where to search')}
          value={scope.kind}
          onChange={(event) => (event.currentTarget.value === 'all' ? search.widen() : search.narrow())}
        >
          <option value="all">{t('everything')}</option>
          <ChosenProcesses pids={chosenPids(page)} />
          {range && <option value="range">{t('{0} of process {1}', rangeText(range), range.pid)}</option>}
        </select>
      </label>
      {scope.kind === 'all' ? (
        <span class="search-places" role="group" aria-label={t('Places to search')}>
          {SEARCH_PLACES.map((place) => (
            <button
              key={place}
              type="button"
              class="search-toggle"
              title={placeTitle(place)}
              aria-pressed={places.includes(place)}
              onClick={() => toggle(place)}
            >
              {placeText(place)}
            </button>
          ))}
        </span>
      ) : (
        <span class="muted ellipsis">
          {scope.kind === 'range'
            ? t('Every byte of the mapping that the checkpoint has')
            : scope.pids.length === 1
              ? t('Its own memory, and what it shares or has mapped')
              : t('Their own memory, and what they share or have mapped')}
        </span>
      )}
    </div>
  );
}

function ChosenProcesses({ pids }: { pids: readonly number[] }) {
  const session = useSession();
  const [pid] = pids;
  const single = pids.length === 1 ? pid : undefined;
  const version = useStore(session.version, (count) => count);
  const name = useResource(
    single === undefined ? undefined : (signal) => session.host.processName(single, signal),
    String(single),
    version,
  );
  if (pid === undefined) return null;
  const known = name.key === String(single) ? (name.value ?? undefined) : undefined;
  const text =
    single === undefined
      ? t('{0} selected processes', pids.length)
      : known === undefined
        ? t('process {0}', single)
        : t('process {0} {1}', single, escapeText(known));
  return <option value="processes">{text}</option>;
}
