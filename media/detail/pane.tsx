import type { ComponentChildren } from 'preact';
import { ErrorState } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { useSettled } from '../state/settled.ts';
import { useStore } from '../state/store.ts';
import { formatNumber } from '../text.ts';

/** Asks for the detail of a row, again when more is known, and not for every row that a held key passes. */
export function useDetail<Value>(
  id: string,
  ask: (id: string, signal: AbortSignal) => Promise<Value>,
): Resource<Value> {
  const session = useSession();
  const settled = useSettled(id);
  const version = useStore(session.version, (count) => count);
  return useResource((signal) => ask(settled, signal), settled, version);
}

/** The detail, the old one until a new one is here, or why there is none. */
export function DetailFrame<Value>({
  resource,
  children,
}: {
  resource: Resource<Value>;
  children: (value: Value) => ComponentChildren;
}) {
  const session = useSession();
  if (resource.value !== undefined) return <>{children(resource.value)}</>;
  if (resource.error !== undefined)
    return <ErrorState error={resource.error} onLog={() => session.run(session.host.showLog())} />;
  return null;
}

export function DetailHeader({
  title,
  subtitle,
  children,
}: {
  title: ComponentChildren;
  subtitle?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <header class="detail-header">
      <h2>{title}</h2>
      {subtitle !== undefined && <p class="muted">{subtitle}</p>}
      {children !== undefined && <div class="actions">{children}</div>}
    </header>
  );
}

export function Section({
  title,
  count,
  actions,
  children,
}: {
  title: string;
  count?: number;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="detail-section">
      <div class="section-title">
        <h3>
          {title}
          {count !== undefined && <span class="badge">{formatNumber(count)}</span>}
        </h3>
        {actions}
      </div>
      {children}
    </section>
  );
}
