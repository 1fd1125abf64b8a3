import type { GridName } from '../../src/protocol/grid.ts';
import type { Spot, TabName } from '../../src/protocol/place.ts';

/** The grid that a tab's filter box filters and that rows of links are in. Tabs that are not listed have none. */
const GRID_OF: Readonly<Partial<Record<TabName, GridName>>> = {
  processes: 'processes',
  files: 'files',
  sockets: 'sockets',
  memory: 'memory',
  mounts: 'mounts',
  filesystem: 'changes',
  logs: 'log',
  raw: 'entries',
};

export function gridOf(tab: TabName): GridName | undefined {
  return GRID_OF[tab];
}

/** Of which of several things the rows in a tab's grid are, where one is at a place in it; see GridQuery. */
export function rowsOf(tab: TabName, spot: Spot | undefined): string | undefined {
  return tab === 'logs' ? spot?.path : undefined;
}

/** Grids of which there is one for each process. */
export const OF_PROCESS: ReadonlySet<GridName> = new Set(['memory']);

/** Grids in which nothing is chosen before the person does, or before something else says which row it is. */
export const NOTHING_FIRST: ReadonlySet<GridName> = new Set([
  'changes',
  'memory',
  'seccomp',
  'log',
  'entries',
  'image',
  'search',
]);
