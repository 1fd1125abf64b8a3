import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ImageForm } from '../../protocol/checkpoint-api.ts';
import { escapeText } from '../../protocol/format.ts';
import { abortSignal } from '../errors.ts';
import type { SandboxServices } from './sandbox-part.ts';

/** What an image may be called. */
const TAG = /^\w[\w.:/@-]{0,255}$/;

/** Makes container images of archives, which engines take for checkpoints. */
export class ImageActions {
  readonly #services: SandboxServices;

  constructor(services: SandboxServices) {
    this.#services = services;
  }

  /** @param argument a row, a document, or nothing: then what the active editor shows */
  async build(argument: unknown): Promise<void> {
    const archive = await this.#services.archiveOf(argument);
    if (!archive) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Open the checkpoint of which an image is to be made.'));
      return;
    }
    const form = await chooseForm();
    const tag = form && (await chooseTag(archive.locator));
    if (form === undefined || tag === undefined) return;
    const target = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Build Checkpoint Image'),
      saveLabel: vscode.l10n.t('Build'),
      ...(form === 'oci-archive' && { filters: { [vscode.l10n.t('Image archives')]: ['tar'] } }),
    });
    if (!target) return;
    const digest = await this.buildNow(archive.locator, form, target.fsPath, tag);
    const copy = vscode.l10n.t('Copy Digest');
    void vscode.window
      .showInformationMessage(vscode.l10n.t('The image {0} was built: {1}', tag, basename(target.fsPath)), copy)
      .then(async (chosen) => {
        if (chosen === copy) await vscode.env.clipboard.writeText(digest);
      });
  }

  /** Builds without asking anything. @returns the manifest's digest */
  async buildNow(locator: string, form: ImageForm, path: string, tag: string): Promise<string> {
    const title = vscode.l10n.t('Building an image of {0}', escapeText(basename(locator)));
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_progress, token) =>
        this.#services.sessions.use(locator, (session) =>
          session.ask((checkpoint) => checkpoint.buildImage(form, path, tag, abortSignal(token))),
        ),
    );
  }
}

async function chooseForm(): Promise<ImageForm | undefined> {
  const items: readonly (vscode.QuickPickItem & { readonly form: ImageForm })[] = [
    {
      form: 'oci-archive',
      label: vscode.l10n.t('One file'),
      description: 'oci-archive',
      detail: vscode.l10n.t('A tar that Podman and skopeo load, and that can be sent to a registry'),
    },
    {
      form: 'oci-layout',
      label: vscode.l10n.t('A folder'),
      description: 'oci-layout',
      detail: vscode.l10n.t('An OCI image layout, made anew'),
    },
  ];
  const title = vscode.l10n.t('Build Checkpoint Image');
  return (await vscode.window.showQuickPick(items, { title }))?.form;
}

async function chooseTag(locator: string): Promise<string | undefined> {
  const name = basename(locator)
    .replace(/\.(tar|tar\.gz|tgz|tar\.zst)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Build Checkpoint Image'),
    prompt: vscode.l10n.t('What the image is called'),
    value: `${name === '' ? 'checkpoint' : name}:latest`,
    validateInput: (text) => (TAG.test(text) ? undefined : vscode.l10n.t('This cannot be the name of an image.')),
  });
}
