import { createContext, type ComponentChildren } from 'preact';
import { useContext, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** What stands in the filter box, for facts and blocks that hide where they do not contain it. */
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
  const filter = useContext(FactFilter);
  // Who looks for "mounts" or "image" by a heading wants all that stands below it.
  const inside = contains(title, filter) ? '' : filter;
  return (
    <section class={`facts ${more}`}>
      <h2>{title}</h2>
      <FactFilter.Provider value={inside}>
        <dl>{children}</dl>
      </FactFilter.Provider>
    </section>
  );
}

/** One fact; nothing where the value is not known. */
export function Fact({ label, title, children }: { label: string; title?: string; children: ComponentChildren }) {
  const { ref, hidden } = useFiltered<HTMLDivElement>();
  const empty = children === undefined || children === null || children === false || children === '';
  if (empty) return null;
  return (
    <div class="fact" ref={ref} hidden={hidden}>
      <dt title={title}>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A block of something else than facts, which the filter hides or shows as a whole. */
export function Block({ title, id, children }: { title: string; id?: string; children: ComponentChildren }) {
  const { ref, hidden } = useFiltered<HTMLElement>();
  return (
    <section class="block" id={id} ref={ref} hidden={hidden}>
      <h2>{title}</h2>
      <FactFilter.Provider value="">{children}</FactFilter.Provider>
    </section>
  );
}

/** Whether what an element shows lacks the filter's text. */
function useFiltered<Target extends HTMLElement>() {
  const filter = useContext(FactFilter);
  const ref = useRef<Target>(null);
  const [hidden, setHidden] = useState(false);
  useLayoutEffect(() => setHidden(!contains(ref.current?.textContent ?? '', filter)));
  return { ref, hidden };
}

function contains(text: string, filter: string): boolean {
  return text.toLowerCase().includes(filter.trim().toLowerCase());
}
