import { escapeText } from '../../src/protocol/format.ts';
import { ChangeDetailPane } from '../detail/change.tsx';
import { ViewSwitch } from '../parts/view-switch.tsx';
import { useSession } from '../session.ts';
import { ChangeSizes } from '../sizes/change-sizes.tsx';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

/** Where in the tab one is while one looks at the sizes; the row of the folder follows. */
const SIZES = 'sizes:';

/** The changed files as a tree, and as a picture of their sizes. */
export function FilesystemTab() {
  const session = useSession();
  const path = useStore(session.page, (page) => page.tabs.filesystem.spot?.path);
  const folder = path?.startsWith(SIZES) ? path.slice(SIZES.length) : undefined;
  const goInto = (row: string | undefined) => session.moveTo('filesystem', { path: `${SIZES}${row ?? ''}` });
  return (
    <div class="switched">
      <ViewSwitch
        label={t('How to show the changed files')}
        views={[
          {
            icon: 'list-tree',
            label: t('Tree'),
            chosen: folder === undefined,
            onChoose: () => session.moveTo('filesystem', undefined),
          },
          { icon: 'pie-chart', label: t('By size'), chosen: folder !== undefined, onChoose: () => goInto(undefined) },
        ]}
      />
      {folder === undefined ? (
        <GridTab
          grid="changes"
          label={t('Filesystem changes')}
          hint={t('Select a file to see its mode, owner, times and attributes. Enter opens it.')}
          noMatch={(filter) => t('No change matches “{0}”.', escapeText(filter))}
          nothing={t(
            'No filesystem changes are known: the archive holds neither changed nor deleted files nor contents of volumes.',
          )}
          Detail={ChangeDetailPane}
        />
      ) : (
        <ChangeSizes folder={folder === '' ? undefined : folder} onFolder={goInto} />
      )}
    </div>
  );
}
