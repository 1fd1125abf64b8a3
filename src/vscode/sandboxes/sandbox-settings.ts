import * as vscode from 'vscode';
import { SECTION } from '../settings.ts';

/** The settings about sandboxes, as the rest uses them. A settings file may hold anything; read anew at each use. */
export const sandboxSettings = {
  /** The words before every command; empty: none. */
  commandPrefix(): readonly string[] {
    const words = read('sandbox.commandPrefix');
    return Array.isArray(words) && words.every((word) => typeof word === 'string' && word !== '')
      ? (words as readonly string[])
      : [];
  },

  network(): 'nowhere' | 'as-it-was' {
    return read('sandbox.network') === 'as-it-was' ? 'as-it-was' : 'nowhere';
  },
};

function read(name: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(name);
}
