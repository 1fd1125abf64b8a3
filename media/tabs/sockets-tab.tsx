import { escapeText } from '../../src/protocol/format.ts';
import { SocketDetailPane } from '../detail/socket.tsx';
import { ConnectionPicture } from '../graph/connection-picture.tsx';
import { ViewSwitch } from '../parts/view-switch.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { GridTab } from './grid-tab.tsx';

/** Where in the tab one is while one looks at the picture. */
const PICTURE = 'picture';

/** Sockets as a table, and as a picture of who talks to whom. */
export function SocketsTab() {
  const session = useSession();
  const isPicture = useStore(session.page, (page) => page.tabs.sockets.spot?.path === PICTURE);
  return (
    <div class="switched">
      <ViewSwitch
        label={t('How to show the sockets')}
        views={[
          {
            icon: 'list-flat',
            label: t('Table'),
            chosen: !isPicture,
            onChoose: () => session.moveTo('sockets', undefined),
          },
          {
            icon: 'type-hierarchy',
            label: t('Who talks to whom'),
            chosen: isPicture,
            onChoose: () => session.moveTo('sockets', { path: PICTURE }),
          },
        ]}
      />
      {isPicture ? (
        <ConnectionPicture />
      ) : (
        <GridTab
          grid="sockets"
          label={t('Sockets')}
          hint={t('Select a socket to see its other end, its queues and its options. Enter opens what was not read.')}
          noMatch={(filter) => t('No socket matches “{0}”.', escapeText(filter))}
          nothing={t('No process of this checkpoint had a socket open.')}
          Detail={SocketDetailPane}
        />
      )}
    </div>
  );
}
