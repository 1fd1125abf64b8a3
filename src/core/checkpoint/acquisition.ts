import { acquisitionName, parseAcquisition, type Acquisition } from '../../protocol/acquisition.ts';
import { openFile } from '../bytes/file-source.ts';
import { CheckpointError } from '../errors.ts';

/** A record has some two thousand bytes; what is longer by far is something else. */
const LONGEST = 64 * 1024;

/** The record beside an archive of how it was fetched from a cluster; undefined where there is none that can be read. */
export async function readAcquisition(archivePath: string): Promise<Acquisition | undefined> {
  try {
    const file = await openFile(acquisitionName(archivePath));
    try {
      if (file.size > LONGEST) return undefined;
      return parseAcquisition(Buffer.from(await file.read(0, file.size)).toString('utf8'));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (CheckpointError.is(error)) return undefined;
    throw error;
  }
}
