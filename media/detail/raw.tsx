import { useEffect, useLayoutEffect } from 'preact/hooks';
import { escapeText, formatMode, TYPE_BITS } from '../../src/protocol/format.ts';
import type { RawDetail } from '../../src/protocol/raw.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { FilterBox } from '../parts/filter-box.tsx';
import { NoteList } from '../parts/notes.tsx';
import { Copyable, Size, TEXT_MENU, Time } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { t, tn } from '../text.ts';
import { DetailFrame, DetailHeader, useDetail } from './pane.tsx';

/**
 * One entry of the archive: what it is, what is wrong with it, and what it holds.
 * @param props.onShown what there was about another entry, or nothing yet, has been replaced
 */
export function RawDetailPane({ path, onShown }: { path: string; onShown: () => void }) {
  const session = useSession();
  const resource = useDetail(path, (entry, signal) => session.host.rawEntry(entry, signal));
  useLayoutEffect(onShown, [resource.value, resource.error]);
  return <DetailFrame resource={resource}>{(detail) => <RawView detail={detail} />}</DetailFrame>;
}

function RawView({ detail }: { detail: Wire<RawDetail> }) {
  const { path, notes, entries = 0 } = detail;
  return (
    <>
      <div class="raw-head" data-vscode-context={TEXT_MENU}>
        <DetailHeader title={<Copyable text={path} />} subtitle={<Facts detail={detail} />}>
          <Actions detail={detail} />
        </DetailHeader>
        {notes.length > 0 && (
          <section class="raw-notes" aria-label={t('Notes')}>
            <NoteList notes={notes} />
          </section>
        )}
      </div>
      {entries > 0 && <ImageTree path={path} />}
      {detail.start && detail.start.length > 0 && <HexPreview bytes={detail.start} size={detail.size} />}
      {detail.size === 0 && detail.view !== 'none' && <p class="muted hint">{emptyText(detail)}</p>}
    </>
  );
}

/** CRIU takes an image without a byte for one without entries. */
function emptyText({ view }: Wire<RawDetail>): string {
  return view === 'tree' ? t('This image is empty: the dump had nothing of its kind.') : t('This file is empty.');
}

function Facts({ detail }: { detail: Wire<RawDetail> }) {
  const { what, kind, size, mode, modified, entries, magic, linkTarget } = detail;
  return (
    <span class="facts-line">
      <span>{t(what)}</span>
      {linkTarget !== undefined && <span class="code">→ {escapeText(linkTarget)}</span>}
      {kind !== undefined && <span title={magic === undefined ? undefined : t('Magic {0}', magic)}>{kind}</span>}
      {entries !== undefined && <span>{tn(entries, '{0} entry', '{0} entries')}</span>}
      {detail.view !== 'none' && <Size bytes={size} />}
      <span class="code">{formatMode(mode | TYPE_BITS[detail.type])}</span>
      {modified !== undefined && <Time value={modified} age={false} />}
    </span>
  );
}

function Actions({ detail }: { detail: Wire<RawDetail> }) {
  const session = useSession();
  const { json, file, view } = detail;
  if (file === undefined) return null;
  return (
    <>
      {json !== undefined && (
        <button type="button" class="button" onClick={() => session.run(session.host.openFile(json))}>
          {t('Open as JSON')}
        </button>
      )}
      {view === 'text' && (
        <button type="button" class="button" onClick={() => session.run(session.host.openFile(file))}>
          {t('Open')}
        </button>
      )}
      <button type="button" class="button secondary" onClick={() => session.run(session.host.saveFile(file))}>
        {t('Save As…')}
      </button>
    </>
  );
}

/** The decoded image. Where one is in it is part of the place that Back and Forward know. */
function ImageTree({ path }: { path: string }) {
  const session = useSession();
  const { image } = session.grids;
  const filter = useStore(session.page, (page) => page.grids.image.filter);
  usePlaceInTree(path);
  return (
    <section class="raw-tree" aria-label={t('Decoded image')}>
      <div class="raw-filter">
        <FilterBox
          id="image-filter"
          placeholder={t('Filter the fields of this image')}
          value={filter}
          hint={t('Words that a field must contain, or field:name, value:text, type:name')}
          onChange={(text) => image.setFilter(text)}
          onLeave={() => document.querySelector<HTMLElement>('.raw-tree [role=treegrid]')?.focus()}
        />
      </div>
      <GridPane
        grid="image"
        of={path}
        label={t('Fields of {0}', escapeText(path))}
        noMatch={(text) => t('No field matches “{0}”.', escapeText(text))}
        nothing={t('This image has no entries.')}
      />
    </section>
  );
}

/** Follows a link to a field, and remembers the field that the keyboard is on as the place in this tab. */
function usePlaceInTree(path: string): void {
  const session = useSession();
  const { image } = session.grids;
  const chosen = useStore(session.page, (page) => page.grids.entries.focus);
  const wanted = useStore(session.page, (page) => page.tabs.raw.spot?.path);
  const focus = useStore(session.page, (page) => page.grids.image.focus);
  // What is shown may still be the entry that was chosen before.
  const isCurrent = chosen === path;
  useEffect(() => {
    if (!isCurrent) return;
    // First of all: where one was in another image says nothing about this one.
    image.setOf(path);
    if (wanted !== undefined && wanted !== session.gridState('image').focus) session.run(image.reveal(wanted));
  }, [isCurrent, path, wanted]);
  useEffect(() => {
    const now = session.gridState('image').focus;
    if (isCurrent && now !== undefined && now !== wanted) session.moveTo('raw', { path: now });
  }, [isCurrent, path, focus]);
}

const LINE = 16;

/** The first bytes as they are: offset, hexadecimal, text. */
function HexPreview({ bytes, size }: { bytes: Uint8Array; size: number }) {
  const lines = Array.from({ length: Math.ceil(bytes.length / LINE) }, (_, index) => {
    const part = bytes.subarray(index * LINE, (index + 1) * LINE);
    const hex = Array.from({ length: LINE }, (_, at) => hexByte(part[at])).join(' ');
    const text = Array.from(part, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
    return `${(index * LINE).toString(16).padStart(8, '0')}  ${hex}  ${text}`;
  });
  return (
    <section class="raw-bytes" data-vscode-context={TEXT_MENU} aria-label={t('First bytes')}>
      <pre class="code" tabIndex={0}>
        {lines.join('\n')}
      </pre>
      {size > bytes.length && <p class="muted">{t('The first {0} of {1} bytes.', bytes.length, size)}</p>}
    </section>
  );
}

function hexByte(byte: number | undefined): string {
  return byte === undefined ? '  ' : byte.toString(16).padStart(2, '0');
}
