import type { ByteSource } from '../../core/bytes/byte-source.ts';
import type { Subject } from '../../core/restore/sandbox/sandbox.ts';
import { fileSubject, subject, type ReadArchive } from '../../core/restore/sandbox/subject.ts';
import type { OpenRemote } from '../sessions/remote-files.ts';
import type { Sessions } from '../sessions/sessions.ts';

export interface ArchiveServices {
  readonly sessions: Sessions;
  readonly openRemote: OpenRemote;
}

/** What an archive is and what decides about its restore, as the thread that owns it reads it. */
export async function readArchive(
  { sessions }: ArchiveServices,
  locator: string,
  signal: AbortSignal,
): Promise<ReadArchive> {
  const [facts, overview] = await sessions.use(locator, (session) =>
    session.ask((checkpoint) => Promise.all([checkpoint.restoreFacts(signal), checkpoint.overview(signal)])),
  );
  return { locator, facts, overview };
}

/** An archive as what is to be restored, with the shortest way to its bytes: the file, its node, or its thread. */
export function subjectOf({ sessions, openRemote }: ArchiveServices, archive: ReadArchive): Subject {
  const { locator, overview } = archive;
  if (overview.wrapping !== 'archive') return subject(archive, (signal) => openInThread(sessions, locator, signal));
  if (!locator.startsWith('node://')) return fileSubject(archive);
  return subject(archive, (signal = new AbortController().signal) => openRemote(locator, signal));
}

/** The archive in an image, or the one that a folder would be: only its thread knows where the bytes are. */
async function openInThread(sessions: Sessions, locator: string, signal?: AbortSignal): Promise<ByteSource> {
  const lease = sessions.acquire(locator);
  const { session } = lease;
  try {
    const { id, name, size } = await session.ask((checkpoint) => checkpoint.archiveOpen(signal));
    return {
      name,
      size,
      read: (offset, length, wanted) => session.ask((checkpoint) => checkpoint.archiveRead(id, offset, length, wanted)),
      async close() {
        await session.ask((checkpoint) => checkpoint.archiveClose(id)).catch(() => undefined);
        lease.dispose();
      },
    };
  } catch (error) {
    lease.dispose();
    throw error;
  }
}
