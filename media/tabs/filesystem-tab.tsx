import { escapeText } from '../../src/protocol/format.ts';
import { ChangeDetailPane } from '../detail/change.tsx';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

export function FilesystemTab() {
  return (
    <GridTab
      grid="changes"
      label={t('Filesystem changes')}
      hint={t('Select a file to see its mode, owner, times and attributes. Enter opens it.')}
      noMatch={(filter) => t('No change matches “{0}”.', escapeText(filter))}
      nothing={t(
        'This checkpoint has no filesystem changes: its archive holds neither changed nor deleted files nor contents of volumes.',
      )}
      Detail={ChangeDetailPane}
    />
  );
}
