import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { RestoreFailure } from '../../src/protocol/restore-api.ts';
import { say } from '../../src/protocol/sentence.ts';
import type { TestAccess } from '../../src/vscode/test-access.ts';
import { FakePodman, RUNS_AS } from '../podman/fake-podman.ts';
import { activate, checkpointTabs, closeAllEditors, refused, sample, tarFiles, until } from './support.ts';

const ARCHIVE = 'podman-counter.tar';

describe('restoring to a sandbox', function () {
  let access: TestAccess;
  let podman: FakePodman;
  let folder: string;

  before(async function () {
    // The programs that stand for Podman are scripts of a POSIX shell.
    if (process.platform === 'win32') this.skip();
    access = await activate();
    access.sessions.grace = 50;
    folder = await mkdtemp(join(tmpdir(), 'sandboxes-'));
    podman = new FakePodman(folder, sample(ARCHIVE).fsPath);
    await prefix(['env', `PATH=${podman.path}:/usr/bin:/bin`]);
  });

  after(async () => {
    await closeAllEditors();
    await vscode.commands.executeCommand('notifications.clearAll');
    await prefix(undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    const part = await access.sandboxes.part();
    for (const { record } of await part.list.items()) await part.actions.removeNow(record);
    for (const terminal of vscode.window.terminals) terminal.dispose();
  });

  async function prefix(words: readonly string[] | undefined): Promise<void> {
    const settings = vscode.workspace.getConfiguration('checkpointExplorer');
    await settings.update('sandbox.commandPrefix', words, vscode.ConfigurationTarget.Global);
  }

  const signal = new AbortController().signal;

  /** As a person does: looks at the page, agrees to what it asks, and restores. */
  async function restore(locator = sample(ARCHIVE).fsPath): Promise<RestoreFailure | null> {
    const { restores } = await access.sandboxes.part();
    const looked = await restores.look({ locator, isFolder: false });
    const place = looked.places.find(({ kind }) => kind === 'podman');
    assert.ok(place && 'target' in place, 'Podman was not found');
    const page = await restores.open(looked, place);
    const { review } = await page.handlers.start(signal);
    const agreed = review.findings.filter(({ canBeAgreedTo }) => canBeAgreedTo).map(({ id }) => id);
    return page.handlers.run(signal, review.plan ?? '', agreed, '');
  }

  async function rows(): Promise<readonly vscode.TreeItem[]> {
    const part = await access.sandboxes.part();
    await part.list.look();
    return (await access.sandboxes.getChildren()).map((item) => access.sandboxes.getTreeItem(item));
  }

  it('says what it would do before it does anything, and does nothing else', async () => {
    const { restores } = await access.sandboxes.part();
    const before = podman.calls().length;
    const looked = await restores.look({ locator: sample(ARCHIVE).fsPath, isFolder: false });
    const [place] = looked.places.filter((one) => 'target' in one);
    assert.ok(place);
    const page = await restores.open(looked, place);
    const { review } = await page.handlers.start(signal);
    assert.equal(review.place, 'Podman 5.8.6');
    assert.ok(review.findings.some(({ id, verdict }) => id === 'untrusted' && verdict === 'warning'));
    await page.handlers.copy(signal);
    const script = await vscode.env.clipboard.readText();
    assert.match(script, /^# .+\n.*podman --runtime \w+ container restore --import .*podman-counter\.tar/m);
    const touched = podman
      .calls()
      .slice(before)
      .filter((call) => call.some((word) => ['restore', 'checkpoint', 'rm', 'dd'].includes(word)));
    assert.deepEqual(touched, []);
    // A plan that nobody has seen is not carried out.
    const failure = await page.handlers.run(signal, 'another', [], '');
    assert.ok(failure, 'a plan that nobody has seen was carried out');
    assert.deepEqual(await rows(), []);
    page.dispose();
  });

  it('restores, and lists what was restored with its logs, a shell and a checkpoint', async () => {
    assert.equal(await restore(), null);
    const call = podman.calls().findLast((words) => words.includes('restore') && words[0] === 'podman') ?? [];
    const name = call[call.indexOf('--name') + 1] ?? '';
    assert.match(name, /^checkpoint-counter/);
    assert.equal(call[call.indexOf('--import') + 1], sample(ARCHIVE).fsPath);

    const [row, ...more] = await rows();
    assert.equal(more.length, 0);
    assert.match(typeof row?.label === 'string' ? row.label : '', /^counter.* \(restored\)$/);
    assert.match(String(row?.description), /Podman.*running/);
    assert.equal(row?.contextValue, 'sandbox.running.podman');

    const [item] = await access.sandboxes.getChildren();
    await vscode.commands.executeCommand('checkpointExplorer.showSandboxLogs', item);
    // What commands a terminal in what the container printed is not handed on.
    assert.equal(vscode.window.activeTextEditor?.document.getText(), 'tick 41\n\\u001b[31mtick 42\n');

    await vscode.commands.executeCommand('checkpointExplorer.openSandboxShell', item);
    const terminal = vscode.window.terminals.at(-1)?.creationOptions as vscode.TerminalOptions;
    assert.equal(terminal.shellPath, 'env');
    assert.deepEqual(terminal.shellArgs?.slice(1), [
      ...['nsenter', `--net=/proc/${String(RUNS_AS)}/ns/net`, '--'],
      ...['podman', 'exec', '--interactive', '--tty', name, 'sh'],
    ]);

    await vscode.commands.executeCommand('checkpointExplorer.checkpointSandbox', item);
    const made = sample(`${name}.tar`);
    assert.ok(existsSync(made.fsPath), 'no checkpoint was made');
    const asked = podman.calls().findLast((words) => words.includes('--export')) ?? [];
    assert.ok(asked.includes('--leave-running') && asked.at(-1) === name);
    await vscode.workspace.fs.delete(made);

    await vscode.commands.executeCommand('checkpointExplorer.openSandboxArchive', item);
    await until('its archive is open', () => checkpointTabs().some(({ uri }) => uri.fsPath === sample(ARCHIVE).fsPath));

    podman.lose();
    const [lost] = await rows();
    assert.equal(lost?.contextValue, 'sandbox.gone.podman');
    const part = await access.sandboxes.part();
    assert.ok(item);
    await part.actions.removeNow(item.record);
    assert.deepEqual(await rows(), []);
    assert.ok(podman.calls().some((words) => words.includes('rm') && words.includes(name)));
  });

  it('builds an image of which the archive is the only layer, byte for byte', async () => {
    const { images } = await access.sandboxes.part();
    const path = join(folder, 'image.tar');
    const archive = sample(ARCHIVE).fsPath;
    const digest = await images.buildNow(archive, 'oci-archive', path, 'counter:latest');
    const files = await tarFiles(path);
    assert.ok(files.has(`blobs/${digest.replace(':', '/')}`), 'there is no manifest');
    const layer = readFileSync(archive);
    assert.deepEqual(files.get(`blobs/sha256/${createHash('sha256').update(layer).digest('hex')}`), layer);
    await refused(images.buildNow(archive, 'oci-archive', archive, 'counter:latest'), /there already|exist/);
    assert.deepEqual(readFileSync(archive), layer, 'evidence was changed');
  });

  it('restores what is in a folder, packed on the way, and in a container image, as it is stored there', async () => {
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xf', sample(ARCHIVE).fsPath, '-C', unpacked, '--no-same-owner']);
    assert.equal(await restore(unpacked), null);
    assert.deepEqual(await tarFiles(podman.imported), await tarFiles(sample(ARCHIVE).fsPath));

    const image = join(folder, 'to-restore.tar');
    const { images } = await access.sandboxes.part();
    await images.buildNow(sample(ARCHIVE).fsPath, 'oci-archive', image, 'counter:latest');
    assert.equal(await restore(image), null);
    assert.deepEqual(readFileSync(podman.imported), readFileSync(sample(ARCHIVE).fsPath));
    const copies = podman.calls().flatMap((words) => words.filter((word) => word.startsWith('/var/tmp/checkpoint-')));
    assert.ok(copies.length > 0);
    assert.deepEqual(copies.filter(existsSync), [], 'a copy of the archive is left');
  });

  it('explains from CRIU’s log why it did not work, and leaves nothing behind', async () => {
    podman.fail(
      [
        'Error: OCI runtime error: crun: CRIU restoring failed -52',
        "(00.012)      7: Error (criu/files-reg.c:2353): Can't open file tmp/gone on restore: No such file or directory",
      ].join('\n'),
    );
    try {
      const failure = await restore();
      assert.ok(failure, 'it was restored');
      assert.ok(failure.hasLog);
      assert.ok(failure.causes.some(({ line, meaning }) => line.includes('files-reg') && meaning !== undefined));
      assert.match(say(failure.text), /Podman could not restore it/);
      assert.deepEqual(await rows(), []);
    } finally {
      podman.succeed();
    }
  });
});
