import { escapeText } from '../../src/protocol/format.ts';
import { Icon } from '../parts/icon.tsx';
import { useSession } from '../session.ts';
import { t } from '../text.ts';

/** Which file is shown, what it is, and the way to it in an ordinary editor. */
export function FileHeader({ name, about }: { name: string; about: string }) {
  const session = useSession();
  const path = `/archive/${name}`;
  return (
    <header class="file-header">
      <h2 class="code">{escapeText(name)}</h2>
      <span class="muted about">{about}</span>
      <button type="button" class="link" onClick={() => session.run(session.host.openFile(path))}>
        <Icon name="go-to-file" /> {t('Open')}
      </button>
      <button type="button" class="link" onClick={() => session.run(session.host.saveFile(path))}>
        <Icon name="save" /> {t('Save as…')}
      </button>
    </header>
  );
}
