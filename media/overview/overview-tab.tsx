import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Note } from '../../src/protocol/note.ts';
import type { KeyValue, Overview } from '../../src/protocol/overview.ts';
import type { PageStart } from '../../src/protocol/page-api.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { escapeText } from '../../src/protocol/format.ts';
import { Block, Fact, FactFilter, Facts } from '../parts/facts.tsx';
import { LongList } from '../parts/long-list.tsx';
import { NoteList } from '../parts/notes.tsx';
import { MaybeJson, TEXT_MENU } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { Completeness } from './completeness.tsx';
import { DumpTimes } from './dump-times.tsx';
import { Acquisition, Identity, Networks } from './identity.tsx';
import { Sizes } from './sizes.tsx';

/** What this is, whose, from when, how large and how whole: everything that one asks first. */
export function OverviewTab(props: { start: PageStart; overview: Wire<Overview>; notes: readonly Note[] }) {
  const session = useSession();
  const { overview, notes } = props;
  const filter = useStore(session.page, (page) => page.tabs.overview.filter);
  const scroller = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = session.page.get().tabs.overview.scroll;
  }, [session]);
  const keepScroll = () => session.updateTab('overview', { scroll: scroller.current?.scrollTop ?? 0 });
  return (
    <FactFilter.Provider value={filter}>
      <div
        class={`overview ${filter.trim() === '' ? '' : 'filtered'}`}
        ref={scroller}
        tabIndex={-1}
        data-vscode-context={TEXT_MENU}
        onScrollEnd={keepScroll}
      >
        <div class="columns">
          <div class="column">
            <Identity overview={overview} />
            <Networks networks={overview.networks} />
          </div>
          <div class="column">
            <Acquisition start={props.start} overview={overview} />
            <Completeness facts={overview.completeness} />
            <Sizes sizes={overview.sizes} compressed={overview.compression !== 'none'} />
            {overview.statistics && <DumpTimes statistics={overview.statistics} pageSize={overview.criu.pageSize} />}
          </div>
        </div>
        {notes.length > 0 && (
          <Block title={t('Notes')} id="overview-notes">
            <NoteList notes={notes} />
          </Block>
        )}
        <Pairs title={t('Labels')} pairs={overview.labels} />
        <Pairs title={t('Annotations')} pairs={overview.annotations} />
        <p class="muted nothing">{t('Nothing here matches “{0}”.', escapeText(filter))}</p>
      </div>
    </FactFilter.Provider>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: readonly KeyValue[] }) {
  if (pairs.length === 0) return null;
  return (
    <Facts title={title} class="pairs">
      <LongList items={pairs}>
        {(shown) =>
          shown.map(({ key, value }) => (
            <Fact key={key} label={escapeText(key)}>
              {value === '' ? <span class="muted">{t('(empty)')}</span> : <MaybeJson text={value} />}
            </Fact>
          ))
        }
      </LongList>
    </Facts>
  );
}
