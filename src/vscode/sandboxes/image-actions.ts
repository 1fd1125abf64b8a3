import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatReference, parseReference, type ImageReference } from '../../core/restore/registry/reference.ts';
import { Registry } from '../../core/restore/registry/registry.ts';
import { requireLogin, sendImage } from '../../core/restore/registry/send-image.ts';
import type { Amount } from '../../core/restore/sandbox/sandbox.ts';
import type { ImageForm } from '../../protocol/checkpoint-api.ts';
import { escapeText } from '../../protocol/format.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { abortSignal, isCancelled, words } from '../errors.ts';
import { readArchive, subjectOf } from './archive-subject.ts';
import { imageFor, referenceOf, repositoryOf } from './cluster-wishes.ts';
import { imageJob, measureIn } from './image-jobs.ts';
import type { SandboxServices } from './sandbox-part.ts';
import { sandboxSettings } from './sandbox-settings.ts';
import { Steps, stepText } from './steps.ts';

/** What an image may be called. */
const TAG = /^\w[\w.:/@-]{0,255}$/;

type Form = ImageForm | 'registry';
type Report = (what: Sentence, amount?: Amount) => void;

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
    if (form === 'registry') await this.#push(archive.locator);
    else if (form !== undefined) await this.#write(archive.locator, form);
  }

  /** Opens a checkpoint image where it is, in a registry. */
  async open(): Promise<void> {
    const repository = sandboxSettings.repository();
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Open Checkpoint Image'),
      prompt: vscode.l10n.t('The image: HOST/NAME:TAG or HOST/NAME@sha256:…'),
      placeHolder: 'registry.example:5000/checkpoints/web:1',
      value: repository === '' ? '' : `${repository}/`,
      ignoreFocusOut: true,
      validateInput: (typed) =>
        locatorOf(typed) === undefined ? vscode.l10n.t('This cannot be an image in a registry.') : undefined,
    });
    const locator = text === undefined ? undefined : locatorOf(text);
    if (locator !== undefined) await this.#services.openLocator(locator);
  }

  /** Builds without asking anything. @returns the manifest's digest */
  async buildNow(locator: string, form: ImageForm, path: string, tag: string): Promise<string> {
    const title = vscode.l10n.t('Building an image of {0}', escapeText(basename(locator)));
    const { sessions } = this.#services;
    return withSteps(title, (signal, report) =>
      imageJob(
        sessions,
        locator,
        (done, total) => report(sentence('Reading the archive'), { done, total }),
        (checkpoint, job) => checkpoint.buildImage(job, form, path, tag, signal),
      ),
    );
  }

  /**
   * Sends an image to a registry without asking anything. One that was given up before goes on where it was.
   * @returns the manifest's digest
   */
  async pushNow(locator: string, reference: ImageReference): Promise<string> {
    const title = vscode.l10n.t('Sending an image of {0}', escapeText(basename(locator)));
    const { sessions, uploads } = this.#services;
    return withSteps(title, async (signal, report) => {
      const registry = new Registry(reference, { ...sandboxSettings.registry(), push: true });
      try {
        await requireLogin(registry, signal);
        const subject = subjectOf(this.#services, await readArchive(this.#services, locator, signal));
        const image = await measureIn(sessions)(subject, {
          signal,
          onProgress: (done, total) => report(sentence('Reading the archive'), { done, total }),
        });
        const total = image.layer.size;
        const openLayer: typeof subject.checkpoint.openArchive = (wanted) => subject.checkpoint.openArchive(wanted);
        const onProgress = (done: number): void => report(sentence('Sending the image'), { done, total });
        await sendImage({ image, openLayer }, registry, { signal, places: uploads, onProgress, onAnew: report });
        return image.manifest.digest;
      } finally {
        registry.close();
      }
    });
  }

  async #write(locator: string, form: ImageForm): Promise<void> {
    const tag = await chooseTag(locator);
    if (tag === undefined) return;
    const target = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Build Checkpoint Image'),
      saveLabel: vscode.l10n.t('Build'),
      ...(form === 'oci-archive' && { filters: { [vscode.l10n.t('Image archives')]: ['tar'] } }),
    });
    if (!target) return;
    const digest = await this.buildNow(locator, form, target.fsPath, tag);
    tell(vscode.l10n.t('The image {0} was built: {1}', tag, basename(target.fsPath)), [
      { title: vscode.l10n.t('Copy Digest'), text: digest },
    ]);
  }

  async #push(locator: string): Promise<void> {
    const { sessions } = this.#services;
    const [facts, overview] = await sessions.use(locator, (session) =>
      session.ask((checkpoint) => Promise.all([checkpoint.restoreFacts(), checkpoint.overview()])),
    );
    const name = imageFor(sandboxSettings.repository(), facts.containerName, overview.checkpointed);
    const reference = await chooseReference(name);
    if (!reference) return;
    await sandboxSettings.rememberRepository(repositoryOf(reference));
    const place = formatReference(reference);
    try {
      const digest = await this.pushNow(locator, reference);
      const { tag: _tag, ...repository } = reference;
      tell(vscode.l10n.t('The image was sent to {0}.', place), [
        { title: vscode.l10n.t('Copy Reference'), text: formatReference({ ...repository, digest }) },
      ]);
    } catch (error) {
      if (!isCancelled(error)) throw error;
      // What the registry has is not lost.
      const again = vscode.l10n.t('Go On');
      const text = vscode.l10n.t('The image was not sent whole to {0}. It can go on from where it was.', place);
      if ((await vscode.window.showInformationMessage(text, again)) === again) await this.#push(locator);
    }
  }
}

/** The locator of an image as one types it; undefined for what is none. */
function locatorOf(text: string): string | undefined {
  try {
    return formatReference(parseReference(text.trim()));
  } catch {
    return undefined;
  }
}

function tell(text: string, actions: readonly { readonly title: string; readonly text: string }[]): void {
  void vscode.window.showInformationMessage(text, ...actions.map(({ title }) => title)).then(async (chosen) => {
    const action = actions.find(({ title }) => title === chosen);
    if (action) await vscode.env.clipboard.writeText(action.text);
  });
}

/** Shows what is being done, how far it is, and lets it be cancelled. */
function withSteps<T>(title: string, work: (signal: AbortSignal, report: Report) => Promise<T>): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, token) => {
      const steps = new Steps();
      return work(abortSignal(token), (what, amount) => {
        const step = steps.describe(what, amount, performance.now());
        if (!step) return;
        progress.report({ message: stepText(step, words) });
      });
    },
  );
}

async function chooseForm(): Promise<Form | undefined> {
  const items: readonly (vscode.QuickPickItem & { readonly form: Form })[] = [
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
    {
      form: 'registry',
      label: vscode.l10n.t('A registry'),
      description: 'docker://',
      detail: vscode.l10n.t('Sent straight from the archive: nothing is written to disk, and what breaks off goes on'),
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

async function chooseReference(value: string): Promise<ImageReference | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Build Checkpoint Image'),
    prompt: vscode.l10n.t('Where the image goes: HOST/NAME:TAG'),
    placeHolder: 'registry.example:5000/checkpoints/web:1',
    value,
    ignoreFocusOut: true,
    validateInput: (typed) =>
      referenceOf(typed) ? undefined : vscode.l10n.t('This is not where an image can be put: give HOST/NAME:TAG.'),
  });
  return text === undefined ? undefined : referenceOf(text);
}
