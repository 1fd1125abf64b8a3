import { escapeText } from '../../src/protocol/format.ts';
import type { OriginalChoice } from '../../src/protocol/restore-api.ts';
import { sentenceText, t } from '../text.ts';
import { FieldGroup } from './fields.tsx';

/** Whether the original is deleted afterwards, which only who types its name gets. */
export function MoveField(props: {
  original: OriginalChoice;
  isWanted: boolean;
  confirmed: string;
  onWant: (yes: boolean) => void;
  onConfirm: (text: string) => void;
}) {
  const { original, isWanted, confirmed, onWant, onConfirm } = props;
  if ('missing' in original) {
    return (
      <FieldGroup id="move" label={t('Original')} role="group">
        <p class="muted">{sentenceText(original.missing)}</p>
      </FieldGroup>
    );
  }
  const name = escapeText(original.name);
  return (
    <FieldGroup id="move" label={t('Original')} role="group">
      <label class="check">
        <input
          id="move"
          type="checkbox"
          checked={isWanted}
          onChange={({ currentTarget }) => onWant(currentTarget.checked)}
        />
        {t('Move: delete the pod {0} once what was restored of it runs', name)}
      </label>
      {isWanted && (
        <label class="confirm">
          <span>{t('Type {0} to confirm:', name)}</span>
          <input
            id="confirm"
            type="text"
            class="text wide"
            value={confirmed}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => onConfirm(currentTarget.value)}
          />
        </label>
      )}
    </FieldGroup>
  );
}

/** What must be typed, and was not yet; undefined where nothing must. */
export function toConfirm(original: OriginalChoice | undefined, isWanted: boolean, typed: string): string | undefined {
  if (!isWanted || !original || 'missing' in original || typed === original.name) return undefined;
  return original.name;
}
