/** Leads to what the tab shows: its rows, or the overview to scroll. */
export function focusContent(): void {
  document
    .querySelector<HTMLElement>('[role=treegrid], .overview, .picture .node[tabindex="0"]')
    ?.focus({ preventScroll: true });
}

/** Where the element with the focus is gone, or none ever had it, keys must not go nowhere. */
export function recoverFocus(): void {
  if (document.hasFocus() && (document.activeElement ?? document.body) === document.body) focusContent();
}
