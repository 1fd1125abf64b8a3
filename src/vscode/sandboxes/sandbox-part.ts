import * as vscode from 'vscode';
import { openImageArchive } from '../../core/restore/registry/image-archive.ts';
import { UploadPlaces } from '../../core/restore/registry/upload-places.ts';
import { uploadsFile } from '../../core/restore/sandbox/journal-folder.ts';
import { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import type { SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { sentence } from '../../protocol/sentence.ts';
import { Disposable } from '../disposable.ts';
import type { Errors } from '../errors.ts';
import { failure } from '../failure.ts';
import type { OpenRemote } from '../sessions/remote-files.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { ClusterPlaceOptions, Clusters } from './cluster-place.ts';
import { ImageActions } from './image-actions.ts';
import { measureIn } from './image-jobs.ts';
import { placeOf, type PlaceOptions } from './places.ts';
import { RestoreActions } from './restore-actions.ts';
import { SandboxActions } from './sandbox-actions.ts';
import type { SandboxCommand } from './sandbox-commands.ts';
import { SandboxList } from './sandbox-list.ts';
import type { SandboxItem } from './sandbox-row.ts';
import { sandboxSettings } from './sandbox-settings.ts';
import { TextPages } from './text-pages.ts';

/** An archive that a command is meant for. */
export interface ArchiveChoice {
  readonly locator: string;
  readonly isFolder: boolean;
}

export interface SandboxPartOptions {
  readonly errors: Errors;
  readonly sessions: Sessions;
  /** Folder for what is written down about sandboxes. */
  readonly journal: string;
  /** The folder dist/page. */
  readonly pageFolder: vscode.Uri;
  /** Where checkpoints of sandboxes go when no folder is open. */
  readonly ownFolder: string;
  /** What a row, a document or nothing at all means; undefined where there is nothing to be meant. */
  readonly archiveOf: (argument: unknown) => Promise<ArchiveChoice | undefined>;
  /** Gives the bytes of an archive on a node. */
  readonly openRemote: OpenRemote;
  readonly clusters: Clusters;
  /** Of the extension, for records of how archives were acquired. */
  readonly version: string;
  /** Opens the editor of a locator. */
  readonly openLocator: (locator: string) => Promise<void>;
  /** The rows are to be drawn anew. */
  readonly onChanged: () => void;
  readonly reveal: (item: SandboxItem) => Promise<void>;
}

/** What parts of this part give each other. */
export interface SandboxServices extends SandboxPartOptions {
  readonly list: SandboxList;
  readonly texts: TextPages;
  readonly places: () => PlaceOptions;
  readonly clusterOptions: () => ClusterPlaceOptions;
  /** Images that were given up half way, also by windows that are closed. */
  readonly uploads: UploadPlaces;
}

/** All that has to do with sandboxes; loaded when it is first needed. */
export class SandboxPart extends Disposable {
  readonly list: SandboxList;
  readonly restores: RestoreActions;
  readonly actions: SandboxActions;
  readonly images: ImageActions;
  readonly texts: TextPages;
  readonly commands: Readonly<Record<SandboxCommand, (argument: unknown) => unknown>>;

  constructor(options: SandboxPartOptions) {
    super();
    const journal = new SandboxJournal(options.journal);
    const places = (): PlaceOptions => ({
      prefix: sandboxSettings.commandPrefix(),
      network: sandboxSettings.network(),
      journal,
    });
    this.list = new SandboxList({
      journal,
      placeOf: (record: SandboxRecord) => placeOf(record, places(), options.clusters),
      mayLook: () => vscode.workspace.isTrusted,
      onChanged: options.onChanged,
    });
    this.texts = this.own(new TextPages());
    const uploads = new UploadPlaces(uploadsFile(options.journal));
    const clusterOptions = (): ClusterPlaceOptions => ({
      clusters: options.clusters,
      journal,
      measure: measureIn(options.sessions),
      uploads,
      registry: () => sandboxSettings.registry(),
      network: sandboxSettings.network(),
    });
    const { list, texts } = this;
    const services: SandboxServices = { ...options, list, texts, places, clusterOptions, uploads };
    this.restores = this.own(new RestoreActions(services));
    this.actions = new SandboxActions(services);
    this.images = new ImageActions(services);
    const { restores, actions } = this;
    this.commands = {
      restore: (argument) => trusted(() => restores.restore(argument)),
      buildImage: (argument) => trusted(() => this.images.build(argument)),
      openImage: () => trusted(() => this.images.open()),
      refreshSandboxes: () => this.#refresh(options.onChanged),
      openSandboxArchive: (argument) => actions.openArchive(argument),
      showSandboxLogs: (argument) => trusted(() => actions.showLogs(argument)),
      openSandboxShell: (argument) => trusted(() => actions.openShell(argument)),
      checkpointSandbox: (argument) => trusted(() => actions.checkpoint(argument)),
      removeSandbox: (argument) => trusted(() => actions.remove(argument)),
    };
  }

  /** Gives the bytes of an archive in a registry. Programs that keep logins are asked only where one trusts them. */
  readonly openRemote: OpenRemote = (locator, signal) => {
    if (!vscode.workspace.isTrusted) {
      throw failure('blocked', sentence('Registries are not asked in a workspace that is not trusted.'), locator);
    }
    return openImageArchive(locator, sandboxSettings.registry(), signal);
  };

  async #refresh(onChanged: () => void): Promise<void> {
    await this.list.look();
    onChanged();
  }
}

/** Nothing is run in a workspace that is not trusted. */
async function trusted(work: () => Promise<void>): Promise<void> {
  if (vscode.workspace.isTrusted) return work();
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Checkpoint Explorer restores nothing, and runs no commands, in a workspace that is not trusted.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}
