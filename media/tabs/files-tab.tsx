import { escapeText } from '../../src/protocol/format.ts';
import { OpenFilePane } from '../detail/open-file/open-file.tsx';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

/** What every process had open, or the one that is chosen. */
export function FilesTab() {
  return (
    <GridTab
      grid="files"
      label={t('Open files')}
      hint={t(
        'Select a descriptor to see what stands behind it and who else has it. Enter opens what is in the checkpoint.',
      )}
      noMatch={(filter) => t('No open file matches “{0}”.', escapeText(filter))}
      nothing={t('This checkpoint records no open files. The notes say what is missing.')}
      Detail={OpenFilePane}
    />
  );
}
