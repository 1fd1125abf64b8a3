/** A codicon; decorative unless it has a label. */
export function Icon({ name, label, class: more = '' }: { name: string; label?: string; class?: string }) {
  return label === undefined ? (
    <span class={`codicon codicon-${name} ${more}`} aria-hidden="true" />
  ) : (
    <span class={`codicon codicon-${name} ${more}`} role="img" aria-label={label} title={label} />
  );
}

/** A button that is only an icon; its label is its name and its tooltip. */
export function IconButton(props: {
  icon: string;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  pressed?: boolean;
  class?: string;
}) {
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ''}`}
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      disabled={props.disabled === true}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}
