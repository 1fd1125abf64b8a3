import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';

/** Bytes of one step. */
const STEP = 64 * 1024;

/** Milliseconds that a pipe whose writer says nothing is waited for, and between two looks. */
const PATIENCE = 10_000;
const LOOK_EVERY = 20;

/**
 * The whole of a file that a kubeconfig names, or is: it may as well be a pipe or a device, which has no size and perhaps
 * no end. A pipe that nobody writes to counts as empty.
 * @returns undefined for one of more than so many bytes
 * @throws what the system says, and CheckpointError `cancelled`
 */
export async function readBounded(path: string, most: number, signal?: AbortSignal): Promise<Buffer | undefined> {
  // Otherwise opening a pipe would wait, out of reach, for a writer. Windows has neither.
  const handle = await open(path, constants.O_RDONLY | ((constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0));
  try {
    const parts: Buffer[] = [];
    for (let length = 0; length <= most;) {
      const part = await next(handle, signal);
      if (part.length === 0) return Buffer.concat(parts, length);
      parts.push(part);
      length += part.length;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

async function next(handle: FileHandle, signal: AbortSignal | undefined): Promise<Buffer> {
  for (const until = performance.now() + PATIENCE; ;) {
    throwIfCancelled(signal);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(STEP), 0, STEP);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN' || performance.now() > until) throw error;
      await sleep(LOOK_EVERY);
    }
  }
}
