import { randomUUID } from 'node:crypto';
import type { Measure } from '../../core/restore/sandbox/kubernetes.ts';
import type { Remote } from '../../protocol/channel.ts';
import type { WorkerApi } from '../../protocol/worker-api.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** @param job by which the thread tells how far it is */
type Work<T> = (checkpoint: Remote<WorkerApi>, job: string) => Promise<T>;

/** Has the thread that reads an archive make an image of it, and passes on how far it is, in bytes. */
export function imageJob<T>(
  sessions: Sessions,
  locator: string,
  onProgress: (done: number, total: number | undefined) => void,
  work: Work<T>,
): Promise<T> {
  const job = randomUUID();
  return sessions.use(locator, async (session) => {
    const listening = session.onImaged((progress) => {
      if (progress.job === job) onProgress(progress.done, progress.total);
    });
    try {
      return await session.ask((checkpoint) => work(checkpoint, job));
    } finally {
      listening.dispose();
    }
  });
}

/** Describes images in the threads that read their archives: this one knows no archives. */
export function measureIn(sessions: Sessions): Measure {
  return ({ locator }, { signal, onProgress }) =>
    imageJob(sessions, locator, onProgress, (checkpoint, job) => checkpoint.describeImage(job, signal));
}
