import type { Log } from '../../../../src/vscode/log.ts';

const nothing = (): undefined => undefined;

/** Swallows what is logged. */
export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
