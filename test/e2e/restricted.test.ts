/** The packaged extension in a workspace that is not trusted: checkpoints open, and the workspace's settings lead nowhere. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSamples } from '../../scripts/samples.ts';
import { root } from '../../scripts/lib/node.mjs';
import { useWorkbench } from './harness.ts';

const WAIT = { timeout: 60_000 };

const scratch = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-restricted-'));
const folder = makeSamples(join(scratch, 'workspace'));
const elsewhere = join(scratch, 'elsewhere');
mkdirSync(elsewhere);
cpSync(join(root, 'test/fixtures/crio-tty'), elsewhere, { recursive: true });
mkdirSync(join(folder, '.vscode'));
writeFileSync(
  join(folder, '.vscode', 'settings.json'),
  JSON.stringify({ 'checkpointExplorer.localFolders': [elsewhere] }),
);
after(() => rmSync(scratch, { recursive: true, force: true }));

const workbench = useWorkbench(folder, {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
});

test('a checkpoint opens in a workspace that is not trusted', async () => {
  const { page, openFile, webviewFrame, screenshot } = workbench();
  await page.getByText('Restricted Mode').first().waitFor(WAIT);
  await openFile('checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar');
  const frame = webviewFrame();
  await frame.getByText('localhost/busybox:lab').first().waitFor(WAIT);
  await frame.getByRole('tab', { name: 'Processes' }).click();
  await frame.getByRole('row').nth(1).waitFor(WAIT);
  await screenshot('restricted-processes');
});

test('folders that its own settings name are not looked into', async () => {
  const { runCommand, treeItem, page, screenshot } = workbench();
  await runCommand('View: Show Checkpoints');
  await treeItem('lab / rich / app').waitFor(WAIT);
  await treeItem('webapp').waitFor(WAIT);
  await screenshot('restricted-archives');
  const rows = await page.locator('.pane-body .monaco-list-row').allInnerTexts();
  assert.ok(!rows.some((row) => row.includes('tty')), rows.join('\n'));
  // The person trusts the workspace: now they are.
  await runCommand('Workspaces: Manage Workspace Trust');
  await page.getByRole('button', { name: 'Trust', exact: true }).click();
  await treeItem('tty').waitFor(WAIT);
});
