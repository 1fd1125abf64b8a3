import type { CustomKinds } from '../../../core/cluster/custom/custom-kinds.ts';
import type { Connection } from '../connections.ts';
import type { PodFilter } from './pod-filter.ts';
import type { TreeNode } from './node.ts';

/** What the tree's nodes need of whoever shows them. */
export interface TreeHost {
  /** A row and what hangs on it is to be drawn anew; undefined: all. */
  changed(node: TreeNode | undefined): void;
  connect(context: string): Promise<Connection>;
  readonly grouping: 'pod' | 'workload';
  /** Objects of one page. */
  readonly pageSize: number;
  /** Where archives are on nodes. */
  readonly directory: string;
  readonly filter: PodFilter;
  /** Namespaces of a context that a person wants to see first, or named because they may not be listed. */
  pinned(context: string): readonly string[];
  /** Whether helper pods may be started in a cluster: a person has said so once. */
  mayUseHelpers(context: string): boolean;
  /** Which objects about checkpoints each context's cluster has, as far as it was asked. */
  readonly kinds: Map<string, CustomKinds>;
  /** What is being done with the thing behind a row: `checkpointing, 3 s`. */
  activity(id: string): string | undefined;
}
