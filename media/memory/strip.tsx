import { useMemo, useRef } from 'preact/hooks';
import { escapeText, formatSize } from '../../src/protocol/format.ts';
import { useSize } from '../state/use-size.ts';
import { t, tn } from '../text.ts';
import { hexText, shortName, type AddressMap, type Region } from './address-map.ts';
import { byKind, pieces, type Piece } from './strip-pieces.ts';
import { kindText } from './words.ts';

/** Pixels that a piece needs to be hit. */
const LEAST = 4;

/**
 * The address space as a strip: mappings from left to right, coloured by kind, as wide as their size lets them be, and
 * filled as far as they were dumped. A click leads to the mapping, arrows go along.
 */
export function Strip(props: { map: AddressMap; current: Region | undefined; onGo: (region: Region) => void }) {
  const { map, current, onGo } = props;
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const drawn = useMemo(() => pieces(map.regions, Math.floor(width / LEAST)), [map, width]);
  const kinds = useMemo(() => byKind(map.regions), [map]);
  const at = current ? drawn.findIndex(({ first, end }) => current.index >= first && current.index < end) : -1;

  const keyed = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: drawn.length - 1,
    };
    const piece = event.altKey ? undefined : drawn[steps[event.key] ?? -1];
    if (!piece) return;
    event.preventDefault();
    onGo(piece.main);
  };
  const clicked = (event: MouseEvent) => {
    const index =
      event.target instanceof Element ? event.target.closest<HTMLElement>('[data-piece]')?.dataset['piece'] : undefined;
    const piece = index === undefined ? undefined : drawn[Number(index)];
    if (piece) onGo(piece.main);
  };
  return (
    <div class="memory-picture">
      <div
        ref={box}
        class="memory-strip"
        role="listbox"
        aria-orientation="horizontal"
        tabIndex={0}
        aria-label={t('The address space by size and kind')}
        aria-activedescendant={at < 0 ? undefined : pieceId(at)}
        onKeyDown={keyed}
        onClick={clicked}
      >
        {drawn.map((piece, index) => (
          <div
            key={piece.first}
            id={pieceId(index)}
            class={`piece kind-${piece.kind} ${index === at ? 'current' : ''}`}
            role="option"
            aria-selected={index === at}
            aria-label={title(piece)}
            title={title(piece)}
            data-piece={index}
            style={{ flexGrow: String(piece.share * 1000), '--filled': String(filled(piece)) }}
          />
        ))}
      </div>
      <ul class="memory-legend" aria-label={t('Dumped memory by kind')}>
        {kinds.map(({ kind, held }) => (
          <li key={kind} class={held === 0 ? 'muted' : ''}>
            <span class={`swatch kind-${kind}`} aria-hidden="true" />
            {kindText(kind)} <span class="muted">{formatSize(held)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function pieceId(index: number): string {
  return `piece-${String(index)}`;
}

/** At least a line where anything was dumped. */
function filled({ held, size }: Piece): number {
  return held === 0 ? 0 : Math.max(0.08, Math.min(1, held / Number(size)));
}

function title({ first, end, main, size, held }: Piece): string {
  const name = main.name === '' ? kindText(main.kind) : escapeText(shortName(main));
  const sizes = t('{0} dumped of {1}', formatSize(held), formatSize(size));
  const more = end - first > 1 ? `\n${tn(end - first - 1, 'and {0} more mapping', 'and {0} more mappings')}` : '';
  return `${hexText(main.start)} ${main.permissions} ${name}\n${sizes}${more}`;
}
