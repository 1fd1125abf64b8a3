import type { ComponentChildren } from 'preact';
import type { FactRef, ImagePlace } from '../../src/protocol/raw.ts';
import type { Place } from '../../src/protocol/place.ts';
import { useSession } from '../session.ts';
import { t } from '../text.ts';

/** Goes to the image that tells of a fact; where that is, is found out when one wants to go there. */
export function useShowInImage(): (fact: FactRef) => void {
  const session = useSession();
  const go = async (fact: FactRef) => {
    const place = await session.host.factPlace(fact);
    if (!place) throw new Error(t('No image of this checkpoint tells of it.'));
    session.go(placeInRaw(place));
  };
  return (fact) => session.run(go(fact));
}

/** A link from a fact to the image that tells of it. */
export function ShowInImage({ fact, children }: { fact: FactRef; children?: ComponentChildren }) {
  const show = useShowInImage();
  return (
    <button type="button" class="link" title={t('Show in image')} onClick={() => show(fact)}>
      {children ?? t('Show in image')}
    </button>
  );
}

/** In the Raw tab: `3.reg.name` is a field of the fourth entry. */
export function placeInRaw({ image, entry, field }: ImagePlace): Place {
  const path = [entry, field].filter((part) => part !== undefined).join('.');
  return { tab: 'raw', row: image, ...(path !== '' && { path }) };
}
