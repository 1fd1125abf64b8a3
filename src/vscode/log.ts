import type { LogOutputChannel } from 'vscode';

/** The part of VS Code's log channel that parts without `vscode` use; tests give their own. */
export type Log = Pick<LogOutputChannel, 'debug' | 'info' | 'warn' | 'error'>;
