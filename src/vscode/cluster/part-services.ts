import type { Errors } from '../errors.ts';
import type { Activities } from './activities.ts';
import type { ClusterMemory } from './cluster-memory.ts';
import type { Connections } from './connections.ts';
import type { Kubelets } from './kubelets.ts';
import type { TreeNode } from './tree/node.ts';

/** What the actions on clusters share. */
export interface PartServices {
  readonly connections: Connections;
  readonly activities: Activities;
  readonly kubelets: Kubelets;
  readonly memory: ClusterMemory;
  readonly errors: Errors;
  readonly showLog: () => void;
  /** Forgets what is known of a branch, or of all, and shows it anew. */
  readonly refresh: (node?: TreeNode) => void;
  /** Draws a branch anew with what is known. */
  readonly redraw: (node?: TreeNode) => void;
  /** What lies on a node is not what it was. */
  readonly archivesChanged: (context: string, node: string) => void;
  readonly revealNode: (context: string, node: string) => Promise<void>;
  /** Filters all lists of pods. */
  readonly setFilter: (text: string) => void;
  readonly filterText: () => string;
}
