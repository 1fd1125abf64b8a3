import { WireReader } from '../wire.ts';
import { isSoleMessage, MESSAGE_START } from './sole-message.ts';

/** Directories of a process as ids of files, and its mask for new ones; see sole-message.ts. */
export interface FsGlance {
  readonly workingDirectoryId: number;
  readonly rootDirectoryId: number;
  readonly umask?: number;
}

/** @returns undefined where the image must be decoded to tell what is in it */
export function glanceFs(bytes: Uint8Array): FsGlance | undefined {
  if (!isSoleMessage('FS', 'fs_entry', bytes)) return undefined;
  const [, workingDirectoryId = 0, rootDirectoryId = 0, umask] = numbersByField(bytes);
  return { workingDirectoryId, rootDirectoryId, ...(umask !== undefined && { umask }) };
}

/** The mount namespace of a process, by CRIU's number; `mountNamespace` is absent where the dump has none of its own. */
export function glanceIds(bytes: Uint8Array): { readonly mountNamespace?: number } | undefined {
  if (!isSoleMessage('IDS', 'task_kobj_ids_entry', bytes)) return undefined;
  const mountNamespace = numbersByField(bytes)[9];
  return mountNamespace === undefined ? {} : { mountNamespace };
}

/** Of a message that holds nothing but 32-bit numbers. */
function numbersByField(bytes: Uint8Array): readonly (number | undefined)[] {
  const reader = new WireReader(bytes, MESSAGE_START);
  const numbers: number[] = [];
  while (reader.position < bytes.length) {
    const tag = reader.uint32(bytes.length);
    numbers[tag >>> 3] = reader.uint32(bytes.length);
  }
  return numbers;
}
