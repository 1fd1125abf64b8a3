import { escapeText, formatCount } from '../../src/protocol/format.ts';
import { useSession } from '../session.ts';
import { t, tn } from '../text.ts';
import { hexText } from './address-map.ts';
import type { ByteCache } from './byte-cache.ts';
import { bytesText, MAX_COPY, type BytesFormat } from './copy-bytes.ts';
import type { HexModel, Span } from './hex-model.ts';
import { memoryPath } from './region-head.tsx';
import type { ReadWhole } from './read-whole.ts';
import { originText } from './words.ts';

/** Where the cursor is and where its byte is kept; of a selection, how long it is and what can be done with it. */
export function StatusLine(props: { model: HexModel; cache: ByteCache; readWhole: ReadWhole }) {
  const { model, cache, readWhole } = props;
  const { cursor, selection, map } = model;
  const session = useSession();
  const length = selection.end - selection.start;
  const range = cache.rangeAt(cursor);
  const place = map.describe(cursor);
  const kept =
    range?.where === undefined
      ? ''
      : range.offset === undefined
        ? range.where
        : t('{0} at {1}', range.where, hexText(BigInt(range.offset) + keptOffset(range, cursor)));
  return (
    <div class="hex-status">
      <span class="code">{hexText(cursor)}</span>
      {place !== undefined && <span class="code muted">{escapeText(place)}</span>}
      {range && (
        <span class="origin" title={escapeText(kept)}>
          <span class={`swatch source-${range.source} ${range.present ? '' : 'absent'}`} aria-hidden="true" />
          {originText(range.source, range.present)}
          {kept !== '' && <span class="muted"> · {escapeText(kept)}</span>}
        </span>
      )}
      {length > 1n && (
        <span class="selected-bytes">
          {tn(Number(length), '{0} byte selected', '{0} bytes selected')}
          <button type="button" class="link" onClick={() => copy('hex')}>
            {t('Copy as hex')}
          </button>
          <button type="button" class="link" onClick={() => copy('text')}>
            {t('as text')}
          </button>
          <button type="button" class="link" onClick={() => copy('c')}>
            {t('as C array')}
          </button>
          <button type="button" class="link" onClick={save}>
            {t('Save as…')}
          </button>
        </span>
      )}
    </div>
  );

  function copy(format: BytesFormat): void {
    session.run(copySelection(selection, format, readWhole, (text) => session.host.copyText(text)).then(told));
  }
  function told(): void {
    session.announce(t('Copied'));
  }
  function save(): void {
    session.run(session.host.saveFile(memoryPath(map.pid, selection.start, selection.end)));
  }
}

/** Compressed pages have no place of their own in their image. */
function keptOffset(range: { readonly start: string; readonly compressed?: boolean }, cursor: bigint): bigint {
  return range.compressed ? 0n : cursor - BigInt(range.start);
}

/** @throws Error where there are too many bytes for the clipboard */
export async function copySelection(
  { start, end }: Span,
  format: BytesFormat,
  readWhole: ReadWhole,
  copyText: (text: string) => Promise<void>,
): Promise<void> {
  const length = end - start;
  if (length > BigInt(MAX_COPY)) {
    throw new Error(
      t(
        '{0} bytes are more than the clipboard should hold ({1}). Save them instead.',
        formatCount(length),
        formatCount(MAX_COPY),
      ),
    );
  }
  const { bytes, present } = await readWhole(start, Number(length));
  await copyText(bytesText(bytes, present, format));
}
