import { basename } from 'node:path/posix';
import * as vscode from 'vscode';
import { doubtAbout, requireRecorded } from '../../core/cluster/custom/verify-chain.ts';
import type { Downloaded } from '../../core/cluster/download/download.ts';
import { nodeCalled } from '../../core/cluster/inventory/nodes.ts';
import { escapeText, formatSize } from '../../protocol/format.ts';
import type { AcquiredContainer } from '../../protocol/acquisition.ts';
import { withoutLinks, words } from '../errors.ts';
import type { Sentence } from '../../protocol/sentence.ts';
import { reasonOf } from '../failure.ts';
import { settings } from '../settings.ts';
import type { Wanted } from './checkpointing.ts';
import { clusterSettings } from './cluster-settings.ts';
import { Downloads, type WhoseArchive } from './downloads.ts';
import type { PartServices } from './part-services.ts';
import { archiveTarget, type ArchiveTarget } from './targets.ts';
import { CustomArchiveNode } from './tree/custom-nodes.ts';
import { ArchiveNode } from './tree/node-nodes.ts';

export interface ArchiveActionOptions {
  readonly version: string;
  readonly whose: WhoseArchive;
  /** Where downloads go when there is neither a setting nor a folder open. */
  readonly ownFolder: string;
  /** Opens the editor of a locator. */
  readonly openLocator: (locator: string) => Promise<void>;
  /** Opens the editor of an archive on this machine. */
  readonly openFile: (path: string) => Promise<void>;
  /** Told of each archive that came. */
  readonly onDownloaded: (path: string) => void;
  /** What the editor of a document shows, as a locator; without a document the editor that has the focus. */
  readonly locatorShown: (uri: vscode.Uri | undefined) => string | undefined;
}

/** What one does with archives on nodes. */
export class ArchiveActions {
  readonly #services: PartServices;
  readonly #options: ArchiveActionOptions;
  readonly downloads: Downloads;

  constructor(services: PartServices, options: ArchiveActionOptions) {
    this.#services = services;
    this.#options = options;
    this.downloads = new Downloads(services.activities, options);
  }

