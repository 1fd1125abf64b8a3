import { formatCount } from '../../../protocol/format.ts';
import { NoteNode, type BranchNode, type TreeNode } from './node.ts';

/** A branch that is read page by page. */
export interface PagedNode extends BranchNode {
  /** Reads the next page. @throws ClusterError */
  more(): Promise<void>;
}

export function isPaged(node: TreeNode): node is PagedNode {
  return node.expandable && 'more' in node;
}

/** Stands at the end of what was read. @param remaining how many there are beyond, where the server tells */
export function moreRow(parent: PagedNode, remaining: number | undefined, pageSize: number): NoteNode {
  return new NoteNode(parent, 'more', ({ translate }) => ({
    label: translate('Load {0} more', formatCount(Math.min(pageSize, remaining ?? pageSize))),
    ...(remaining !== undefined && { description: translate('{0} are not shown', formatCount(remaining)) }),
    icon: 'ellipsis',
    context: 'more',
    command: { name: 'loadMore', title: translate('Load More') },
  }));
}
