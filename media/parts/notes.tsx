import type { Note, NoteKind } from '../../src/protocol/note.ts';
import { escapeText } from '../../src/protocol/format.ts';
import { formatNumber, sentenceText, t } from '../text.ts';
import { Icon } from './icon.tsx';
import { LongList } from './long-list.tsx';
import { PlaceLink } from './values.tsx';

const ICONS: Readonly<Record<NoteKind, string>> = {
  damaged: 'error',
  truncated: 'error',
  missing: 'circle-slash',
  unknown: 'question',
  encrypted: 'lock',
  stale: 'history',
  'may-be-incomplete': 'warning',
};

function kindName(kind: NoteKind): string {
  switch (kind) {
    case 'damaged':
      return t('Damaged');
    case 'truncated':
      return t('Ends too early');
    case 'missing':
      return t('Missing');
    case 'unknown':
      return t('Not understood');
    case 'encrypted':
      return t('Encrypted');
    case 'stale':
      return t('Left from an earlier dump');
    case 'may-be-incomplete':
      return t('May be incomplete');
  }
}

/** Only what is there can be gone to. */
function isImage({ where, kind }: Note): boolean {
  return kind !== 'missing' && where.endsWith('.img');
}

/** What is wrong with, missing from or not understood in the checkpoint, each with its place. */
export function NoteList({ notes }: { notes: readonly Note[] }) {
  return (
    <LongList items={notes}>
      {(shown) => (
        <ul class="notes">
          {shown.map((note, index) => (
            <li key={index} class={`note ${note.kind}`}>
              <Icon name={ICONS[note.kind]} label={kindName(note.kind)} />
              <div>
                <p>{sentenceText(note.text)}</p>
                <p class="muted code place">
                  {isImage(note) ? (
                    <PlaceLink place={{ image: note.where }}>{escapeText(note.where)}</PlaceLink>
                  ) : (
                    escapeText(note.where)
                  )}
                  {note.offset !== undefined && (
                    <span title={`0x${note.offset.toString(16)}`}> · {t('offset {0}', formatNumber(note.offset))}</span>
                  )}
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </LongList>
  );
}
