import { escapeText } from '../../src/protocol/format.ts';
import type { ImagePlace } from '../../src/protocol/raw.ts';
import { t } from '../text.ts';
import { Facts, Fact } from './facts.tsx';
import { PlaceLink } from './values.tsx';

/** The images that tell what is shown, each a click away, at the entry that does. */
export function ImageLinks({ images }: { images: readonly ImagePlace[] }) {
  if (images.length === 0) return null;
  return (
    <Facts title={t('In the images')}>
      <Fact label={t('Show in image')}>
        <ul class="plain-list">
          {images.map((place) => (
            <li key={place.image}>
              <PlaceLink place={place}>
                <span class="code">{escapeText(place.image)}</span>
              </PlaceLink>
            </li>
          ))}
        </ul>
      </Fact>
    </Facts>
  );
}
