import type { ComponentChildren } from 'preact';
import { Icon } from '../parts/icon.tsx';

export interface Segment {
  readonly label: string;
  readonly amount: number;
  /** The amount as a person reads it. */
  readonly text: string;
  readonly title?: string;
  /** One of the theme's chart colours: 1 to 6. */
  readonly color: number;
  /** A remark after the amount. */
  readonly note?: ComponentChildren;
}

/** Parts of a whole as one bar, with a legend that says the same in words and numbers. */
export function StackedBar({ label, segments }: { label: string; segments: readonly Segment[] }) {
  const total = segments.reduce((sum, segment) => sum + segment.amount, 0);
  const shown = segments.filter((segment) => segment.amount > 0);
  return (
    <figure class="stacked-bar" aria-label={label}>
      <div class="bar" aria-hidden="true">
        {shown.map((segment) => (
          <span
            key={segment.label}
            class={`part color-${String(segment.color)}`}
            title={`${segment.label}: ${segment.text}`}
            style={{ flexGrow: String(segment.amount / Math.max(1, total)) }}
          />
        ))}
      </div>
      <ul class="legend">
        {shown.map((segment) => (
          <li key={segment.label} title={segment.title}>
            <span class={`swatch color-${String(segment.color)}`} aria-hidden="true" />
            <span class="name">{segment.label}</span>
            <span class="amount">{segment.text}</span>
            <span class="muted share">{percent(segment.amount, total)}</span>
            {segment.note !== undefined && <span class="muted">{segment.note}</span>}
          </li>
        ))}
      </ul>
    </figure>
  );
}

export function percent(part: number, whole: number): string {
  if (whole <= 0) return '';
  const share = (part / whole) * 100;
  return share > 0 && share < 1 ? '< 1 %' : `${String(Math.round(share))} %`;
}

/** A line with an icon before a sentence. */
export function IconLine({
  icon,
  label,
  class: more = '',
  children,
}: {
  icon: string;
  label: string;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <li class={`icon-line ${more}`}>
      <Icon name={icon} label={label} />
      <span>{children}</span>
    </li>
  );
}
