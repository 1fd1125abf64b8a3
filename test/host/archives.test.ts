import assert from 'node:assert/strict';
import { relative } from 'node:path';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { activate, sample, until } from './support.ts';

describe('Local Archives', () => {
  let access: TestAccess;

  before(async () => {
    access = await activate();
    await vscode.commands.executeCommand('checkpointExplorer.localArchives.focus');
    await until('the search has begun', () => access.archives.searched !== undefined);
    await access.archives.searched;
  });

  const found = () =>
    new Map(access.archives.items.map((item) => [relative(sample().fsPath, item.path).replaceAll('\\', '/'), item]));

  it('finds the checkpoints of the workspace, and says whose they are', () => {
    const items = found();
    assert.deepEqual([...items.keys()].sort(), [
      'kubernetes/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar',
      'kubernetes/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar',
      'oci-layout',
      'podman-counter.tar',
      'podman-counter.tar.gz',
      'podman-webapp.tar.zst',
    ]);
    const rich = items.get('kubernetes/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar')?.metadata;
    assert.deepEqual([rich?.engine, rich?.namespace, rich?.pod, rich?.container], ['cri-o', 'lab', 'rich', 'app']);
    const counter = items.get('podman-counter.tar.gz')?.metadata;
    assert.deepEqual([counter?.engine, counter?.container, counter?.compression], ['podman', 'counter-gzip', 'gzip']);
    assert.equal(items.get('oci-layout')?.kind, 'folder');
  });

  it('follows what happens in the workspace', async () => {
    const copy = sample('new', 'copy.tar');
    await vscode.workspace.fs.copy(sample('podman-counter.tar'), copy);
    await until('the new archive is listed', () => found().has('new/copy.tar'));
    await vscode.workspace.fs.delete(sample('new'), { recursive: true });
    await until('the deleted archive is gone', () => !found().has('new/copy.tar'));
  });

  for (const [name, valueOf] of [
    ['localFolders', (path: string) => [path]],
    // What was downloaded there was not to be found any more after the next start.
    ['downloads.folder', (path: string) => path],
  ] as const) {
    it(`looks into the folder that ${name} says`, async () => {
      const folder = vscode.Uri.joinPath(sample(), '..', 'elsewhere');
      await vscode.workspace.fs.copy(sample('podman-counter.tar'), vscode.Uri.joinPath(folder, 'far.tar'));
      const settings = vscode.workspace.getConfiguration('checkpointExplorer');
      await settings.update(name, valueOf(folder.fsPath), vscode.ConfigurationTarget.Global);
      try {
        await until('the archive is listed', () => found().has('../elsewhere/far.tar'));
      } finally {
        await settings.update(name, undefined, vscode.ConfigurationTarget.Global);
        await until('the archive is gone', () => !found().has('../elsewhere/far.tar'));
        await vscode.workspace.fs.delete(folder, { recursive: true });
      }
    });
  }

  it('has a command for every entry of its menus', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const manifest = vscode.extensions.getExtension('checkpoint-explorer.checkpoint-explorer')?.packageJSON as {
      readonly contributes: { readonly commands: readonly { readonly command: string }[] };
    };
    const missing = manifest.contributes.commands.filter(({ command }) => !known.has(command));
    assert.deepEqual(missing, []);
  });
});
