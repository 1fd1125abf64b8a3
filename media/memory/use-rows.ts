import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import { clampOffset, followScroll, scrollScale, toScrollTop, type ScrollScale } from '../grid/scroll-scale.ts';
import { useSize } from '../state/use-size.ts';

/** Rows of one height in a scroller, of any number: which are in view, and where the canvas puts them. */
export interface VirtualRows {
  readonly scale: ScrollScale;
  /** Pixels of the scroller. */
  readonly height: number;
  readonly width: number;
  /** Rows to draw, from the first up to and without the last. */
  readonly first: number;
  readonly last: number;
  /** Whole rows that fit. */
  readonly page: number;
  readonly yOf: (row: number) => number;
  readonly onScroll: () => void;
  /** Brings a row into view. @returns whether that took scrolling */
  readonly show: (row: number, how: 'middle' | 'least') => boolean;
}

/** Rows drawn beyond the edges. */
const OVERDRAW = 8;

/** @param of what the rows are of: where that becomes another, scrolling begins anew */
export function useRows(
  scroller: { readonly current: HTMLElement | null },
  rows: number,
  rowHeight: number,
  of: unknown,
): VirtualRows {
  const size = useSize(scroller);
  const [, render] = useReducer<number, undefined>((count) => count + 1, 0);
  const position = useRef({ offset: 0, scrollTop: 0, of });

  const scale = scrollScale(rows, rowHeight, size.height);
  const put = (offset: number) => {
    const element = scroller.current;
    if (!element) return;
    const clamped = clampOffset(scale, offset);
    element.scrollTop = toScrollTop(scale, clamped);
    position.current = { offset: clamped, scrollTop: element.scrollTop, of };
    render(undefined);
  };
  useLayoutEffect(() => {
    if (size.height === 0) return;
    const { offset, of: old } = position.current;
    if (old !== of) put(0);
    else if (clampOffset(scale, offset) !== offset) put(offset);
  });

  const { offset, scrollTop } = position.current;
  return {
    scale,
    ...size,
    first: Math.max(0, Math.floor(offset / rowHeight) - OVERDRAW),
    last: Math.min(rows, Math.ceil((offset + size.height) / rowHeight) + OVERDRAW),
    page: Math.max(1, Math.floor(size.height / rowHeight)),
    yOf: (row) => row * rowHeight - offset + scrollTop,
    onScroll: () => {
      const element = scroller.current;
      if (!element) return;
      const last = position.current;
      const next = followScroll(scale, last.offset, last.scrollTop, element.scrollTop);
      position.current = { offset: next, scrollTop: element.scrollTop, of };
      render(undefined);
    },
    show: (row, how) => {
      const top = row * rowHeight;
      const { offset: now } = position.current;
      const inView = position.current.of === of && top >= now && top + rowHeight <= now + size.height;
      if (inView) return false;
      if (how === 'middle') put(top - Math.floor((size.height - rowHeight) / 2 / rowHeight) * rowHeight);
      else put(top < now ? top : top + rowHeight - size.height);
      return true;
    },
  };
}
