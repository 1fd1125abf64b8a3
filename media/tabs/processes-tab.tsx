import { escapeText } from '../../src/protocol/format.ts';
import { ProcessDetailPane } from '../detail/process.tsx';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

/** The tree of processes; the one that is chosen becomes the subject of all tabs. */
export function ProcessesTab() {
  return (
    <GridTab
      grid="processes"
      label={t('Processes')}
      hint={t('Select a process to see its arguments, environment, threads and mounts.')}
      noMatch={(filter) => t('No process matches “{0}”.', escapeText(filter))}
      nothing={t('This checkpoint has no processes that can be listed. The notes say what is missing.')}
      Detail={ProcessDetailPane}
      subjectOf={Number}
    />
  );
}
