import { escapeText } from '../../src/protocol/format.ts';
import { useSession } from '../session.ts';
import { t } from '../text.ts';
import { Facts, Fact } from './facts.tsx';

/** The images that tell what is shown, each decoded a click away. */
export function ImageLinks({ images }: { images: readonly string[] }) {
  const session = useSession();
  if (images.length === 0) return null;
  return (
    <Facts title={t('In the images')}>
      <Fact label={t('Show in image')}>
        <ul class="plain-list">
          {images.map((image) => {
            const name = image.slice(image.lastIndexOf('/') + 1);
            return (
              <li key={image}>
                <button
                  type="button"
                  class="link code"
                  title={t('Open it decoded, as JSON')}
                  onClick={() => session.run(session.host.openFile(`/images/${name}.json`))}
                >
                  {escapeText(image)}
                </button>
              </li>
            );
          })}
        </ul>
      </Fact>
    </Facts>
  );
}
