import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listContexts, openCluster, type Cluster } from '../../../src/core/cluster/cluster.ts';
import { HelperJournal } from '../../../src/core/cluster/node-files/helper-journal.ts';
import { HELPER_DEFAULTS } from '../../../src/core/cluster/node-files/helper-manifest.ts';
import { HelperPods } from '../../../src/core/cluster/node-files/helper-pods.ts';
import { NodeFiles } from '../../../src/core/cluster/node-files/node-files.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { measureImage } from '../../../src/core/restore/image/write-image.ts';
import { UploadPlaces } from '../../../src/core/restore/registry/upload-places.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import type { RunOptions, Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import type { Handlers } from '../../../src/protocol/channel.ts';
import type { ClusterWishes, RestorePageApi, RestoreProgress } from '../../../src/protocol/restore-api.ts';
import { clusterPlace } from '../../../src/vscode/sandboxes/cluster-place.ts';
import { explainFailure, Restoring } from '../../../src/vscode/sandboxes/restoring.ts';
import { Steps } from '../../../src/vscode/sandboxes/steps.ts';
import { isCancelled } from '../../../src/vscode/failure.ts';

/** Everything behind the page of a restore in a cluster, but for VS Code. */
export interface RestoreAnswers {
  readonly answers: Handlers<RestorePageApi>;
  readonly journal: SandboxJournal;
  /** Told of what is being done. */
  onDoing: (doing: RestoreProgress) => void;
  close(): Promise<void>;
}

/**
 * @param kubeconfig its current context is the one that is looked at first
 * @param locator where the archive is said to lie
 */
export async function restoreAnswers(
  archive: string,
  kubeconfig: string,
  image: string,
  locator = archive,
): Promise<RestoreAnswers> {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-restore-'));
  const spill = { directory: join(folder, 'spill'), limit: 2 ** 30 };
  const checkpoint = await openCheckpoint({ locator: archive, spill });
  const subject: Subject = {
    locator,
    ...(locator === archive && { path: archive }),
    facts: await readCheckpointFacts(checkpoint),
    checkpoint,
  };
  const config = await loadKubeconfig({ path: kubeconfig });
  const opened: Cluster[] = [];
  const journal = new SandboxJournal(join(folder, 'journal'));
  const placeFor = (wishes: ClusterWishes, signal: AbortSignal) =>
    clusterPlace(
      subject,
      wishes,
      {
        clusters: {
          contexts: () => Promise.resolve(listContexts(config)),
          connect: async (context) => {
            const cluster = await openCluster(config, context, { allowPlugins: false });
            opened.push(cluster);
            const helpers = new HelperPods(cluster.api, {
              settings: HELPER_DEFAULTS,
              journal: new HelperJournal(join(folder, 'helpers')),
              context,
            });
            return { cluster, files: new NodeFiles(cluster.api.transport, helpers) };
          },
          allowHelpers: () => Promise.resolve(true),
        },
        journal,
        measure: ({ checkpoint: source }, options) => measureImage(source, { ...options, spill }),
        uploads: new UploadPlaces(),
        registry: () => ({ environment: { HOME: folder } }),
        network: 'nowhere',
      },
      signal,
    );
  const [current] = listContexts(config).filter(({ isCurrent }) => isCurrent);
  const wishes: ClusterWishes = {
    context: current?.name ?? '',
    way: 'image',
    node: '',
    namespace: current?.namespace ?? '',
    createNamespace: false,
    image,
    pullSecret: '',
    lifetime: 60,
    move: false,
  };
  const restoring = new Restoring(subject, await placeFor(wishes, new AbortController().signal));
  let running: AbortController | undefined;
  const made: RestoreAnswers = {
    journal,
    onDoing: () => undefined,
    answers: {
      start: () => ({ review: restoring.review, strings: {} }),
      choose: (_signal, tcp) => {
        restoring.choose({ tcp });
        return restoring.review;
      },
      place: async (signal, wanted) => {
        restoring.move(await placeFor(wanted, signal));
        return restoring.review;
      },
      run: async (_signal, plan, agreed, confirmed) => {
        const steps = new Steps();
        running = new AbortController();
        try {
          const options: RunOptions = {
            signal: running.signal,
            onProgress: (what, amount) => {
              const doing = steps.describe(what, amount, performance.now());
              if (doing) made.onDoing(doing);
            },
          };
          const record = await restoring.run(plan, agreed, options, confirmed);
          await restoring.finish(record, confirmed, options);
          return null;
        } catch (error) {
          if (isCancelled(error)) return null;
          restoring.planAgain();
          return explainFailure(error).failure;
        }
      },
      stop: () => running?.abort(),
      copy: () => undefined,
      showFailure: () => undefined,
      close: () => undefined,
    },
    async close() {
      for (const cluster of opened) cluster.close();
      await checkpoint.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return made;
}
