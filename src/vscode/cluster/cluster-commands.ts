/** Those that do something with one row, and nothing from the palette: it does not have them. */
const ON_ROWS = [
  'addNamespace',
  'pinNamespace',
  'unpinNamespace',
  'loadMore',
  'mendCluster',
  'allowHelpers',
  'copyName',
  'cancelActivity',
  'openArchive',
  'deleteArchive',
  'copyLocator',
  'createChain',
  'createSchedule',
] as const;

/** Those that the palette has, too: what they are about is asked for there. */
const ANYWHERE = [
  'refreshClusters',
  'filterClusters',
  'clearClusterFilter',
  'chooseKubeconfig',
  'openKubeconfig',
  'checkpoint',
  'showActivities',
  'checkSetup',
  'copyRights',
  'downloadArchive',
] as const;

/** The commands about clusters, without their prefix. Each gets a row of the view, or nothing from the palette. */
export const CLUSTER_COMMANDS = [...ANYWHERE, ...ON_ROWS] as const;

export type ClusterCommand = (typeof CLUSTER_COMMANDS)[number];

/** Those that need a row. */
export const ROW_COMMANDS: ReadonlySet<ClusterCommand> = new Set(ON_ROWS);
