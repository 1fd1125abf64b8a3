import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import * as vscode from 'vscode';
import { download, type Downloaded, type DownloadProgress } from '../../core/cluster/download/download.ts';
import { legalName } from '../../core/cluster/download/legal-name.ts';
import { nodeCalled } from '../../core/cluster/inventory/nodes.ts';
import type { AcquiredContainer } from '../../protocol/acquisition.ts';
import { Rate } from '../../protocol/rate.ts';
import { words } from '../errors.ts';
import type { Activities } from './activities.ts';
import type { Connection } from './connections.ts';
import { archiveId } from './tree/node-nodes.ts';

/** Downloads that are under way at once; the others wait. */
const AT_ONCE = 2;

export interface DownloadWish {
  readonly connection: Connection;
  readonly node: string;
  /** On the node. */
  readonly path: string;
  /** Whose checkpoint it is, where that is known. */
  readonly container?: AcquiredContainer;
}

/** Whose checkpoint an archive on this machine says that it is; undefined where it says too little. */
export type WhoseArchive = (path: string, signal: AbortSignal) => Promise<AcquiredContainer | undefined>;

/** Downloads archives, a few at once, and shows how far they are. */
export class Downloads {
  readonly #activities: Activities;
  readonly #version: string;
  readonly #whose: WhoseArchive;
  readonly #waiting: (() => void)[] = [];
  readonly #targets = new Set<string>();
  #running = 0;

  /** @param version of the extension, for the record */
  constructor(activities: Activities, { version, whose }: { readonly version: string; readonly whose: WhoseArchive }) {
    this.#activities = activities;
    this.#version = version;
    this.#whose = whose;
  }

  /**
   * Downloads an archive when its turn comes; one that was interrupted is gone on with.
   * @param folder on this machine; made if it is not there
   * @throws ClusterError; CheckpointError `no-space`, `exists`, `damaged`, `changed`, `cancelled`
   */
  async add({ connection, node, path, container }: DownloadWish, folder: string): Promise<Downloaded> {
    const { cluster, files } = connection;
    const id = archiveId(cluster.name, node, path);
    const activity = this.#activities.start(
      id,
      vscode.l10n.t('Downloading {0}', basename(path)),
      vscode.l10n.t('downloading'),
    );
    activity.update(vscode.l10n.t('waiting'), vscode.l10n.t('waiting'));
    const target = this.#freeName(folder, basename(path));
    this.#targets.add(target);
    try {
      await this.#turn(activity.signal);
      try {
        await mkdir(folder, { recursive: true });
        const rate = new Rate();
        const tool = { name: 'checkpoint-explorer', version: this.#version };
        const facts = await nodeCalled(cluster.api, node, activity.signal);
        const whose = (archive: string) => this.#whose(archive, activity.signal);
        const request = { node: facts, path, target, tool, whose, ...(container && { container }) };
        return await download(cluster, files, request, {
          signal: activity.signal,
          onProgress: (progress) => activity.update(describe(progress, rate), describeRoughly(progress)),
        });
      } finally {
        this.#release();
      }
    } finally {
      this.#targets.delete(target);
      activity.end();
    }
  }

  isRunning(context: string, node: string, path: string): boolean {
    return this.#activities.isRunning(archiveId(context, node, path));
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#running < AT_ONCE) {
      this.#running++;
      return;
    }
    // Whoever ends hands its place over.
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => resolve();
      this.#waiting.push(begin);
      const giveUp = (): void => {
        const at = this.#waiting.indexOf(begin);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        reject(new vscode.CancellationError());
      };
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }

  /** A name that nothing has yet, legal on every system. What is partly there is gone on with under its name. */
  #freeName(folder: string, name: string): string {
    const legal = legalName(name);
    const ending = extname(legal);
    const stem = legal.slice(0, legal.length - ending.length);
    for (let count = 1; ; count++) {
      const target = join(folder, count === 1 ? legal : `${stem} (${String(count)})${ending}`);
      if (!existsSync(target) && !this.#targets.has(target)) return target;
    }
  }
}

function describe({ stage, done, total }: DownloadProgress, rate: Rate): string {
  if (stage === 'verifying') return vscode.l10n.t('comparing SHA-256 sums');
  return words(rate.describe(done, total, performance.now()));
}

/** In steps, so that the row is not drawn all the time. */
function describeRoughly({ stage, done, total }: DownloadProgress): string {
  if (stage === 'verifying') return vscode.l10n.t('comparing SHA-256 sums');
  return `${String(total === 0 ? 100 : Math.floor((done / total) * 10) * 10)} %`;
}
