import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Handlers } from '../../../src/protocol/channel.ts';
import type { CheckpointEvents } from '../../../src/protocol/checkpoint-api.ts';
import type { PageApi } from '../../../src/protocol/page-api.ts';
import { toWire } from '../../../src/protocol/wire.ts';
import { Session } from '../../../src/worker/session.ts';

export type EmitEvent = <Name extends keyof CheckpointEvents>(name: Name, value: CheckpointEvents[Name]) => void;

export interface ArchiveAnswers {
  readonly answers: Handlers<PageApi>;
  /** Passes on what the worker tells without being asked. */
  forward(emit: EmitEvent): void;
  close(): Promise<void>;
}

/** The worker's own answers on a real archive, without its thread; what only VS Code can do is taken as done. */
export function archiveAnswers(archive: string): ArchiveAnswers {
  const spill = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-spill-'));
  let pass: EmitEvent = () => undefined;
  const session = new Session({ locator: archive, spill: { directory: spill, limit: 2 ** 30 } }, (name, value) => {
    if (name !== 'log') pass(name, value as never);
  });
  const worker = session.handlers(() => undefined);
  return {
    answers: {
      start: async (signal) => {
        const { container } = await worker.overview(signal);
        return { title: container.name ?? basename(archive), locator: archive, strings: {} };
      },
      overview: async (signal) => toWire(await worker.overview(signal)),
      notes: worker.notes,
      grid: worker.grid,
      process: worker.process,
      mount: worker.mount,
      change: worker.change,
      hash: async (signal) => (await worker.hash(signal)).hex,
      copy: () => undefined,
      copyText: () => undefined,
      openFile: () => undefined,
      saveFile: () => undefined,
      showLog: () => undefined,
      retry: worker.retry,
    },
    forward: (emit) => (pass = emit),
    async close() {
      await worker.close(new AbortController().signal);
      rmSync(spill, { recursive: true, force: true });
    },
  };
}
