import * as vscode from 'vscode';
import { sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';
import type { LocatorTable } from './locator-table.ts';

export const SCHEME = 'checkpoint';

/** The document that stands for a checkpoint as a whole: its editor is what opens it. */
export const OVERVIEW_PATH = '/overview.checkpoint';

/** @param path absolute path in the checkpoint's file view, or {@link OVERVIEW_PATH} */
export function checkpointUri(key: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, authority: key, path });
}

/** @throws RemoteError `not-here` for what is not on the extension host's machine, `unknown-document` */
export async function locatorOf(uri: vscode.Uri, table: LocatorTable): Promise<string> {
  if (uri.scheme === 'file') return uri.fsPath;
  if (uri.scheme === SCHEME) return table.locator(uri.authority);
  throw failure(
    'not-here',
    sentence(
      '{0} is not a file on the machine where Checkpoint Explorer runs, so it cannot be read in place. Download it and open the copy.',
      uri.toString(true),
    ),
  );
}
