import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled } from '../bytes/cancel.ts';
import { ClusterError } from './cluster-error.ts';

const PAUSES: readonly number[] = [250, 500, 1000, 2000, 4000, 8000];

/** Where nothing has been had yet, a person waits for the word that nothing is to be had. */
export const FIRST_PAUSES: readonly number[] = [250, 500, 1000];

export interface PersistenceOptions {
  /**
   * Milliseconds before an attempt after one that brought nothing; as many of these in a row are made. After one that
   * brought something the next comes at once.
   */
  readonly pauses?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries again what the network broke, until several attempts in a row have brought nothing.
 * @param progress grows with what attempts bring
 * @throws what the last attempt threw; CheckpointError `cancelled`
 */
export async function persistently<T>(
  work: () => Promise<T>,
  { pauses = PAUSES, signal }: PersistenceOptions,
  progress: () => number = () => 0,
): Promise<T> {
  for (let failures = 0; ;) {
    const before = progress();
    try {
      return await work();
    } catch (error) {
      if (!ClusterError.is(error) || !error.isPassing) throw error;
      failures = progress() > before ? 0 : failures + 1;
      const pause = failures === 0 ? 0 : pauses[failures - 1];
      if (pause === undefined) throw error;
      await orCancelled(sleep(pause), signal);
    }
  }
}
