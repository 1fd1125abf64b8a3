import { formatSize } from '../../../src/protocol/format.ts';
import type { ContentFacts } from '../../../src/protocol/open-files.ts';
import { Icon } from '../../parts/icon.tsx';
import { useSession } from '../../session.ts';
import { t } from '../../text.ts';

/** Opens and saves what is in the checkpoint itself. */
export function ContentActions({ contents }: { contents: readonly ContentFacts[] }) {
  const session = useSession();
  return (
    <>
      {contents.map(({ what, path, size }) => (
        <span key={path} class="content-actions">
          <button type="button" class="button" onClick={() => session.run(session.host.openFile(path))}>
            <Icon name="go-to-file" /> {openText(what)} <span class="size">{formatSize(size)}</span>
          </button>
          <button type="button" class="button secondary" onClick={() => session.run(session.host.saveFile(path))}>
            <Icon name="save-as" /> {t('Save As…')}
          </button>
        </span>
      ))}
    </>
  );
}

function openText(what: ContentFacts['what']): string {
  switch (what) {
    case 'content':
      return t('Open content');
    case 'unread':
      return t('Open what is unread');
    case 'unsent':
      return t('Open what is not confirmed');
    case 'keys':
      return t('Open keys');
    case 'values':
      return t('Open values');
  }
}
