import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { activate, closeAllEditors, refused, sample, tarFiles } from './support.ts';

/** What the sample's container was made to do; see its truth.json. */
const COMMAND = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo tick $i; sleep 1; done'];

describe('the files of a checkpoint', () => {
  let access: TestAccess;
  let root: vscode.Uri;

  before(async () => {
    access = await activate();
    const key = await access.table.remember(sample('podman-counter.tar').fsPath);
    root = vscode.Uri.from({ scheme: 'checkpoint', authority: key, path: '/' });
  });
  after(closeAllEditors);

  const at = (path: string) => vscode.Uri.joinPath(root, path);
  const { fs } = vscode.workspace;
  const text = async (path: string) => new TextDecoder().decode(await fs.readFile(at(path)));
  const list = async (path: string) => (await fs.readDirectory(at(path))).map(([name]) => name).sort();

  it('lie below archive, contents, images, proc and rootfs, beside the document of the whole', async () => {
    assert.deepEqual(await list('/'), ['archive', 'contents', 'images', 'overview.checkpoint', 'proc', 'rootfs']);
  });

  it('are the entries of the archive, byte for byte', async () => {
    const truth = await tarFiles(sample('podman-counter.tar').fsPath);
    assert.ok(truth.size > 20);
    for (const [name, content] of truth) {
      const uri = at(`/archive/${name}`);
      const { type, size } = await fs.stat(uri);
      assert.equal(type, vscode.FileType.File, name);
      assert.equal(size, content.length, name);
      assert.deepEqual(Buffer.from(await fs.readFile(uri)), content, name);
    }
    const folder = [...truth.keys()].filter((name) => name.startsWith('checkpoint/'));
    assert.deepEqual(await list('/archive/checkpoint'), folder.map((name) => name.slice('checkpoint/'.length)).sort());
  });

  it('are those that the container changed', async () => {
    assert.ok((await list('/rootfs')).includes('tmp'));
    assert.match(await text('/rootfs/tmp/count'), /^\d\n$/);
  });

  it('are what /proc showed of its processes', async () => {
    assert.deepEqual((await text('/proc/1/cmdline')).split('\0'), [...COMMAND, '']);
    assert.ok((await text('/proc/1/environ')).split('\0').includes('MODE=demo'));
    assert.match(await text('/proc/1/status'), /^Name:\tsh$/m);
  });

  it('open in ordinary editors, where they cannot be changed', async () => {
    const document = await vscode.workspace.openTextDocument(at('/archive/config.dump'));
    assert.match(document.getText(), /"name":\s*"counter-none"/);
    const { permissions } = await fs.stat(document.uri);
    assert.equal(permissions, vscode.FilePermission.Readonly);
    assert.equal(fs.isWritableFileSystem('checkpoint'), false);
  });

  it('are refused to whoever wants to change them', async () => {
    const file = at('/rootfs/tmp/count');
    await refused(fs.writeFile(file, new Uint8Array(1)), 'NoPermissions');
    await refused(fs.createDirectory(at('/rootfs/new')), 'NoPermissions');
    await refused(fs.delete(file), 'NoPermissions');
    await refused(fs.rename(file, at('/rootfs/tmp/other')), 'NoPermissions');
    assert.match(await text('/rootfs/tmp/count'), /^\d\n$/);
  });

  it('say what they are where they are something else', async () => {
    await refused(fs.stat(at('/rootfs/nothing')), 'FileNotFound');
    await refused(fs.readFile(at('/archive/../../../etc/passwd')), 'FileNotFound');
    await refused(fs.readFile(at('/archive/checkpoint')), 'FileIsADirectory');
    const unknown = vscode.Uri.parse('checkpoint://0123456789abcdef/archive/spec.dump');
    await refused(fs.readFile(unknown), /no longer known/);
  });
});
