import { escapeText } from '../../src/protocol/format.ts';
import { MountDetailPane } from '../detail/mount.tsx';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

export function MountsTab() {
  return (
    <GridTab
      grid="mounts"
      label={t('Mounts')}
      hint={t('Select a mount to see its options and where it comes from.')}
      noMatch={(filter) => t('No mount matches “{0}”.', escapeText(filter))}
      nothing={t('This checkpoint records no mounts. The notes say what is missing.')}
      Detail={MountDetailPane}
    />
  );
}
