import type { ArchiveList } from './archives/archive-list.ts';
import type { ClusterView } from './cluster/cluster-view.ts';
import type { FilesView } from './filesystem/files-view.ts';
import type { LocatorTable } from './locators/locator-table.ts';
import type { SandboxesView } from './sandboxes/sandboxes-view.ts';
import type { Sessions } from './sessions/sessions.ts';

/** The parts that tests in the extension host look into; `activate` returns them in test mode only. */
export interface TestAccess {
  readonly sessions: Sessions;
  readonly archives: ArchiveList;
  readonly table: LocatorTable;
  readonly files: FilesView;
  readonly clusters: ClusterView;
  readonly sandboxes: SandboxesView;
}
