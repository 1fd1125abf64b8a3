import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clampSplit, DEFAULT_SPLIT, MAX_SPLIT, MIN_SPLIT } from '../state/persisted.ts';
import { t } from '../text.ts';

/** Narrower than this, the detail goes below the grid. */
const NARROW = 720;
const KEY_STEP = 0.02;

/** Two panes with a border between them that can be dragged or moved by arrow keys; the first alone where there is no second. */
export function Split(props: {
  /** The second pane is below the first however much room there is. */
  stacked?: boolean;
  /** What the border moves. */
  label?: string;
  share: number;
  onShare: (share: number) => void;
  first: ComponentChildren;
  second: ComponentChildren;
}) {
  const container = useRef<HTMLDivElement>(null);
  const [narrow, setNarrow] = useState(false);
  useLayoutEffect(() => {
    const element = container.current;
    if (!element) return undefined;
    const measure = () => setNarrow(props.stacked === true || element.clientWidth < NARROW);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const drag = (event: PointerEvent) => {
    const sash = event.currentTarget;
    const box = container.current?.getBoundingClientRect();
    if (event.button !== 0 || !(sash instanceof HTMLElement) || !box) return;
    event.preventDefault();
    sash.focus();
    sash.setPointerCapture(event.pointerId);
    const move = (at: PointerEvent) => {
      const share = narrow ? (at.clientY - box.top) / box.height : (at.clientX - box.left) / box.width;
      props.onShare(clampSplit(share));
    };
    sash.addEventListener('pointermove', move);
    sash.addEventListener('lostpointercapture', () => sash.removeEventListener('pointermove', move), { once: true });
  };

  const key = (event: KeyboardEvent) => {
    const less = narrow ? 'ArrowUp' : 'ArrowLeft';
    const more = narrow ? 'ArrowDown' : 'ArrowRight';
    const share = { [less]: props.share - KEY_STEP, [more]: props.share + KEY_STEP, Home: MIN_SPLIT, End: MAX_SPLIT }[
      event.key
    ];
    if (share === undefined || event.altKey) return;
    event.preventDefault();
    props.onShare(clampSplit(share));
  };

  const single = props.second === undefined;
  return (
    <div
      class={`split ${narrow ? 'narrow' : ''} ${single ? 'single' : ''}`}
      ref={container}
      style={{ '--share': String(props.share) }}
    >
      <div class="pane first">{props.first}</div>
      <div
        hidden={single}
        class="sash"
        role="separator"
        tabIndex={0}
        aria-label={props.label ?? t('Width of the detail')}
        aria-orientation={narrow ? 'horizontal' : 'vertical'}
        aria-valuemin={MIN_SPLIT * 100}
        aria-valuemax={MAX_SPLIT * 100}
        aria-valuenow={Math.round(props.share * 100)}
        onPointerDown={drag}
        onKeyDown={key}
        onDblClick={() => props.onShare(DEFAULT_SPLIT)}
      />
      {!single && <div class="pane second">{props.second}</div>}
    </div>
  );
}
