import { escapeText, formatSize } from '../../src/protocol/format.ts';
import { IconButton } from '../parts/icon.tsx';
import { useShowInImage } from '../parts/show-in-image.tsx';
import type { SearchRange } from '../search/choices.ts';
import { useSession } from '../session.ts';
import { t } from '../text.ts';
import { addressText, hexText, type AddressMap, type Region } from './address-map.ts';
import { heldBytes } from './strip-pieces.ts';
import { kindText, sourceWord } from './words.ts';

/** An ordinary editor gets a file as a whole; longer ones are for Save As. */
const MAX_OPENED = 64 * 1024 * 1024;

/** Path of a range of memory in the file view. */
export function memoryPath(pid: number, start: bigint, end: bigint): string {
  return `/proc/${String(pid)}/mem/${start.toString(16)}-${end.toString(16)}`;
}

/** Which mapping is shown, what of it is in the checkpoint, and what can be done with it as a whole. */
export function RegionHead({ map, region }: { map: AddressMap; region: Region }) {
  const session = useSession();
  const show = useShowInImage();
  const size = region.end - region.start;
  const path = memoryPath(map.pid, region.start, region.end);
  const held = heldBytes(region);
  const rest = Object.entries(region.bytes).filter(([source]) => source !== 'own' && source !== 'shared') as [
    keyof Region['bytes'],
    number,
  ][];
  const range = `${addressText(region.start, map.pointerBytes)}-${addressText(region.end, map.pointerBytes)}`;
  const searched: SearchRange = {
    pid: map.pid,
    start: hexText(region.start),
    end: hexText(region.end),
    name: region.name === '' ? kindText(region.kind) : region.name,
  };
  const tooLarge = size > BigInt(MAX_OPENED);
  return (
    <div class="region-head">
      <div class="region-title">
        <span class={`swatch kind-${region.kind}`} aria-hidden="true" />
        <span class="code">{range}</span>
        <span class="code">{region.permissions}</span>
        <span class="region-name" title={escapeText(region.name)}>
          {region.name === '' ? <span class="muted">{kindText(region.kind)}</span> : escapeText(region.name)}
        </span>
      </div>
      <div class="region-facts muted">
        {t('{0} dumped of {1}', formatSize(held), formatSize(size))}
        {rest.map(([source, bytes]) => ` · ${formatSize(bytes)} ${sourceWord(source)}`).join('')}
      </div>
      <span class="region-actions">
        <IconButton
          icon="symbol-structure"
          label={t('Show in image')}
          onClick={() => show({ of: 'mapping', pid: map.pid, start: hexText(region.start) })}
        />
        <IconButton
          icon="symbol-string"
          label={t('Strings of this mapping')}
          onClick={() => session.run(session.search.strings(searched))}
        />
        <IconButton
          icon="search"
          label={t('Search in this mapping')}
          onClick={() => session.search.open({ range: searched, mode: session.search.typedMode })}
        />
        <IconButton
          icon="go-to-file"
          label={
            tooLarge
              ? t('Open the mapping in an editor: it is larger than an editor takes. Save it instead.')
              : t('Open the mapping in an editor')
          }
          disabled={tooLarge || Number(size) === 0}
          onClick={() => session.run(session.host.openFile(path))}
        />
        <IconButton
          icon="save-as"
          label={t('Save the mapping as…')}
          onClick={() => session.run(session.host.saveFile(path))}
        />
      </span>
    </div>
  );
}
