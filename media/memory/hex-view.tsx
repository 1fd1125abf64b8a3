import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import { useSession } from '../session.ts';
import { errorText } from '../parts/states.tsx';
import { Icon } from '../parts/icon.tsx';
import { t } from '../text.ts';
import { hexText, shortName, type Region } from './address-map.ts';
import type { ByteCache } from './byte-cache.ts';
import { byteId, HexRow } from './hex-row.tsx';
import { ROW_BYTES, type HexModel } from './hex-model.ts';
import { hexAction, type HexAction } from './keys.ts';
import { useChanges } from './use-changes.ts';
import { useRows } from './use-rows.ts';

const ROW_HEIGHT = 20;
/** Narrower than this in letters of the editor's font, the view does not say where words point to. */
const WITH_POINTERS = 118;
/** The ways to the mappings before and behind. */
const WAYS = 2;

export const HEX_ID = 'hex';

export interface HexViewProps {
  readonly model: HexModel;
  readonly cache: ByteCache;
  readonly onGo: (address: bigint) => void;
  readonly onAction: (action: Exclude<HexAction, { readonly type: 'move' }>) => void;
}

/** The bytes of a mapping, of any size: only the rows in view exist, and only what is looked at is fetched. */
export function HexView({ model, cache, onGo, onAction }: HexViewProps) {
  const session = useSession();
  const scroller = useRef<HTMLDivElement>(null);
  const letter = useRef<HTMLSpanElement>(null);
  useChanges(model);
  const revision = useChanges(cache);

  const { region, cursor, selection, mark, map } = model;
  const rows = useRows(scroller, region ? model.rows + WAYS : 0, ROW_HEIGHT, region?.start);
  const letterWidth = letter.current?.getBoundingClientRect().width ?? 8;
  const scrolling = useRef(false);
  useLayoutEffect(() => {
    if (rows.height === 0) return;
    model.setPage(rows.page);
    const scroll = model.takeScroll();
    scrolling.current = scroll !== undefined && rows.show(scroll.row + 1, scroll.how);
  });
  useEffect(() => {
    // What was drawn before scrolling is not what will be looked at.
    if (!region || rows.height === 0 || scrolling.current) return;
    const first = model.addressOf(Math.max(0, rows.first - 1));
    const end = model.addressOf(Math.max(0, rows.last - 1));
    cache.want(first > region.start ? first : region.start, end < region.end ? end : region.end);
  });

  const addressAt = (event: MouseEvent): bigint | undefined => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-at]') : null;
    const row = target?.closest<HTMLElement>('[data-row]')?.dataset['row'];
    if (!region || row === undefined) return undefined;
    const address = model.addressOf(Number(row)) + BigInt(target?.dataset['at'] ?? 0);
    return address >= region.start && address < region.end ? address : undefined;
  };
  const pressed = (event: PointerEvent) => {
    const address = event.button === 0 ? addressAt(event) : undefined;
    if (address === undefined) return;
    model.click(address, event.shiftKey);
    const move = (to: PointerEvent) => {
      const under = document.elementFromPoint(to.clientX, to.clientY);
      const over = under ? addressAt({ target: under } as unknown as MouseEvent) : undefined;
      if (over !== undefined && over !== model.cursor) model.click(over, true);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', () => window.removeEventListener('pointermove', move), { once: true });
  };
  const clicked = (event: MouseEvent) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-target]') : null;
    if (target) onGo(BigInt(`0x${target.dataset['target'] ?? '0'}`));
  };
  const keyed = (event: KeyboardEvent) => {
    const action = event.target === event.currentTarget ? hexAction(event) : undefined;
    if (!action) return;
    event.preventDefault();
    if (action.type === 'move') model.move(action.to, action.extend);
    else onAction(action);
  };

  if (map.regions.length === 0) return <p class="muted hint">{t('This process had nothing mapped.')}</p>;
  if (!region) return <div class="hex" ref={scroller} id={HEX_ID} tabIndex={0} aria-busy="true" />;
  const neighbour = (step: -1 | 1): Region | undefined => map.regions[region.index + step];
  const shown = Array.from({ length: Math.max(0, rows.last - rows.first) }, (_, at) => rows.first + at);
  const pointers = rows.width / letterWidth >= WITH_POINTERS;
  const total = model.rows + WAYS;
  return (
    <div
      ref={scroller}
      id={HEX_ID}
      class="hex"
      role="grid"
      tabIndex={0}
      aria-label={t('Memory at {0}', hexText(cursor))}
      aria-rowcount={total}
      aria-colcount={ROW_BYTES}
      aria-activedescendant={byteId(cursor)}
      aria-multiselectable={true}
      onScroll={rows.onScroll}
      onPointerDown={pressed}
      onClick={clicked}
      onKeyDown={keyed}
      onFocus={() => getSelection()?.removeAllRanges()}
    >
      <span ref={letter} class="hex-measure" aria-hidden="true">
        0
      </span>
      <div class="canvas" role="rowgroup" style={{ height: `${String(rows.scale.physical)}px` }}>
        {shown.map((index) => {
          const y = rows.yOf(index);
          if (index === 0) return <Way key="before" y={y} to={neighbour(-1)} step={-1} from={region} />;
          if (index === total - 1) return <Way key="behind" y={y} to={neighbour(1)} step={1} from={region} />;
          const address = model.addressOf(index - 1);
          return (
            <div key={String(address)} data-row={index - 1}>
              <HexRow
                map={map}
                cache={cache}
                address={address}
                from={region.start}
                to={region.end}
                y={y}
                cursor={cursor}
                selection={selection}
                mark={mark}
                pointers={pointers}
                revision={revision}
              />
            </div>
          );
        })}
      </div>
      {cache.error !== undefined && (
        <p class="hex-error" role="alert">
          <Icon name="error" />
          <span>{errorText(cache.error)}</span>
          <button type="button" class="link" onClick={() => cache.renew()}>
            {t('Retry')}
          </button>
          <button type="button" class="link" onClick={() => session.run(session.host.showLog())}>
            {t('Show Log')}
          </button>
        </p>
      )}
    </div>
  );
}

/** The way to the mapping before or behind, over what lies between. */
function Way({ y, to, from, step }: { y: number; to: Region | undefined; from: Region; step: -1 | 1 }) {
  if (!to) return null;
  const gap = step < 0 ? from.start - to.end : to.start - from.end;
  const name = escapeText(shortName(to));
  const target = step < 0 ? to.end - BigInt(ROW_BYTES) : to.start;
  return (
    <div class="hex-way" style={{ transform: `translateY(${String(y)}px)` }}>
      <button type="button" class="link" tabIndex={-1} data-target={target.toString(16)}>
        <Icon name={step < 0 ? 'arrow-up' : 'arrow-down'} />
        {gap > 0n
          ? t('{0} {1}, behind {2} bytes that are not mapped', hexText(to.start), name, hexText(gap))
          : t('{0} {1}', hexText(to.start), name)}
      </button>
    </div>
  );
}
