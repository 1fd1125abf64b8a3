import type { ByteSource } from '../../core/bytes/byte-source.ts';
import type { Subject } from '../../core/restore/sandbox/sandbox.ts';
import { fileSubject, subject, type ReadArchive } from '../../core/restore/sandbox/subject.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
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
  if (!isRemote(locator)) return fileSubject(archive);
  return subject(archive, (signal = new AbortController().signal) => openRemote(locator, signal));
}

/** What a person should know of how the archive gets to where it is restored, or sent. */
export function remarkOn({ locator, overview }: ReadArchive): Sentence | undefined {
  if (locator.startsWith('node://')) {
    return sentence('The archive stays on its node, and is read there, through a helper pod, as it is needed.');
  }
  if (/^docker:/i.test(locator)) return sentence('The archive is read from its registry as it is needed.');
  switch (overview.wrapping) {
    case 'archive':
      return undefined;
    case 'folder':
      return sentence('The folder is packed into an archive on the way. Nothing is written beside it.');
    default:
      return sentence('The archive is taken out of its container image, as it is stored there.');
  }
}

function isRemote(locator: string): boolean {
  return /^(?:node|docker):\/\//i.test(locator);
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
