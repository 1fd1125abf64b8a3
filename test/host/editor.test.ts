import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { activate, checkpointTabs, closeAllEditors, sample, until } from './support.ts';

const ARCHIVE = 'checkpointExplorer.checkpoint';
const NAMED = 'checkpointExplorer.named';
const KUBELET = ['kubernetes', 'checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar'] as const;

describe('the editor of checkpoints', () => {
  let access: TestAccess;

  before(async () => {
    access = await activate();
    access.sessions.grace = 50;
  });
  beforeEach(async () => {
    await closeAllEditors();
    await until('nothing is open', () => access.sessions.list().length === 0);
  });
  after(closeAllEditors);

  const open = (uri: vscode.Uri, viewType: string, column = vscode.ViewColumn.Active) =>
    vscode.commands.executeCommand('vscode.openWith', uri, viewType, column);

  it('is what opens an archive of a kubelet, and only offers itself for another tar', async () => {
    await vscode.commands.executeCommand('vscode.open', sample(...KUBELET));
    await until('the editor is open', () => checkpointTabs().length === 1);
    assert.equal(checkpointTabs()[0]?.viewType, NAMED);
    await closeAllEditors();
    await vscode.commands.executeCommand('vscode.open', sample('podman-counter.tar'));
    assert.deepEqual(checkpointTabs(), []);
  });

  it('opens any archive by command, compressed ones too', async () => {
    for (const name of ['podman-counter.tar', 'podman-counter.tar.gz', 'podman-webapp.tar.zst']) {
      const uri = sample(name);
      await vscode.commands.executeCommand('checkpointExplorer.open', uri);
      await until(`${name} is open`, () => access.sessions.list().some(({ locator }) => locator === uri.fsPath));
      const overview = await access.sessions.use(uri.fsPath, (session) =>
        session.ask((checkpoint) => checkpoint.overview()),
      );
      assert.equal(overview.engine, 'podman', name);
    }
    assert.equal(checkpointTabs().length, 3);
  });

  it('opens a folder as a document that stands for it', async () => {
    await vscode.commands.executeCommand('checkpointExplorer.open', sample('oci-layout'));
    await until('the editor is open', () => checkpointTabs().length === 1);
    const [tab] = checkpointTabs();
    assert.equal(tab?.viewType, NAMED);
    assert.equal(tab.uri.scheme, 'checkpoint');
    assert.equal(tab.uri.path, '/overview.checkpoint');
    assert.equal(await access.table.locator(tab.uri.authority), sample('oci-layout').fsPath);
    // A click on the document, or its return after a restart, leads to the same editor.
    await closeAllEditors();
    await vscode.commands.executeCommand('vscode.open', tab.uri);
    await until('the editor is open again', () => checkpointTabs().length === 1);
  });

  it('shares one thread among all editors of a checkpoint, and lets it go after the last', async () => {
    const uri = sample('podman-counter.tar');
    await open(uri, ARCHIVE, vscode.ViewColumn.One);
    await open(uri, ARCHIVE, vscode.ViewColumn.Two);
    await open(uri, NAMED, vscode.ViewColumn.Two);
    await until('three editors are open', () => checkpointTabs().length === 3);
    assert.deepEqual(access.sessions.list(), [{ locator: uri.fsPath, users: 2 }]);

    const [one] = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs);
    assert.ok(one);
    await vscode.window.tabGroups.close(one);
    assert.equal(access.sessions.list().length, 1, 'another editor still shows it');
    await closeAllEditors();
    await until('the thread is gone', () => access.sessions.list().length === 0);
  });

  it('leads the view of files to the checkpoint that is looked at', async () => {
    const names = async (path: readonly string[] = []) => {
      let nodes = await access.files.getChildren();
      for (const name of path) {
        const folder = nodes.find((node) => 'name' in node && node.name === name);
        assert.ok(folder, name);
        nodes = await access.files.getChildren(folder);
      }
      return nodes.map((node) => ('name' in node ? node.name : node.error));
    };
    assert.deepEqual(await names(), []);
    await open(sample(...KUBELET), NAMED);
    await until('its files are shown', () => access.files.shown !== undefined);
    assert.deepEqual(await names(), ['archive', 'contents', 'images', 'proc', 'rootfs']);
    assert.deepEqual(await names(['proc']), ['1', '7', '8', '9', '10', '27', '28']);
    assert.deepEqual(await names(['rootfs', 'var', 'log']), ['new.txt']);
    await closeAllEditors();
    await until('no files are shown', () => access.files.shown === undefined);
  });

  it('stands, and can be tried again, where an archive cannot be read', async () => {
    const broken = sample('broken.tar');
    await vscode.workspace.fs.writeFile(broken, new Uint8Array(3000).fill(0x41));
    await open(broken, ARCHIVE);
    const lease = access.sessions.acquire(broken.fsPath);
    try {
      await assert.rejects(
        lease.session.ask((checkpoint) => checkpoint.overview()),
        { reason: 'not-a-checkpoint' },
      );
      assert.equal(checkpointTabs().length, 1);
      await vscode.workspace.fs.copy(sample('podman-counter.tar'), broken, { overwrite: true });
      await lease.session.reopen();
      const overview = await lease.session.ask((checkpoint) => checkpoint.overview());
      assert.equal(overview.container.name, 'counter-none');
    } finally {
      lease.dispose();
      await vscode.workspace.fs.delete(broken);
    }
  });

  it('opens for a document that nothing is known of, to say so', async () => {
    await open(vscode.Uri.parse('checkpoint://0123456789abcdef/overview.checkpoint'), NAMED);
    await until('the editor is open', () => checkpointTabs().length === 1);
    assert.deepEqual(access.sessions.list(), []);
  });
});
