/** The commands about clusters, without their prefix. Each gets a row of the view, or nothing from the palette. */
export const CLUSTER_COMMANDS = [
  'refreshClusters',
  'filterClusters',
  'clearClusterFilter',
  'chooseKubeconfig',
  'openKubeconfig',
  'addNamespace',
  'pinNamespace',
  'unpinNamespace',
  'loadMore',
  'mendCluster',
  'allowHelpers',
  'copyName',
  'checkpoint',
  'cancelActivity',
  'showActivities',
  'checkSetup',
  'copyRights',
  'openArchive',
  'downloadArchive',
  'deleteArchive',
  'copyLocator',
  'createChain',
  'createSchedule',
] as const;

export type ClusterCommand = (typeof CLUSTER_COMMANDS)[number];

/** Those that do something with one row: the palette does not have them. */
export const ROW_COMMANDS: ReadonlySet<ClusterCommand> = new Set([
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
]);
