import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SandboxRecord, Subject } from '../../core/restore/sandbox/sandbox.ts';
import { fileSubject, subject as remoteSubject, type ReadArchive } from '../../core/restore/sandbox/subject.ts';
import { escapeText } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import { Disposable } from '../disposable.ts';
import { abortSignal } from '../errors.ts';
import { failure } from '../failure.ts';
import { PLACE_NAMES } from './place-names.ts';
import { detectPlaces, isThere, type Place } from './places.ts';
import { RestorePage } from './restore-page.ts';
import { Restoring } from './restoring.ts';
import type { ArchiveChoice, SandboxServices } from './sandbox-part.ts';

type Found = Extract<Place, { target: unknown }>;

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
    const { subject, places } = await this.look(archive);
    const place = await this.#choose(places);
    if (place) this.show(subject, place);
  }

  /** What an archive is, and where it could be restored. */
  async look({
    locator,
    isFolder,
  }: ArchiveChoice): Promise<{ readonly subject: Subject; readonly places: readonly Place[] }> {
    if (isFolder) {
      throw failure(
        'blocked',
        sentence('{0} is a folder. Engines restore archives only: choose the archive that it came from.', locator),
      );
    }
    const title = vscode.l10n.t('Looking at what a restore of {0} needs', escapeText(basename(locator)));
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_progress, token) => {
        const signal = abortSignal(token);
        const [facts, overview] = await this.#services.sessions.use(locator, (session) =>
          session.ask((checkpoint) => Promise.all([checkpoint.restoreFacts(signal), checkpoint.overview(signal)])),
        );
        if (overview.wrapping !== 'archive') {
          throw failure(
            'blocked',
            sentence('{0} is a container image. Restore the checkpoint archive that is in it.', locator),
          );
        }
        const subject = this.#subject({ locator, facts, overview });
        return { subject, places: await detectPlaces(this.#services.places(), subject, signal) };
      },
    );
  }

  /** Opens the page of a restore. */
  show(subject: Subject, { sandbox, target }: Found): RestorePage {
    const { errors, pageFolder, texts, list, onChanged } = this.#services;
    const name = escapeText(subject.facts.containerName ?? basename(subject.locator));
    return this.own(
      new RestorePage(new Restoring(subject, sandbox, target), name, {
        errors,
        pageFolder,
        showText: (title, text) => texts.show(title, text),
        onRestored: (record) => this.#restored(record),
        onChanged: () => {
          onChanged();
          void list.look();
        },
      }),
    );
  }

  #subject(archive: ReadArchive): Subject {
    const { locator } = archive;
    if (!locator.startsWith('node://')) return fileSubject(archive);
    const { openRemote } = this.#services;
    return remoteSubject(archive, (signal = new AbortController().signal) => openRemote(locator, signal));
  }

  /** Those that are not there are shown with the reason, and cannot be taken. */
  async #choose(places: readonly Place[]): Promise<Found | undefined> {
    const { errors } = this.#services;
    const items = places
      .toSorted((a, b) => Number(isThere(b)) - Number(isThere(a)))
      .map((place) => ({
        place,
        label: `$(${isThere(place) ? 'vm' : 'circle-slash'}) ${PLACE_NAMES[place.sandbox.kind]}`,
        ...(isThere(place)
          ? { description: place.target.engineVersion ?? '' }
          : { detail: errors.words(place.missing) }),
      }));
    const quickPick = vscode.window.createQuickPick<(typeof items)[number]>();
    quickPick.title = vscode.l10n.t('Restore to Sandbox');
    quickPick.placeholder = vscode.l10n.t('Choose where. Nothing starts before you have seen what will be done.');
    quickPick.items = items;
    quickPick.matchOnDetail = true;
    return new Promise((resolve) => {
      quickPick.onDidAccept(() => {
        const place = quickPick.selectedItems[0]?.place;
        if (!place || !isThere(place)) return;
        resolve(place);
        quickPick.hide();
      });
      quickPick.onDidHide(() => {
        resolve(undefined);
        quickPick.dispose();
      });
      quickPick.show();
    });
  }

  async #restored({ id }: SandboxRecord): Promise<void> {
    const { list, reveal, onChanged } = this.#services;
    await list.look();
    onChanged();
    const item = (await list.items()).find(({ record }) => record.id === id);
    if (item) await reveal(item);
  }
}

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
