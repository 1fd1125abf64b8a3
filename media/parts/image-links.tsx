import { escapeText } from '../../src/protocol/format.ts';
import type { ImagePlace } from '../../src/protocol/open-files.ts';
import { t } from '../text.ts';
import { Facts, Fact } from './facts.tsx';
import { ImageLink } from './values.tsx';

/** The images that tell what is shown, each a click away, at the entry that does. */
export function ImageLinks({ images }: { images: readonly ImagePlace[] }) {
  if (images.length === 0) return null;
  return (
    <Facts title={t('In the images')}>
      <Fact label={t('Show in image')}>
        <ul class="plain-list">
          {images.map(({ image, entry }) => (
            <li key={image}>
              <ImageLink image={image} {...(entry !== undefined && { path: String(entry) })}>
                <span class="code">{escapeText(image)}</span>
              </ImageLink>
            </li>
          ))}
        </ul>
      </Fact>
    </Facts>
  );
}
