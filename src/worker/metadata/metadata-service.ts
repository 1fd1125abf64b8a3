import { orCancelled } from '../../core/bytes/cancel.ts';
import { SpillStore } from '../../core/bytes/spill.ts';
import type { Handlers } from '../../protocol/channel.ts';
import type { MetadataApi } from '../../protocol/metadata-api.ts';
import { describeArchive, whoseArchive } from './describe-archive.ts';

/** Describes one archive after the other, so that a folder full of them costs the memory of one. */
export function metadataHandlers(onEnd: () => void): Handlers<MetadataApi> {
  const ending = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  const next = <T>(read: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const ended = AbortSignal.any([signal, ending.signal]);
    const turn = last.then(() => read(ended));
    last = turn.catch(() => undefined);
    return orCancelled(turn, ended);
  };
  return {
    metadata: (signal, locator) => next((ended) => describeArchive(locator, ended), signal),
    whose: (signal, locator) => next((ended) => whoseArchive(locator, ended), signal),
    // Opening the store is what sweeps it.
    sweep: async (_signal, spill) => void (await SpillStore.open(spill)),
    close: async () => {
      ending.abort();
      await last;
      onEnd();
    },
  };
}
