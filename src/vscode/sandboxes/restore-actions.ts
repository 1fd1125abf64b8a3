import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SandboxRecord, Subject } from '../../core/restore/sandbox/sandbox.ts';
import type { ReadArchive } from '../../core/restore/sandbox/subject.ts';
import { escapeText } from '../../protocol/format.ts';
import type { ClusterWishes } from '../../protocol/restore-api.ts';
import { Disposable } from '../disposable.ts';
import { abortSignal } from '../errors.ts';
import { readArchive, remarkOn, subjectOf } from './archive-subject.ts';
import { clusterPlace } from './cluster-place.ts';
import { DEFAULT_LIFETIME, imageFor, referenceOf, repositoryOf } from './cluster-wishes.ts';
import { PLACE_NAMES } from './place-names.ts';
import { choosePlace } from './place-picker.ts';
import { detectPlaces, isThere, type Place } from './places.ts';
import { RestorePage } from './restore-page.ts';
import { Restoring, type RestorePlace } from './restoring.ts';
import type { ArchiveChoice, SandboxServices } from './sandbox-part.ts';
import { sandboxSettings } from './sandbox-settings.ts';

/** An archive that was looked at, and where it could be restored. */
export interface Looked {
  readonly subject: Subject;
  readonly archive: ReadArchive;
  readonly places: readonly Place[];
}

/** From an archive to the page on which its restore is looked at and started. */
export class RestoreActions extends Disposable {
  readonly #services: SandboxServices;

  constructor(services: SandboxServices) {
    super();
    this.#services = services;
  }

  /** @param argument a row, a document, or nothing: then what the active editor shows, or a file to be chosen */
  async restore(argument: unknown): Promise<void> {
    const meant = await this.#services.archiveOf(argument);
    const archive = meant ?? (argument === undefined ? await chooseFile() : undefined);
    if (!archive) return;
    const looked = await this.look(archive);
    const place = await choosePlace(looked.places, this.#services.errors);
    if (place) await this.open(looked, place);
  }

  /** What an archive is, and where it could be restored. */
  async look({ locator }: ArchiveChoice): Promise<Looked> {
    const title = vscode.l10n.t('Looking at what a restore of {0} needs', escapeText(basename(locator)));
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_progress, token) => {
        const signal = abortSignal(token);
        const archive = await readArchive(this.#services, locator, signal);
        const subject = subjectOf(this.#services, archive);
        const [machines, cluster] = await Promise.all([
          detectPlaces(this.#services.places(), subject, signal),
          this.#clusterPlace(),
        ]);
        return { subject, archive, places: [...machines, cluster] };
      },
    );
  }

  /** Opens the page of a restore. */
  async open({ subject, archive }: Pick<Looked, 'subject' | 'archive'>, place: Place): Promise<RestorePage> {
    if (place.kind === 'kubernetes') return this.#openForCluster(subject, archive);
    if (!isThere(place)) throw place.missing;
    return this.#show(subject, archive, place);
  }

  /** Nothing is asked of any cluster before one is chosen. */
  async #clusterPlace(): Promise<Place> {
    const { clusters } = this.#services;
    try {
      const [current] = await clusters.contexts();
      if (current) return { kind: 'kubernetes', context: current.name };
      return { kind: 'kubernetes', missing: vscode.l10n.t('The kubeconfig has no context.') };
    } catch (missing) {
      return { kind: 'kubernetes', missing };
    }
  }

  async #openForCluster(subject: Subject, archive: ReadArchive): Promise<RestorePage> {
    const { clusters, clusterOptions } = this.#services;
    const [current] = await clusters.contexts();
    const wishes: ClusterWishes = {
      context: current?.name ?? '',
      way: 'image',
      node: '',
      namespace: current?.namespace ?? 'default',
      createNamespace: false,
      image: imageFor(sandboxSettings.repository(), subject.facts.containerName, archive.overview.checkpointed),
      pullSecret: '',
      lifetime: DEFAULT_LIFETIME,
      move: false,
    };
    const placeFor = (wanted: ClusterWishes, signal: AbortSignal): Promise<RestorePlace> =>
      clusterPlace(subject, wanted, clusterOptions(), signal);
    const title = vscode.l10n.t('Looking at {0}', escapeText(wishes.context));
    const place = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_progress, token) => placeFor(wishes, abortSignal(token)),
    );
    return this.#show(subject, archive, place, placeFor);
  }

  #show(
    subject: Subject,
    archive: ReadArchive,
    place: RestorePlace,
    placeFor?: (wishes: ClusterWishes, signal: AbortSignal) => Promise<RestorePlace>,
  ): RestorePage {
    const { errors, pageFolder, texts, list, onChanged } = this.#services;
    const name = escapeText(subject.facts.containerName ?? basename(subject.locator));
    return this.own(
      new RestorePage(new Restoring(subject, place, remarkOn(archive)), name, {
        errors,
        pageFolder,
        ...(placeFor && { placeFor }),
        showText: (title, text) => texts.show(title, text),
        onStart: remember,
        onRestored: (record, moved) => this.#restored(record, moved),
        onChanged: () => {
          onChanged();
          void list.look();
        },
      }),
    );
  }

  async #restored({ id, kind, name }: SandboxRecord, moved: string | undefined): Promise<void> {
    const { list, reveal, onChanged } = this.#services;
    await list.look();
    onChanged();
    const item = (await list.items()).find(({ record }) => record.id === id);
    if (item) await reveal(item);
    const text =
      moved === undefined
        ? vscode.l10n.t('{0} runs: restored through {1}.', escapeText(name), PLACE_NAMES[kind])
        : vscode.l10n.t('{0} runs, and its original {1} was deleted.', escapeText(name), escapeText(moved));
    vscode.window.setStatusBarMessage(text, 10_000);
  }
}

/** The next image goes beside this one. */
async function remember({ cluster }: RestorePlace): Promise<void> {
  const reference = cluster?.wishes.way === 'image' ? referenceOf(cluster.wishes.image) : undefined;
  if (reference) await sandboxSettings.rememberRepository(repositoryOf(reference));
}

/** From the palette, with nothing open that could be meant. */
async function chooseFile(): Promise<ArchiveChoice | undefined> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Restore to Sandbox'),
      openLabel: vscode.l10n.t('Restore…'),
      filters: {
        [vscode.l10n.t('Checkpoint archives')]: ['tar', 'gz', 'tgz', 'zst'],
        [vscode.l10n.t('All files')]: ['*'],
      },
    })) ?? [];
  return uri && { locator: uri.fsPath, isFolder: false };
}
