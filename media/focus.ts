import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';

const CONTENT = '[role=treegrid], .overview, .picture .node[tabindex="0"]';

/** Leads to what the tab shows: its rows, or the overview to scroll. */
export function focusContent(): void {
  document.querySelector<HTMLElement>(`.panel :is(${CONTENT})`)?.focus({ preventScroll: true });
}

/** Where the element with the focus is gone, or none ever had it, keys must not go nowhere. */
export function recoverFocus(): void {
  if (document.hasFocus() && (document.activeElement ?? document.body) === document.body) focusContent();
}

interface HeldFocus {
  readonly onFocusIn: () => void;
  readonly onFocusOut: (event: FocusEvent) => void;
  readonly replaced: () => void;
}

/**
 * Holds the focus in an element whose contents are replaced: what had it may be gone with them.
 * @param enter leads into the element as it is now
 * @returns what the element tells of the focus, and what to call when other contents are there
 */
export function useHeldFocus(element: RefObject<HTMLElement | null>, enter: () => void): HeldFocus {
  const isWithin = useRef(false);
  return {
    onFocusIn: () => {
      isWithin.current = true;
    },
    onFocusOut: ({ relatedTarget }: FocusEvent) => {
      // What is taken away may tell so, and has gone nowhere then.
      if (relatedTarget instanceof Node) isWithin.current = element.current?.contains(relatedTarget) ?? false;
    },
    replaced: () => {
      const { activeElement, body } = document;
      const isLost = activeElement === null || activeElement === body;
      // On the element itself, something within was meant that was not there yet.
      if (isWithin.current && (isLost || activeElement === element.current)) enter();
    },
  };
}

/** How long something may take to be there, milliseconds. */
const PATIENCE = 2_000;

/** Leads to an element that may take a moment to be there, unless the person goes on to something else meanwhile. */
export function focusWhenThere(id: string): void {
  const end = performance.now() + PATIENCE;
  const stop = new AbortController();
  const { signal } = stop;
  for (const event of ['keydown', 'pointerdown']) {
    window.addEventListener(event, () => stop.abort(), { capture: true, signal });
  }
  const look = () => {
    if (signal.aborted) return;
    // One that is about to be replaced by another goes away again: it is held until the time is over.
    const element = document.getElementById(id);
    if (element && document.activeElement !== element) element.focus({ preventScroll: true });
    if (performance.now() < end) requestAnimationFrame(look);
    else stop.abort();
  };
  requestAnimationFrame(look);
}
