/**
 * Browsers cannot lay out an element of more than about 33 million pixels, which is 1.5 million rows. Beyond a safe
 * height the scroll bar covers the rows on a smaller scale: `scrollTop` (physical pixels) stands for an `offset`
 * (virtual pixels, rows × row height).
 */
export interface ScrollScale {
  /** Height of the canvas that the browser lays out. */
  readonly physical: number;
  /** Height that the rows would have. */
  readonly virtual: number;
  readonly viewport: number;
}

const MAX_PHYSICAL = 16_000_000;

export function scrollScale(rows: number, rowHeight: number, viewport: number): ScrollScale {
  const virtual = rows * rowHeight;
  return { physical: Math.min(virtual, MAX_PHYSICAL), virtual, viewport };
}

export function maxOffset(scale: ScrollScale): number {
  return Math.max(0, scale.virtual - scale.viewport);
}

export function clampOffset(scale: ScrollScale, offset: number): number {
  return Math.min(maxOffset(scale), Math.max(0, offset));
}

export function toScrollTop(scale: ScrollScale, offset: number): number {
  return isScaled(scale)
    ? (clampOffset(scale, offset) / maxOffset(scale)) * maxScrollTop(scale)
    : clampOffset(scale, offset);
}

/**
 * The offset after the browser scrolled from `before` (where the offset was `offset`) to `after`. A short way (wheel,
 * touch) moves the rows pixel by pixel, a long one (the scroll bar dragged or clicked) goes to that share of the rows.
 */
export function followScroll(scale: ScrollScale, offset: number, before: number, after: number): number {
  if (!isScaled(scale)) return clampOffset(scale, after);
  if (after <= 0) return 0;
  if (after >= maxScrollTop(scale)) return maxOffset(scale);
  if (Math.abs(after - before) < scale.viewport) return clampOffset(scale, offset + after - before);
  return (after / maxScrollTop(scale)) * maxOffset(scale);
}

function isScaled(scale: ScrollScale): boolean {
  return scale.virtual > scale.physical;
}

function maxScrollTop(scale: ScrollScale): number {
  return Math.max(1, scale.physical - scale.viewport);
}
