import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { clampLeast, MAX_LEAST, STRING_ENCODINGS, type SearchChoices, type SearchMode } from './choices.ts';
import { encodingText } from './words.ts';

export const SEARCH_ID = 'search-for';

interface SearchInputProps {
  /** Id of the sentence that says what is wrong with what was typed. */
  readonly wrong: string | undefined;
  readonly onStart: () => void;
  readonly onLeave: () => void;
}

/** What is looked for: a box like VS Code's own with its toggles, or how long a readable text must be. */
export function SearchInput({ wrong, onStart, onLeave }: SearchInputProps) {
  const session = useSession();
  const { search } = session;
  const choices = useStore(session.page, (page) => page.search);
  const { mode } = choices;
  /** Another way to look for the same: what was found in the old way says nothing any more. */
  const choose = (patch: Partial<SearchChoices>) => {
    search.change(patch);
    if (choices.last) onStart();
    // The keyboard stays where one types.
    document.getElementById(SEARCH_ID)?.focus();
  };
  const toggleMode = (wanted: SearchMode) => choose({ mode: mode === wanted ? 'text' : wanted });
  const key = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      onStart();
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      onLeave();
    }
  };
  const isStrings = mode === 'strings';
  return (
    <>
      {isStrings ? (
        <StringsInput choices={choices} onChange={(patch) => search.change(patch)} onChoose={choose} onKey={key} />
      ) : (
        <div class={`search-input ${wrong === undefined ? '' : 'wrong'}`}>
          <Icon name="search" />
          <input
            id={SEARCH_ID}
            type="text"
            role="searchbox"
            spellcheck={false}
            autocomplete="off"
            placeholder={PLACEHOLDERS[mode]()}
            aria-label={t('Search for')}
            aria-invalid={wrong !== undefined}
            aria-describedby={wrong}
            maxLength={MAX_TYPED}
            value={choices.text}
            onInput={(event) => search.change({ text: event.currentTarget.value })}
            onKeyDown={key}
          />
          <Toggle
            label={t('Match case')}
            on={choices.matchCase && mode !== 'hex'}
            disabled={mode === 'hex'}
            onClick={() => choose({ matchCase: !choices.matchCase })}
          >
            <Icon name="case-sensitive" />
          </Toggle>
          <Toggle
            label={t('Also as UTF-16 text, of either byte order')}
            on={choices.utf16 && mode === 'text'}
            disabled={mode !== 'text'}
            onClick={() => choose({ utf16: !choices.utf16 })}
          >
            U16
          </Toggle>
          <Toggle
            label={t('Use a regular expression, of bytes')}
            on={mode === 'regex'}
            onClick={() => toggleMode('regex')}
          >
            <Icon name="regex" />
          </Toggle>
          <Toggle
            label={t('Bytes in hexadecimal, ? for any digit')}
            on={mode === 'hex'}
            onClick={() => toggleMode('hex')}
          >
            0x
          </Toggle>
        </div>
      )}
      <Toggle
        label={t('Everything readable, as strings does')}
        on={isStrings}
        onClick={() => search.open({ mode: isStrings ? 'text' : 'strings' })}
      >
        <Icon name="symbol-string" />
      </Toggle>
    </>
  );
}

const MAX_TYPED = 4096;

const PLACEHOLDERS: Readonly<Record<Exclude<SearchMode, 'strings'>, () => string>> = {
  text: () => t('Text'),
  regex: () => t('Regular expression of bytes, as token=[0-9a-f]+'),
  hex: () => t('Bytes, as 7f 45 4c 46 ?? 01'),
};

/** How long a readable text must be, and in which encoding. */
function StringsInput(props: {
  choices: SearchChoices;
  onChange: (patch: Partial<SearchChoices>) => void;
  onChoose: (patch: Partial<SearchChoices>) => void;
  onKey: (event: KeyboardEvent) => void;
}) {
  const { choices, onChange, onChoose, onKey } = props;
  const [typed, setTyped] = useState(String(choices.least));
  useEffect(() => setTyped(String(choices.least)), [choices.least]);
  return (
    <div class="strings-input">
      <label>
        {t('Readable text of at least')}
        <input
          id={SEARCH_ID}
          type="number"
          min={1}
          max={MAX_LEAST}
          value={typed}
          aria-label={t('Characters at least')}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            const least = Number(event.currentTarget.value);
            if (least >= 1) onChange({ least: clampLeast(least) });
          }}
          onBlur={() => setTyped(String(choices.least))}
          onKeyDown={(event) => {
            // The arrows change the number.
            if (event.key === 'Enter') onKey(event);
          }}
        />
        {t('characters in')}
      </label>
      <span class="picker">
        <select
          aria-label={t('Encoding')}
          value={choices.encoding}
          onChange={(event) => {
            const encoding = STRING_ENCODINGS.find((name) => name === event.currentTarget.value);
            if (encoding) onChoose({ encoding });
          }}
        >
          {STRING_ENCODINGS.map((encoding) => (
            <option key={encoding} value={encoding}>
              {encodingText(encoding)}
            </option>
          ))}
        </select>
      </span>
    </div>
  );
}

interface ToggleProps {
  readonly label: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

function Toggle({ label, on, disabled = false, onClick, children }: ToggleProps) {
  return (
    <button
      type="button"
      class="search-toggle"
      title={label}
      aria-label={label}
      aria-pressed={on}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
