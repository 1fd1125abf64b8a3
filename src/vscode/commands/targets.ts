import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ArchiveItem } from '../archives/archive-list.ts';
import { SCHEME } from '../locators/checkpoint-uri.ts';

/** A checkpoint that a command is to work on: by its row, from a menu of the explorer or of an editor's title. */
export interface Target {
  readonly uri: vscode.Uri;
  readonly isFolder: boolean;
}

/** What the context menu of the page hands to a command; see the page's rows. */
export interface RowContext {
  readonly webviewSection: 'row';
  readonly id: string;
  /** Path in the file view. */
  readonly path?: string;
}

/** @param argument what VS Code gives to a command; undefined from the palette */
export async function targetOf(argument: unknown): Promise<Target | undefined> {
  if (argument instanceof vscode.Uri) return { uri: argument, isFolder: await isFolder(argument) };
  if (isArchiveItem(argument)) return { uri: vscode.Uri.file(argument.path), isFolder: argument.kind === 'folder' };
  return undefined;
}

export function isRowContext(argument: unknown): argument is RowContext {
  return typeof argument === 'object' && argument !== null && 'webviewSection' in argument && 'id' in argument;
}

/** @param argument the URI of a file in a checkpoint, or a row of the view that shows them */
export function fileOf(argument: unknown): vscode.Uri | undefined {
  const uri = typeof argument === 'object' && argument !== null && 'uri' in argument ? argument.uri : argument;
  return uri instanceof vscode.Uri && uri.scheme === SCHEME ? uri : undefined;
}

export function nameOf(uri: vscode.Uri): string {
  return basename(uri.path);
}

function isArchiveItem(argument: unknown): argument is ArchiveItem {
  return (
    typeof argument === 'object' && argument !== null && 'path' in argument && 'kind' in argument && 'mtime' in argument
  );
}

/** What cannot be looked at is opened as an archive: its editor says why it cannot. */
export async function isFolder(uri: vscode.Uri): Promise<boolean> {
  if (uri.scheme === SCHEME) return false;
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.Directory) !== 0;
  } catch {
    return false;
  }
}
