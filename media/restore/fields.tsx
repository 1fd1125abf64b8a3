import type { ComponentChildren } from 'preact';

/** A line of a form: what it is, what it is now, and what that means. */
export function Field(props: { id: string; label: string; hint?: string; children: ComponentChildren }) {
  const { id, label, hint, children } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-value">
        {children}
        {hint !== undefined && (
          <p id={`${id}-hint`} class="muted hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** A line of a form with several things to choose, each of which says what it is. */
export function FieldGroup(props: {
  id: string;
  label: string;
  role: 'group' | 'radiogroup';
  children: ComponentChildren;
}) {
  const { id, label, role, children } = props;
  return (
    <div class="field" role={role} aria-labelledby={`${id}-label`}>
      <span id={`${id}-label`}>{label}</span>
      <div class="field-value choices">{children}</div>
    </div>
  );
}

/** A text that is done when one presses Enter, or goes on. */
export function TextField(props: {
  id: string;
  value: string;
  class?: string;
  list?: string;
  placeholder?: string;
  onCommit: (text: string) => void;
}) {
  const { id, value, class: look = '', list, placeholder, onCommit } = props;
  return (
    <input
      id={id}
      type="text"
      class={`text ${look}`}
      value={value}
      list={list}
      placeholder={placeholder}
      spellcheck={false}
      autocomplete="off"
      aria-describedby={`${id}-hint`}
      onChange={({ currentTarget }) => onCommit(currentTarget.value.trim())}
    />
  );
}
