import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Handlers } from '../../../src/protocol/channel.ts';
import type { CheckpointEvents } from '../../../src/protocol/checkpoint-api.ts';
import { passOn, type PageApi } from '../../../src/protocol/page-api.ts';
import { Session } from '../../../src/worker/session.ts';

/** Takes each kind of event. */
export type Listeners = { readonly [Name in keyof CheckpointEvents]: (value: CheckpointEvents[Name]) => void };

export interface ArchiveAnswers {
  readonly answers: Handlers<PageApi>;
  /** Passes on what the worker tells without being asked. */
  forward(listeners: Listeners): void;
  close(): Promise<void>;
}

/** The worker's own answers on a real archive, without its thread; what only VS Code can do is taken as done. */
export function archiveAnswers(archive: string): ArchiveAnswers {
  const spill = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-spill-'));
  let listeners: Listeners = { progress: () => undefined, changed: () => undefined, searched: () => undefined };
  const session = new Session({ locator: archive, spill: { directory: spill, limit: 2 ** 30 } }, (name, value) => {
    if (name === 'progress') listeners.progress(value as CheckpointEvents['progress']);
    if (name === 'changed') listeners.changed(value as CheckpointEvents['changed']);
    if (name === 'searched') listeners.searched(value as CheckpointEvents['searched']);
  });
  const worker = session.handlers(() => undefined);
  return {
    answers: {
      ...passOn((question, signal, args) => {
        const put: (signal: AbortSignal, ...args: readonly never[]) => unknown = worker[question];
        return put(signal, ...(args as readonly never[]));
      }),
      start: async (signal) => {
        const { container } = await worker.overview(signal);
        return { title: container.name ?? basename(archive), locator: archive, strings: {} };
      },
      hash: async (signal) => (await worker.hash(signal)).hex,
      copy: () => undefined,
      copyText: () => undefined,
      openFile: () => undefined,
      saveFile: () => undefined,
      saveSearch: () => undefined,
      showLog: () => undefined,
      restore: () => undefined,
      retry: worker.retry,
    },
    forward: (to) => {
      listeners = to;
    },
    async close() {
      await worker.close(new AbortController().signal);
      rmSync(spill, { recursive: true, force: true });
    },
  };
}
