import { escapeText } from '../../src/protocol/format.ts';
import { SocketDetailPane } from '../detail/socket.tsx';
import { ConnectionPicture } from '../graph/connection-picture.tsx';
import { Icon } from '../parts/icon.tsx';
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
    <div class="sockets">
      <div class="view-switch" role="group" aria-label={t('How to show the sockets')}>
        <Choice
          icon="list-flat"
          label={t('Table')}
          chosen={!isPicture}
          onChoose={() => session.moveTo('sockets', undefined)}
        />
        <Choice
          icon="type-hierarchy"
          label={t('Who talks to whom')}
          chosen={isPicture}
          onChoose={() => session.moveTo('sockets', { path: PICTURE })}
        />
      </div>
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

function Choice({
  icon,
  label,
  chosen,
  onChoose,
}: {
  icon: string;
  label: string;
  chosen: boolean;
  onChoose: () => void;
}) {
  return (
    <button type="button" class="choice" aria-pressed={chosen} onClick={onChoose}>
      <Icon name={icon} /> {label}
    </button>
  );
}
