import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { readNode, type NodeFacts } from '../../../src/core/cluster/inventory/nodes.ts';
import { HelperJournal } from '../../../src/core/cluster/node-files/helper-journal.ts';
import { HELPER_DEFAULTS, type HelperSettings } from '../../../src/core/cluster/node-files/helper-manifest.ts';
import { HelperPods, type HelperPodsOptions } from '../../../src/core/cluster/node-files/helper-pods.ts';
import { NodeFiles } from '../../../src/core/cluster/node-files/node-files.ts';
import type { PodObject } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import type { TestCluster } from '../../cluster/test-cluster.ts';

/** A folder that is gone after the tests. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Workshop {
  readonly files: NodeFiles;
  readonly helpers: HelperPods;
  readonly journal: HelperJournal;
  readonly journalFolder: string;
}

/** The files of a cluster's nodes, as the product reaches them. */
export function workshop(
  opened: Cluster,
  settings: Partial<HelperSettings> = {},
  options: Partial<HelperPodsOptions> = {},
): Workshop {
  const journalFolder = temporary();
  const journal = new HelperJournal(journalFolder);
  const helpers = new HelperPods(opened.api, {
    settings: { ...HELPER_DEFAULTS, namespace: 'lab', ...settings },
    journal,
    context: opened.name,
    patience: 2000,
    ...options,
  });
  after(() => helpers.close());
  return { files: new NodeFiles(opened.api.transport, helpers), helpers, journal, journalFolder };
}

export function nodeOf(opened: Cluster, name = 'node-1'): Promise<NodeFacts> {
  return readNode(opened.api, name);
}

/** The helper pods that are there now. */
export function helperPods(cluster: TestCluster, namespace = 'lab'): readonly PodObject[] {
  return (cluster.store.list(PODS, namespace) as readonly PodObject[]).filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'checkpoint-explorer',
  );
}