  /** Opens an archive where it is. @param argument a row, or a locator */
  async open(argument: unknown): Promise<void> {
    const target = await archiveTarget(this.#services.connections, argument);
    if (!target || !(await this.allowHelpers(target.context))) return;
    await this.#options.openLocator(target.locator);
  }

  /** @param argument a row, a locator, the document of an editor's title, or nothing: then the active editor's */
  async download(argument: unknown, selected: unknown): Promise<void> {
    const isMany = Array.isArray(selected) && selected.includes(argument);
    const isOfEditor = argument === undefined || argument instanceof vscode.Uri;
    const one = isOfEditor ? this.#options.locatorShown(argument) : argument;
    await Promise.all((isMany ? (selected as unknown[]) : [one]).map((row) => this.#downloadRow(row)));
  }

  async downloadMade({ connection, node, pod, container }: Wanted, path: string): Promise<void> {
    const context = connection.cluster.name;
    if (!(await this.allowHelpers(context))) return;
    const target = { context, node: node.name, path, locator: '' };
    const done = await this.fetch(target, {
      told_by: 'cluster',
      namespace: pod.namespace,
      pod: pod.name,
      pod_uid: pod.uid,
      name: container.name,
      ...(container.id !== '' && { id: container.id }),
      ...(container.image !== '' && { image: container.image }),
      ...(container.imageId !== '' && { image_id: container.imageId }),
    });
    await this.#tell(done);
  }

  /** Downloads without asking anything, and says nothing. */
  async fetch(
    { context, node, path }: Omit<ArchiveTarget, 'locator'>,
    container?: AcquiredContainer,
  ): Promise<Downloaded> {
    const connection = await this.#services.connections.connect(context);
    const wish = { connection, node, path, ...(container && { container }) };
    const done = await this.downloads.add(wish, this.#folder()).catch((error: unknown) => {
      this.missed(error, { context, node });
      throw error;
    });
    this.#options.onDownloaded(done.path);
    return done;
  }

  /** An archive that is not there any more: what is shown of its node is not what lies there. */
  missed(error: unknown, { context, node }: Pick<ArchiveTarget, 'context' | 'node'>): void {
    if (reasonOf(error) === 'not-found') this.#services.archivesChanged(context, node);
  }

  /** Deletes an archive after the person has typed its name. */
  async delete(argument: unknown): Promise<void> {
    if (!(argument instanceof ArchiveNode)) return;
    const { facts, parent } = argument;
    const { name, size } = facts;
    const shown = escapeText(name);
    const typed = await vscode.window.showInputBox({
      title: vscode.l10n.t('Delete {0} ({1}) From {2}', shown, formatSize(size), escapeText(parent.facts.name)),
      prompt: vscode.l10n.t('It cannot be brought back. Type its name to delete it.'),
      placeHolder: shown,
      ignoreFocusOut: true,
      validateInput: (text) =>
        ['', name, shown].includes(text) ? undefined : vscode.l10n.t('Type all of its name: {0}', shown),
    });
    if (typed === name || typed === shown) await this.deleteNow(argument);
  }

  /** Deletes an archive, if it is still the one that is shown. */
  async deleteNow({ facts, parent, id }: ArchiveNode): Promise<void> {
    const { activities, connections } = this.#services;
    const activity = activities.start(id, vscode.l10n.t('Deleting {0}', facts.name), vscode.l10n.t('deleting'));
    try {
      const { files } = await connections.connect(parent.context);
      const { size, inode } = facts;
      const seen = { size, inode, modified: Math.floor(Date.parse(facts.modified) / 1000) };
      await files.delete(parent.facts, facts.path, seen, activity.signal);
    } finally {
      activity.end();
      this.#services.refresh(parent);
    }
  }

  /** The locator of a row, where the person lets its node be read. */
  async locator(argument: unknown): Promise<string | undefined> {
    const target = await archiveTarget(this.#services.connections, argument);
    return target && (await this.allowHelpers(target.context)) ? target.locator : undefined;
  }

  async copyLocator(argument: unknown): Promise<void> {
    const target = await archiveTarget(this.#services.connections, argument);
    if (target) await vscode.env.clipboard.writeText(target.locator);
  }

  /** Asks once for each cluster whether helper pods may be started there. */
  async allowHelpers(context: string): Promise<boolean> {
    const { memory, connections } = this.#services;
    if (memory.mayUseHelpers(context)) return true;
    const { cluster } = await connections.connect(context);
    const { image, namespace } = clusterSettings.helper(cluster.namespace);
    const yes = vscode.l10n.t('Start Helper Pods');
    const chosen = await vscode.window.showInformationMessage(
      vscode.l10n.t('Read the disks of nodes in {0} through helper pods?', escapeText(context)),
      {
        modal: true,
        detail: vscode.l10n.t(
          'A pod ({0}) in the namespace {1} sees the folder of checkpoints of one node, read-only, and nothing else; it has no capabilities and no token. It is removed after use. Settings say which image, where and how.',
          image,
          namespace,
        ),
      },
      yes,
    );
    if (chosen !== yes) return false;
    await memory.allowHelpers(context);
    return true;
  }

  async #downloadRow(row: unknown): Promise<void> {
    const { connections, errors } = this.#services;
    const target = await archiveTarget(connections, row);
    if (!target || !(await this.allowHelpers(target.context))) return;
    if (this.downloads.isRunning(target.context, target.node, target.path)) return;
    await errors.guard(async () => {
      if (row instanceof CustomArchiveNode) await this.#requireChain(row, target);
      const done = await this.fetch(target);
      if (row instanceof CustomArchiveNode) {
        requireRecorded(row.parent.facts, row.facts, done.record.archive.sha256);
      }
      await this.#tell(done, row instanceof CustomArchiveNode ? doubtAbout(row.parent.facts) : undefined);
    })();
  }

  /** A chain's hash is compared on the node first: what is not what it recorded need not be fetched. */
  async #requireChain({ parent, facts }: CustomArchiveNode, { context, node, path }: ArchiveTarget): Promise<void> {
    if (facts.sha256 === undefined) return;
    const { cluster, files } = await this.#services.connections.connect(context);
    const { sha256 } = await files.hash(await nodeCalled(cluster.api, node), path);
    requireRecorded(parent.facts, facts, sha256);
  }

  /** @param doubt what the hash does not prove */
  async #tell({ path, record }: Downloaded, doubt?: Sentence): Promise<void> {
    const [open, reveal] = [vscode.l10n.t('Open'), vscode.l10n.t('Reveal in File Manager')];
    const show = doubt ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
    const chosen = await show(
      withoutLinks(
        [
          vscode.l10n.t(
            '{0} was downloaded ({1}). Its SHA-256 is that of the file on {2}.',
            escapeText(basename(record.source.path)),
            formatSize(record.archive.size),
            escapeText(record.source.node),
          ),
          ...(doubt ? [words(doubt)] : []),
        ].join(' '),
      ),
      open,
      reveal,
    );
    if (chosen === open) await this.#options.openFile(path);
    if (chosen === reveal) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(path));
  }

  #folder(): string {
    const workspace = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
    return settings.downloadFolder() ?? workspace?.uri.fsPath ?? this.#options.ownFolder;
  }
}
