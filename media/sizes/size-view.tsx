import { useMemo, useRef } from 'preact/hooks';
import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type { SizePart, SizePicture } from '../../src/protocol/size-picture.ts';
import { useSize } from '../state/use-size.ts';
import { t, tn } from '../text.ts';
import { layOutSizes, nextTile, type Tile } from './treemap.ts';

/** Pixels: smaller tiles have no room for a name, or for a size below it. */
const NAME = { width: 34, height: 16 } as const;
const SIZE = { width: 44, height: 34 } as const;

/** Files and folders as large as their bytes: buttons that arrow keys move between. */
export function SizeView(props: {
  picture: SizePicture;
  chosen: string | undefined;
  onChoose: (part: SizePart) => void;
  onOpen: (part: SizePart) => void;
  /** Out of the folder that is shown. */
  onLeave: () => void;
}) {
  const { picture, chosen, onChoose, onOpen, onLeave } = props;
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const tiles = useMemo(() => layOutSizes(picture, size.width, size.height), [picture, size]);
  const reachable = tiles.filter(({ part }) => part);
  const current = reachable.some(({ key }) => key === chosen) ? chosen : reachable[0]?.key;
  const keyed = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || current === undefined) return;
    if (event.key === 'Backspace' || event.key === 'Escape') {
      event.preventDefault();
      onLeave();
      return;
    }
    const ends = { Home: reachable[0], End: reachable.at(-1) }[event.key];
    const to = ends ?? nextTile(reachable, current, event.key);
    if (!to) return;
    event.preventDefault();
    box.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(to.key)}"]`)?.focus();
  };
  return (
    <div ref={box} class="sizes" role="group" aria-label={t('Changed files by size')} onKeyDown={keyed}>
      {tiles.map((tile) =>
        tile.part ? (
          <PartTile
            key={tile.key}
            tile={tile}
            part={tile.part}
            isChosen={tile.key === chosen}
            isCurrent={tile.key === current}
            onChoose={onChoose}
            onOpen={onOpen}
          />
        ) : (
          <RestTile key={tile.key} tile={tile} count={tile.rest?.count ?? 0} />
        ),
      )}
    </div>
  );
}

function PartTile(props: {
  tile: Tile;
  part: SizePart;
  isChosen: boolean;
  isCurrent: boolean;
  onChoose: (part: SizePart) => void;
  onOpen: (part: SizePart) => void;
}) {
  const { tile, part, isChosen, isCurrent, onChoose, onOpen } = props;
  const name = `${escapeText(part.name)}${part.isFolder ? '/' : ''}`;
  const classes = [
    'tile',
    tile.isFrame ? 'frame' : 'leaf',
    part.isFolder ? 'folder' : '',
    `kind-${part.kind ?? 'none'}`,
  ];
  return (
    <button
      type="button"
      class={classes.join(' ')}
      style={place(tile)}
      data-key={tile.key}
      tabIndex={isCurrent ? 0 : -1}
      aria-pressed={isChosen}
      aria-label={`${name} ${formatSize(part.bytes)}`}
      title={`${name}\n${formatSize(part.bytes)}`}
      onFocus={() => onChoose(part)}
      onClick={() => {
        if (part.isFolder) onOpen(part);
      }}
      onDblClick={() => {
        if (!part.isFolder) onOpen(part);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        onOpen(part);
      }}
    >
      {hasRoom(tile, NAME) && <span class="name">{name}</span>}
      {(tile.isFrame || hasRoom(tile, SIZE)) && <span class="size">{formatSize(part.bytes)}</span>}
    </button>
  );
}

function RestTile({ tile, count }: { tile: Tile; count: number }) {
  const text = tn(count, '{0} small file', '{0} small files');
  return (
    <div class="tile leaf rest" style={place(tile)} title={`${text}\n${formatSize(tile.bytes)}`}>
      {hasRoom(tile, NAME) && <span class="name">{text}</span>}
      {hasRoom(tile, SIZE) && <span class="size">{formatSize(tile.bytes)}</span>}
    </div>
  );
}

/** A pixel is left between neighbours. */
function place({ x, y, width, height }: Tile): Readonly<Record<string, string>> {
  return {
    left: `${x.toFixed(1)}px`,
    top: `${y.toFixed(1)}px`,
    width: `${Math.max(1, width - 1).toFixed(1)}px`,
    height: `${Math.max(1, height - 1).toFixed(1)}px`,
  };
}

function hasRoom(tile: Tile, least: { readonly width: number; readonly height: number }): boolean {
  return tile.width >= least.width && tile.height >= least.height;
}
