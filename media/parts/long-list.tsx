import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { formatNumber, t } from '../text.ts';

const AT_FIRST = 200;

/** A list that may be very long: the rest is a click away. */
export function LongList<Item>({
  items,
  children,
}: {
  items: readonly Item[];
  children: (shown: readonly Item[]) => ComponentChildren;
}) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && items.length > AT_FIRST;
  return (
    <>
      {children(cut ? items.slice(0, AT_FIRST) : items)}
      {cut && (
        <button type="button" class="link more" onClick={() => setWhole(true)}>
          {t('Show all {0}', formatNumber(items.length))}
        </button>
      )}
    </>
  );
}
