import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { canCheckpoint, checkpointAgain } from '../../core/restore/sandbox/checkpoint-again.ts';
import { checkpointPod } from '../../core/restore/sandbox/checkpoint-pod.ts';
import type { MadeSandbox, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { shellWords } from '../../core/restore/sandbox/shell.ts';
import { escapeText } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import { abortSignal } from '../errors.ts';
import { failure } from '../failure.ts';
import { placeOf } from './places.ts';
import { openPodShell } from './pod-terminal.ts';
import type { SandboxServices } from './sandbox-part.ts';
import { sandboxLabel, type SandboxItem } from './sandbox-row.ts';

/** What one does with a sandbox that there is. */
export class SandboxActions {
  readonly #services: SandboxServices;

  constructor(services: SandboxServices) {
    this.#services = services;
  }

  async openArchive(argument: unknown): Promise<void> {
    const record = await this.#record(argument);
    if (record) await this.#services.openLocator(record.locator);
  }

  async showLogs(argument: unknown): Promise<void> {
    const record = await this.#record(argument);
    if (!record) return;
    const text = await progress(vscode.l10n.t('Reading the log of {0}', record.name), async (signal) =>
      (await this.#place(record)).logs(record, signal),
    );
    await this.#services.texts.show(record.name, text);
  }

  /** A shell in the integrated terminal: the words of its command stay words. */
  async openShell(argument: unknown): Promise<void> {
    const record = await this.#record(argument);
    if (!record) return;
    if (record.kind === 'kubernetes') {
      await openPodShell(record, this.#services.clusters, label(record));
      return;
    }
    const [shellPath, ...shellArgs] = (await shellWords(record)) ?? [];
    if (shellPath === undefined) throw failure('blocked', sentence('No container of {0} is running.', record.name));
    vscode.window
      .createTerminal({ name: label(record), shellPath, shellArgs, iconPath: new vscode.ThemeIcon('vm-running') })
      .show();
  }

  /** Makes a checkpoint of what became of it meanwhile. */
  async checkpoint(argument: unknown): Promise<void> {
    const record = await this.#record(argument);
    if (!record) return;
    const make = await this.#checkpointing(record);
    if (!make) return;
    const folder = this.#folder();
    await mkdir(folder, { recursive: true });
    const target = freeName(folder, record.name);
    await progress(vscode.l10n.t('Checkpointing {0}', label(record)), (signal) => make(target, signal));
    const open = vscode.l10n.t('Open');
    void vscode.window
      .showInformationMessage(vscode.l10n.t('{0} was checkpointed: {1}', label(record), basename(target)), open)
      .then(async (chosen) => {
        if (chosen === open) await this.#services.openLocator(target);
      });
  }

  /** How a checkpoint of it is made; undefined where the person does not want what that takes. */
  async #checkpointing(
    record: SandboxRecord,
  ): Promise<((target: string, signal: AbortSignal) => Promise<unknown>) | undefined> {
    if (canCheckpoint(record)) return (target, signal) => checkpointAgain(record, target, signal);
    const { clusters, version } = this.#services;
    const { cluster, files } = await clusters.connect(record.context ?? '');
    // The archive is fetched from the node's disk.
    if (!(await clusters.allowHelpers(cluster.name))) return undefined;
    const access = { cluster, files, tool: { name: 'checkpoint-explorer', version } };
    return (target, signal) => checkpointPod(record, access, target, { signal });
  }

  async remove(argument: unknown): Promise<void> {
    const record = await this.#record(argument);
    if (!record) return;
    const yes = vscode.l10n.t('Remove');
    const made = record.things.map(({ name }) => escapeText(name));
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Remove {0}?', label(record)),
      {
        modal: true,
        detail: [
          vscode.l10n.t('It is stopped, and what it changed since the restore is lost. The archive stays.'),
          ...(made.length > 0 ? [vscode.l10n.t('Removed with it: {0}', made.join(', '))] : []),
        ].join('\n'),
      },
      yes,
    );
    if (chosen === yes) await this.removeNow(record);
  }

  /** Removes all that was made, without any question. */
  async removeNow(record: SandboxRecord): Promise<void> {
    try {
      await progress(vscode.l10n.t('Removing {0}', label(record)), async (signal) =>
        (await this.#place(record)).remove(record, signal),
      );
    } finally {
      await this.#services.list.look();
      this.#services.onChanged();
    }
  }

  /** The sandbox that a command is meant for: its row, or from the palette one that is chosen. */
  async #record(argument: unknown): Promise<SandboxRecord | undefined> {
    if (isItem(argument)) return argument.record;
    const items = await this.#services.list.items();
    const chosen = await vscode.window.showQuickPick(
      items.map((item) => ({ item, label: label(item.record), description: item.record.name })),
      { title: vscode.l10n.t('Sandboxes'), placeHolder: vscode.l10n.t('Choose a sandbox') },
    );
    return chosen?.item.record;
  }

  #place(record: SandboxRecord): Promise<MadeSandbox> {
    const { places, clusters } = this.#services;
    return placeOf(record, places(), clusters);
  }

  #folder(): string {
    const workspace = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
    return workspace?.uri.fsPath ?? this.#services.ownFolder;
  }
}

function isItem(argument: unknown): argument is SandboxItem {
  return typeof argument === 'object' && argument !== null && 'record' in argument && 'state' in argument;
}

function label(record: SandboxRecord): string {
  return escapeText(sandboxLabel(record, (template, ...args) => vscode.l10n.t(template, ...args)));
}

/** A name that nothing has yet. */
function freeName(folder: string, name: string): string {
  for (let count = 1; ; count++) {
    const target = join(folder, count === 1 ? `${name}.tar` : `${name}-${String(count)}.tar`);
    if (!existsSync(target)) return target;
  }
}

function progress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_progress, token) => work(abortSignal(token)),
  );
}
