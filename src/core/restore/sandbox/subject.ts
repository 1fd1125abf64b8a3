import type { Overview } from '../../../protocol/overview.ts';
import type { CheckpointFacts } from '../../../protocol/restore-facts.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { openFile, openSameFile } from '../../bytes/file-source.ts';
import type { Subject } from './sandbox.ts';

/** What somebody else has read of an archive. */
export interface ReadArchive {
  readonly locator: string;
  readonly facts: CheckpointFacts;
  readonly overview: Overview;
}

/** An archive that is a file of this machine, as what is to be restored. */
export function fileSubject(archive: ReadArchive): Subject {
  const { locator: path, facts } = archive;
  const { archiveState: state } = facts;
  return { ...subject(archive, () => (state === undefined ? openFile(path) : openSameFile(path, state))), path };
}

/**
 * What was agreed to was said of the bytes that were read then: a program that is given the file's name must find them.
 * @throws CheckpointError `changed`, `not-found`, `unreadable`
 */
export async function requireSameArchive({ path, facts }: Subject): Promise<void> {
  if (path !== undefined && facts.archiveState !== undefined) {
    await (await openSameFile(path, facts.archiveState)).close();
  }
}

/** An archive that lies elsewhere. @param open opens its bytes */
export function subject(
  { locator, facts, overview }: ReadArchive,
  open: (signal?: AbortSignal) => Promise<ByteSource>,
): Subject {
  return { locator, facts, checkpoint: { overview: () => Promise.resolve(overview), openArchive: open } };
}
