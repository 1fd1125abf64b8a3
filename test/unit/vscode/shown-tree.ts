import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach } from 'node:test';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { HELPER_DEFAULTS } from '../../../src/core/cluster/node-files/helper-manifest.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { Connections } from '../../../src/vscode/cluster/connections.ts';
import { ClusterTree } from '../../../src/vscode/cluster/tree/cluster-tree.ts';
import type { Row, TreeNode } from '../../../src/vscode/cluster/tree/node.ts';
import { PodFilter } from '../../../src/vscode/cluster/tree/pod-filter.ts';
import type { TreeHost } from '../../../src/vscode/cluster/tree/tree-host.ts';

export const scratch = mkdtempSync(join(tmpdir(), 'cluster-tree-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const open: Shown[] = [];

afterEach(async () => {
  for (const shown of open.splice(0)) {
    shown.tree.visible(false);
    await shown.connections.end();
    shown.connections.dispose();
  }
});

/** A tree as the view has it, without VS Code. */
export class Shown {
  readonly connections: Connections;
  readonly tree: ClusterTree;
  readonly pins: string[] = [];
  grouping: 'pod' | 'workload' = 'pod';
  pageSize = 500;
  filter = new PodFilter();
  mayUseHelpers = true;
  allowPlugins = true;
  changes: (TreeNode | undefined)[] = [];

  constructor(kubeconfig: string) {
    this.connections = new Connections({
      kubeconfig: () => kubeconfig,
      allowPlugins: () => this.allowPlugins,
      helper: (namespace) => ({ ...HELPER_DEFAULTS, namespace }),
      journal: join(scratch, 'journal'),
    });
    this.tree = new ClusterTree(this.connections, hostOf(this));
    this.tree.visible(true);
    open.push(this);
  }

  /** Goes down by labels, as a person unfolds rows. */
  async at(...labels: readonly string[]): Promise<TreeNode> {
    let node: TreeNode | undefined;
    for (const label of labels) {
      const children = await this.tree.children(node);
      node = children.find((child) => this.row(child).label === label);
      assert.ok(node, `no ${label} among ${children.map((child) => this.row(child).label).join(', ')}`);
    }
    return node as TreeNode;
  }

  async labels(...path: readonly string[]): Promise<readonly string[]> {
    return (await this.rows(...path)).map(({ label }) => label);
  }

  async rows(...path: readonly string[]): Promise<readonly Row[]> {
    const children = await this.tree.children(path.length === 0 ? undefined : await this.at(...path));
    return children.map((child) => this.row(child));
  }

  row(node: TreeNode): Row {
    return node.row({
      now: Date.parse('2026-11-24T00:06:55Z'),
      locale: 'en',
      translate: (template, ...args) =>
        template.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
      words: (error) => (CheckpointError.is(error) ? error.message : String(error)),
      brief: (error) =>
        ClusterError.is(error) && error.brief
          ? { label: say(error.brief.label), detail: say(error.brief.detail) }
          : undefined,
    });
  }
}

/** What the tree is told: read anew each time, because tests set it. */
function hostOf(shown: Shown): TreeHost {
  return {
    changed: (node) => void shown.changes.push(node),
    connect: (context) => shown.connections.connect(context),
    get grouping() {
      return shown.grouping;
    },
    get pageSize() {
      return shown.pageSize;
    },
    directory: CHECKPOINTS,
    get filter() {
      return shown.filter;
    },
    pinned: () => shown.pins,
    mayUseHelpers: () => shown.mayUseHelpers,
    kinds: new Map(),
    activity: () => undefined,
  };
}
