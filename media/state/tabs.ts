import type { GridName } from '../../src/protocol/grid.ts';
import type { TabName } from '../../src/protocol/place.ts';

/** The grid that a tab's filter box filters and that rows of links are in. Tabs that are not listed have none. */
const GRID_OF: Readonly<Partial<Record<TabName, GridName>>> = {
  processes: 'processes',
  files: 'files',
  mounts: 'mounts',
  filesystem: 'changes',
};

export function gridOf(tab: TabName): GridName | undefined {
  return GRID_OF[tab];
}

/** Grids in which nothing is chosen before the person does: their first row says nothing. */
export const NOTHING_FIRST: ReadonlySet<GridName> = new Set(['changes']);
