import * as vscode from 'vscode';
import { escapeText } from '../protocol/format.ts';
import { describeError, type WireError } from '../protocol/channel.ts';
import type { Brief, Remedy } from '../core/cluster/cluster-error.ts';
import { say, sentence, type Sentence } from '../protocol/sentence.ts';
import { isCancelled as wasCancelled } from './failure.ts';
import type { Log } from './log.ts';
import { SECTION, SPILL_LIMIT } from './settings.ts';

/** A button of a message. */
export interface Action {
  readonly title: string;
  run(): unknown;
}

/** Reasons that may be gone when one tries again. */
const PASSING = new Set([
  ...['not-found', 'unreadable', 'changed', 'truncated', 'no-space', 'crashed'],
  ...['unreachable', 'timeout', 'unavailable', 'unauthorized', 'credentials', 'tls', 'rejected'],
]);

/** Reasons whose sentence says all that there is; whatever else happens is in the log. */
const EXPLAINED = new Set([
  ...['not-found', 'unreadable', 'changed', 'truncated', 'no-space', 'exists', 'unwritable', 'outside'],
  ...['not-a-checkpoint', 'unsupported', 'damaged', 'encrypted', 'too-large', 'usage'],
  ...['not-here', 'unknown-document', 'is-link', 'blocked'],
  ...['no-kubeconfig', 'bad-kubeconfig', 'untrusted', 'credentials', 'unreachable', 'tls', 'timeout'],
  ...['unauthorized', 'forbidden', 'rejected', 'unavailable'],
]);

const UNEXPECTED = sentence('Something unexpected happened in Checkpoint Explorer. The log says more.');

/** The translation of an English template that came from core, a worker or the host's parts without `vscode`. */
export function translate(template: string): string | undefined {
  return vscode.l10n.bundle?.[template];
}

export function words(text: Sentence): string {
  return say(text, translate);
}

/** The one place that turns a failure into words and into what helps. */
export class Errors {
  readonly #log: Log;
  readonly #showLog: () => void;
  readonly #reported = new WeakSet();

  constructor(log: Log, showLog: () => void) {
    this.#log = log;
    this.#showLog = showLog;
  }

  /** One or two sentences for a person. */
  words(error: unknown): string {
    return words(sentenceOf(error));
  }

  /** The same in a few words and what they leave open, of a cluster's failures that have it so. */
  brief(error: unknown): { readonly label: string; readonly detail: string } | undefined {
    const brief = briefOf(error);
    return brief && { label: words(brief.label), detail: words(brief.detail) };
  }

  /** Writes down what a person is not told. */
  note(error: unknown): void {
    if (isCancelled(error)) return;
    const { reason, message, where, offset } = describeError(error);
    if (EXPLAINED.has(reason)) {
      const place = [where, offset].filter((part) => part !== undefined).join(' at byte ');
      this.#log.warn(`${reason}: ${message}${place === '' ? '' : ` (${place})`}${saidBy(error)}`);
    } else {
      this.#log.error(error instanceof Error ? error : String(error));
    }
  }

  /** For the page, which shows a failure itself. */
  readonly forPage = (error: unknown): WireError => {
    this.note(error);
    const text = sentenceOf(error);
    return { ...describeError(error), message: say(text), template: text.template, args: text.args };
  };

