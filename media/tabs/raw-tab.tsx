import { useEffect, useRef } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import { RawDetailPane } from '../detail/raw.tsx';
import { useHeldFocus } from '../focus.ts';
import { Split } from '../parts/split.tsx';
import { useSession } from '../session.ts';
import { clampSplit } from '../state/persisted.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { GridPane } from './grid-tab.tsx';

/** What is decoded needs more room than the list: this tab has a border of its own. */
const SHARE = 0.5;

/** Every entry of the archive, and beside it the one that is chosen: decoded, or as it is. */
export function RawTab() {
  const session = useSession();
  const choices = useStore(session.page, (page) => page.tabs.raw.choices);
  const focus = useStore(session.page, (page) => page.grids.entries.focus);
  const detail = useRef<HTMLDivElement>(null);
  /** Into the image; of what is no image, to its detail. */
  const enter = () => (detail.current?.querySelector<HTMLElement>('[role=treegrid]') ?? detail.current)?.focus();
  const { replaced, ...held } = useHeldFocus(detail, enter);
  usePlaceOf(focus);
  return (
    <Split
      share={clampSplit(Number(choices['split'] ?? SHARE))}
      onShare={(split) => session.updateTab('raw', { choices: { ...choices, split: String(split) } })}
      first={
        <GridPane
          grid="entries"
          label={t('Entries of the archive')}
          noMatch={(filter) => t('No entry matches “{0}”.', escapeText(filter))}
          nothing={t('The archive holds nothing.')}
          onDetail={enter}
        />
      }
      second={
        <div ref={detail} class="raw-detail" role="region" tabIndex={-1} aria-label={t('Details')} {...held}>
          {focus === undefined ? (
            <p class="muted hint">{t('Select an entry to see what it holds. Images are shown field by field.')}</p>
          ) : (
            <RawDetailPane path={focus} onShown={replaced} />
          )}
        </div>
      }
    />
  );
}

/** The place within an image is left with the image, unless a link leads to one in the next. */
function usePlaceOf(focus: string | undefined): void {
  const session = useSession();
  const spot = useStore(session.page, (page) => page.tabs.raw.spot);
  const before = useRef({ focus, spot });
  useEffect(() => {
    const { focus: oldFocus, spot: oldSpot } = before.current;
    before.current = { focus, spot };
    if (focus !== oldFocus && spot !== undefined && spot === oldSpot) session.moveTo('raw', undefined);
  }, [focus, spot]);
}
