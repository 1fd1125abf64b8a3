import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../text.ts';
import { Icon, IconButton } from './icon.tsx';

const PAUSE_MS = 90;
export const FILTER_ID = 'filter';

/**
 * A filter box. What is typed takes effect after a short pause; Escape empties it, Enter and ↓ lead to the rows.
 */
export function FilterBox(props: {
  /** Only the box of the tab has none: a key leads to it. */
  id?: string;
  placeholder?: string;
  value: string;
  hint: string;
  onChange: (value: string) => void;
  onLeave: () => void;
}) {
  const [text, setText] = useState(props.value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // At once: what is typed between the change and an effect that runs later would be lost.
  useLayoutEffect(() => {
    clearTimeout(timer.current);
    setText(props.value);
  }, [props.value]);

  const type = (value: string, pause: number) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => props.onChange(value), pause);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      if (text === '') props.onLeave();
      else type('', 0);
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault();
      type(text, 0);
      props.onLeave();
    }
  };
  return (
    <div class="filter-box" title={props.hint}>
      <Icon name="filter" />
      <input
        id={props.id ?? FILTER_ID}
        type="text"
        role="searchbox"
        spellcheck={false}
        autocomplete="off"
        placeholder={props.placeholder ?? t('Filter (/) or field:value')}
        aria-label={t('Filter')}
        aria-description={props.hint}
        value={text}
        onInput={(event) => type(event.currentTarget.value, PAUSE_MS)}
        onKeyDown={key}
      />
      {text !== '' && <IconButton icon="close" label={t('Clear the filter')} onClick={() => type('', 0)} />}
    </div>
  );
}
