import type { ComponentType } from 'preact';
import type { Note } from '../../src/protocol/note.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import type { PageStart } from '../../src/protocol/page-api.ts';
import { TABS, type TabName } from '../../src/protocol/place.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { IdentityTab } from '../identity/identity-tab.tsx';
import { LogsTab } from '../logs/logs-tab.tsx';
import { OverviewTab } from '../overview/overview-tab.tsx';
import type { TabInfo } from '../parts/tabs.tsx';
import { t } from '../text.ts';
import { FilesTab } from './files-tab.tsx';
import { FilesystemTab } from './filesystem-tab.tsx';
import { MemoryTab } from './memory-tab.tsx';
import { MountsTab } from './mounts-tab.tsx';
import { ProcessesTab } from './processes-tab.tsx';
import { SocketsTab } from './sockets-tab.tsx';
import { RawTab } from './raw-tab.tsx';

/** What every tab is given. */
export interface TabProps {
  readonly start: PageStart;
  readonly overview: Wire<Overview> | undefined;
  readonly notes: readonly Note[];
}

interface Tab {
  readonly label: () => string;
  /** A codicon. */
  readonly icon: string;
  /** What the filter box understands here. */
  readonly filterHint: () => string;
  /** It shows nothing before the overview is here. */
  readonly needsOverview?: boolean;
  readonly Body: ComponentType<TabProps>;
}

/** Each tab: a new one has a name in protocol/place.ts, a row here, and a file of its own beside this one. */
const ALL: Readonly<Record<TabName, Tab>> = {
  overview: {
    label: () => t('Overview'),
    icon: 'info',
    filterHint: () => t('Shows the facts that contain the text'),
    needsOverview: true,
    Body: ({ start, overview, notes }) => overview && <OverviewTab start={start} overview={overview} notes={notes} />,
  },
  processes: {
    label: () => t('Processes'),
    icon: 'server-process',
    filterHint: () => gridHint('name:nginx threads:>1 -sleep'),
    Body: ProcessesTab,
  },
  files: {
    label: () => t('Files'),
    icon: 'folder-opened',
    filterHint: () => gridHint('type:pipe unread:>0 note:deleted target:/var'),
    Body: FilesTab,
  },
  sockets: {
    label: () => t('Sockets'),
    icon: 'radio-tower',
    filterHint: () => gridHint('protocol:tcp state:listen unread:>0'),
    Body: SocketsTab,
  },
  memory: {
    label: () => t('Memory'),
    icon: 'circuit-board',
    filterHint: () => gridHint('kind:heap perms:rwx dumped:>1M'),
    Body: MemoryTab,
  },
  mounts: {
    label: () => t('Mounts'),
    icon: 'plug',
    filterHint: () => gridHint('type:tmpfs options:rw'),
    Body: MountsTab,
  },
  filesystem: {
    label: () => t('Filesystem'),
    icon: 'files',
    filterHint: () => gridHint('size:>1M marks:setuid mtime:2026-11-23'),
    Body: FilesystemTab,
  },
  identity: {
    label: () => t('Identity'),
    icon: 'shield',
    filterHint: () => t('Shows the facts that contain the text'),
    Body: IdentityTab,
  },
  logs: {
    label: () => t('Logs'),
    icon: 'output',
    filterHint: () => gridHint('stream:stderr error -timeout'),
    Body: LogsTab,
  },
  raw: {
    label: () => t('Raw'),
    icon: 'file-binary',
    filterHint: () => gridHint('kind:core size:>1M -pages'),
    Body: RawTab,
  },
};

export function tabOf(name: TabName): Tab {
  return ALL[name];
}

/** In the order in which they stand. */
export function allTabs(): readonly TabInfo[] {
  return TABS.map((name) => ({ name, label: ALL[name].label(), icon: ALL[name].icon }));
}

function gridHint(example: string): string {
  return t('Words that a row must contain, or field:value, for example {0}', example);
}
