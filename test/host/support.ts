import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';

/** Changes one of the extension's settings, for the person. @param value undefined: as it is by itself */
export async function setting(name: string, value: unknown): Promise<void> {
  const target = vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration('checkpointExplorer').update(name, value, target);
}

/** Has the clusters of a kubeconfig be those that are shown. @param kubeconfig path of the file */
export async function useKubeconfig({ clusters }: TestAccess, kubeconfig: string): Promise<void> {
  await setting('kubeconfig', kubeconfig);
  await (await clusters.part()).connections.reload();
}

/** The extension's parts, active. */
export async function activate(): Promise<TestAccess> {
  const extension = vscode.extensions.getExtension<TestAccess | undefined>('checkpoint-explorer.checkpoint-explorer');
  const access = await extension?.activate();
  assert.ok(access, 'the extension gives nothing to look into');
  return access;
}

/** A file of the workspace: a folder with the samples, see scripts/samples.ts. */
export function sample(...path: string[]): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  assert.ok(folder, 'there is no workspace');
  return vscode.Uri.joinPath(folder.uri, ...path);
}

/** Waits until something holds; the test's own time limit ends it. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const giveUp = Date.now() + 30_000;
  while (!holds()) {
    assert.ok(Date.now() < giveUp, `waited in vain until ${what}`);
    await wait(20);
  }
}

export async function closeAllEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** The custom editors that are open. */
export function checkpointTabs(): readonly vscode.TabInputCustom[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs.map(({ input }) => input))
    .filter((input) => input instanceof vscode.TabInputCustom && input.viewType.startsWith('checkpointExplorer.'))
    .map((input) => input as vscode.TabInputCustom);
}

/** The files of a plain tar, read by something else than this project. */
export async function tarFiles(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const tar = createReadStream(path).pipe(extract());
  for await (const entry of tar) {
    const content = await buffer(entry);
    if (entry.header.type === 'file') files.set(entry.header.name.replace(/^\.\//, ''), content);
  }
  return files;
}

/** VS Code's promises are only thenable. */
export async function refused(work: Thenable<unknown>, why: RegExp | string): Promise<void> {
  await assert.rejects(
    async () => void (await work),
    (error) =>
      typeof why === 'string'
        ? error instanceof vscode.FileSystemError && error.code === why
        : error instanceof Error && why.test(error.message),
  );
}
