import { basename } from 'node:path';
import type * as vscode from 'vscode';
import type { ShownCheckpoint } from '../filesystem/files-view.ts';
import type { Lease, Sessions } from '../sessions/sessions.ts';
import type { Session } from '../sessions/session.ts';

/** What is behind a document, or why that is not known. */
export type Source = { readonly locator: string; readonly key: string } | { readonly problem: unknown };

/** A checkpoint that one or more editors show. It is never changed, so there is nothing to save. */
export class CheckpointDocument implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  readonly #source: Source;
  readonly #lease: Lease | undefined;

  constructor(uri: vscode.Uri, source: Source, sessions: Sessions) {
    this.uri = uri;
    this.#source = source;
    this.#lease = 'locator' in source ? sessions.acquire(source.locator) : undefined;
  }

  get locator(): string | undefined {
    return 'locator' in this.#source ? this.#source.locator : undefined;
  }

  /** For the view of its files; undefined where the source is not known. */
  get shown(): ShownCheckpoint | undefined {
    return 'locator' in this.#source ? { ...this.#source, title: basename(this.#source.locator) } : undefined;
  }

  /** Authority of the URIs of what lies inside. @throws what hides the source */
  get key(): string {
    if ('problem' in this.#source) throw this.#source.problem;
    return this.#source.key;
  }

  /** @throws what hides the source */
  get session(): Session {
    if ('problem' in this.#source) throw this.#source.problem;
    if (!this.#lease) throw new Error('A document with a source has a session.');
    return this.#lease.session;
  }

  dispose(): void {
    this.#lease?.dispose();
  }
}
