import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useWorkbench } from './harness.ts';

const workbench = useWorkbench();

test('the package installs, and VS Code lists the extension as installed and enabled', async () => {
  const { page, runCommand, screenshot } = workbench();
  await runCommand('Extensions: Show Installed Extensions');
  const row = page.locator('.extensions-list .monaco-list-row', { hasText: 'Checkpoint Explorer' });
  await row.waitFor({ timeout: 30_000 });
  assert.doesNotMatch(await row.innerText(), /disabled/i);
  await screenshot('install');
});
