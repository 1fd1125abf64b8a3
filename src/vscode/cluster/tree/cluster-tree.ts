import type { Connections } from '../connections.ts';
import { ContextNode } from './context-node.ts';
import { ErrorNode, isBranch, isWatching, type Row, type TreeNode, type Wording } from './node.ts';
import type { TreeHost } from './tree-host.ts';

/** The tree of clusters, without who shows it. */
export class ClusterTree {
  readonly #connections: Connections;
  readonly #host: TreeHost;
  readonly #contexts = new Map<string, ContextNode>();
  /** Rows that are unfolded. */
  readonly #unfolded = new Set<TreeNode>();
  #roots: Promise<readonly TreeNode[]> | undefined;
  #isVisible = false;

  constructor(connections: Connections, host: TreeHost) {
    this.#connections = connections;
    this.#host = host;
  }

  /** Nothing at all where there is no kubeconfig. */
  children(node?: TreeNode): Promise<readonly TreeNode[]> {
    if (!node) {
      this.#roots ??= this.#load();
      return this.#roots;
    }
    this.unfolded(node, true);
    return isBranch(node) ? node.children() : Promise.resolve([]);
  }

  /** All that is known of a branch, or of all, is forgotten. */
  forget(node?: TreeNode): void {
    if (node && isBranch(node)) node.forget();
    if (node) return;
    for (const context of this.#contexts.values()) context.forget();
    this.#roots = undefined;
  }

  /** The kubeconfig is another one: its contexts are looked at again, and those that stay keep what they know. */
  forgetRoots(): void {
    this.#roots = undefined;
  }

  /** What somebody looks at is kept current. */
  visible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.#watch();
  }

  unfolded(node: TreeNode, isUnfolded: boolean): void {
    if (isUnfolded) this.#unfolded.add(node);
    else this.#unfolded.delete(node);
    if (!isUnfolded && isWatching(node)) node.watch(false);
    this.#watch();
  }

  /** Of a branch and all below it, or of all, what is unfolded in sight. */
  unfoldedBelow(top?: TreeNode): readonly TreeNode[] {
    if (!this.#isVisible) return [];
    const hangsOn = (node: TreeNode): boolean => node === top || (node.parent !== undefined && hangsOn(node.parent));
    return [...this.#unfolded].filter((node) => this.#isShown(node) && (!top || hangsOn(node)));
  }

  async #load(): Promise<readonly TreeNode[]> {
    try {
      const contexts = await this.#connections.contexts();
      const names = new Set(contexts.map(({ name }) => name));
      for (const [name, node] of this.#contexts) {
        if (names.has(name)) continue;
        node.forget();
        this.#contexts.delete(name);
      }
      return contexts.map((facts) => {
        const node = this.#contexts.get(facts.name) ?? new ContextNode(facts, this.#host);
        node.facts = facts;
        this.#contexts.set(facts.name, node);
        return node;
      });
    } catch (error) {
      return [new ErrorNode(ROOT, error)];
    }
  }

  #watch(): void {
    for (const node of this.#unfolded) {
      if (isWatching(node)) node.watch(this.#isVisible && this.#isShown(node));
    }
  }

  /** Whether all that it hangs on is unfolded. */
  #isShown(node: TreeNode): boolean {
    for (let at: TreeNode | undefined = node; at; at = at.parent) if (!this.#unfolded.has(at)) return false;
    return true;
  }
}

/** What hangs on nothing hangs here, so that it has an id. */
const ROOT: TreeNode = { id: 'root', parent: undefined, expandable: false, row: emptyRow };

function emptyRow(_wording: Wording): Row {
  return { label: '', description: '', tooltip: '', icon: '', context: '' };
}
