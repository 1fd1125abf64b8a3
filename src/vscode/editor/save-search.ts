import { homedir } from 'node:os';
import * as vscode from 'vscode';

/** Asks where to, and writes what a search has found, as the ending of the name says. */
export async function saveSearch(read: (format: 'json' | 'csv') => Promise<string>): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Search Results'),
    defaultUri: vscode.Uri.joinPath(folder, 'search.json'),
    filters: { JSON: ['json'], CSV: ['csv'] },
  });
  if (!target) return;
  const format = target.path.toLowerCase().endsWith('.csv') ? 'csv' : 'json';
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(await read(format)));
}
