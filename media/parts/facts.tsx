import { createContext, type ComponentChildren } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';

/** What stands in the filter box, for blocks of facts that hide what does not contain it. */
export const FactFilter = createContext('');

/** A block of facts under a heading; it disappears while the filter leaves nothing of it. */
export function Facts({
  title,
  children,
  class: more = '',
}: {
  title: string;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <section class={`facts ${more}`}>
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

/** One fact; nothing where the value is not known. */
export function Fact({ label, title, children }: { label: string; title?: string; children: ComponentChildren }) {
  const filter = useContext(FactFilter).trim().toLowerCase();
  const row = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState(false);
  const empty = children === undefined || children === null || children === false || children === '';
  useEffect(
    () => setHidden(filter !== '' && !(row.current?.textContent ?? '').toLowerCase().includes(filter)),
    [filter, children],
  );
  if (empty) return null;
  return (
    <div class="fact" ref={row} hidden={hidden}>
      <dt title={title}>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