  /** Shows a failure once, with what helps: what was given first, then what its reason suggests. */
  async report(
    error: unknown,
    options: { readonly retry?: () => unknown; readonly actions?: readonly Action[] } = {},
  ): Promise<void> {
    if (isCancelled(error) || this.#isKnown(error)) return;
    this.note(error);
    await this.show(error, options);
  }

  /** As {@link report}, however often it is asked for. */
  async show(
    error: unknown,
    options: { readonly retry?: () => unknown; readonly actions?: readonly Action[] } = {},
  ): Promise<void> {
    const { reason } = describeError(error);
    const remedy = remedyOf(error);
    const actions = [...(options.actions ?? []), ...(remedy ? remedyActions(remedy) : [])];
    const { retry } = options;
    if (retry && PASSING.has(reason)) actions.push({ title: vscode.l10n.t('Retry'), run: retry });
    if (reason === 'no-space') actions.push(changeSpillLimit());
    if (reason === 'no-kubeconfig') actions.push(chooseKubeconfig());
    if (reason === 'bad-kubeconfig') actions.push(openKubeconfig());
    if (!EXPLAINED.has(reason)) actions.push({ title: vscode.l10n.t('Show Log'), run: this.#showLog });
    const text = [this.words(error), ...(remedy ? [words(remedy.text)] : [])].join(' ');
    // What was given and what the reason suggests may be the same.
    const titles = new Set(actions.map(({ title }) => title));
    const chosen = await vscode.window.showErrorMessage(withoutLinks(text), ...titles);
    await actions.find(({ title }) => title === chosen)?.run();
  }

  /** A handler for a command: what it throws is shown. */
  guard<Args extends readonly unknown[]>(work: (...args: Args) => unknown): (...args: Args) => Promise<void> {
    return async (...args) => {
      try {
        await work(...args);
      } catch (error) {
        await this.report(error, { retry: () => this.guard(work)(...args) });
      }
    };
  }

  #isKnown(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return false;
    if (this.#reported.has(error)) return true;
    this.#reported.add(error);
    return false;
  }
}

export function isCancelled(error: unknown): boolean {
  return error instanceof vscode.CancellationError || wasCancelled(error);
}

/** An AbortSignal for what understands only that. */
export function abortSignal(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

/** What has no sentence of its own was foreseen by nobody: its message is for the log. */
function sentenceOf(error: unknown): Sentence {
  const { template, args = [] } = describeError(error);
  return template === undefined ? UNEXPECTED : { template, args };
}

/** What a cluster's error says would make it work. */
export function remedyOf(error: unknown): Remedy | undefined {
  return typeof error === 'object' && error !== null && 'remedy' in error
    ? (error.remedy as Remedy | undefined)
    : undefined;
}

function briefOf(error: unknown): Brief | undefined {
  return typeof error === 'object' && error !== null && 'brief' in error
    ? (error.brief as Brief | undefined)
    : undefined;
}

/** What a server said itself: for the log. */
function saidBy(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('said' in error) || typeof error.said !== 'string') return '';
  return error.said === '' ? '' : `\n${error.said}`;
}

/** A name for an entry of a list to choose from: what is not visible is escaped, and what reads like an icon is none. */
export function choiceLabel(name: string): string {
  return escapeText(name).replaceAll('$(', '(');
}

/** For a message, in which VS Code makes links of Markdown: names from archives and servers must not become any. */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

/** Puts what would help into the clipboard. */
export function copyRemedy({ form, text }: NonNullable<Remedy['copy']>): Action {
  const titles = {
    yaml: vscode.l10n.t('Copy YAML'),
    toml: vscode.l10n.t('Copy Configuration'),
    shell: vscode.l10n.t('Copy Command'),
  };
  return { title: titles[form], run: () => vscode.env.clipboard.writeText(text) };
}

function remedyActions({ copy, setting }: Remedy): readonly Action[] {
  return [...(copy ? [copyRemedy(copy)] : []), ...(setting === undefined ? [] : [openSetting(setting)])];
}

function openSetting(name: string): Action {
  return {
    title: vscode.l10n.t('Open Settings'),
    run: () => showSetting(name),
  };
}

/** Settings of the machine that the extension runs on have a tab of their own where that is another one. */
function showSetting(name: string): Thenable<unknown> {
  const command = vscode.env.remoteName === undefined ? 'openSettings' : 'openRemoteSettings';
  return vscode.commands.executeCommand(`workbench.action.${command}`, { query: `@id:${SECTION}.${name}` });
}

function openKubeconfig(): Action {
  return {
    title: vscode.l10n.t('Open Kubeconfig'),
    run: () => vscode.commands.executeCommand('checkpointExplorer.openKubeconfig'),
  };
}

export function chooseKubeconfig(): Action {
  return {
    title: vscode.l10n.t('Choose Kubeconfig'),
    run: () => vscode.commands.executeCommand('checkpointExplorer.chooseKubeconfig'),
  };
}

function changeSpillLimit(): Action {
  return {
    title: vscode.l10n.t('Change Limit'),
    run: () => showSetting(SPILL_LIMIT),
  };
}
