import { isSound } from '../outline.ts';
import { messageType } from '../schema.ts';
import { WireReader } from '../wire.ts';
import { hasHead, wordAt } from './sole-message.ts';

/**
 * Ids of the files whose path leads nowhere any more, see sole-message.ts.
 * @returns undefined where the image must be decoded to tell what is in it
 */
export function glanceRemaps(bytes: Uint8Array): ReadonlySet<number> | undefined {
  if (bytes.length < 8 || !hasHead('REMAP_FPATH', bytes)) return undefined;
  const type = messageType('remap_file_path_entry');
  const ids = new Set<number>();
  for (let at = 8; at < bytes.length;) {
    const start = at + 4;
    const end = start + (start <= bytes.length ? wordAt(bytes, at) : Infinity);
    if (end > bytes.length || !isSound(type, bytes, start, end)) return undefined;
    // The id comes first, behind its tag of one byte.
    ids.add(new WireReader(bytes, start + 1).uint32(end));
    at = end;
  }
  return ids;
}
