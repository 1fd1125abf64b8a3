import { bytesAsText } from '../../bytes/byte-text.ts';
import { rawText } from '../../criu/decode-message.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { readTask, readThread, type TaskImages, type ThreadImages } from '../isolation/task-images.ts';

/** The name of a thread for a file of /proc, with the bytes that are not UTF-8; undefined where no image tells. */
export function threadName(thread: ThreadImages | TaskImages): string | undefined {
  // That of the thread that leads lies beside what the whole process has.
  if ('task' in thread) return exact(thread.task);
  return exact(thread.thread);
}

function exact(message: { readonly comm?: string } | undefined): string | undefined {
  const bytes = message && rawText(message, 'comm');
  return bytes ? bytesAsText(bytes) : message?.comm;
}

/** /proc/PID/comm, and that of another thread. */
export async function commFile(
  pid: number,
  tid: number,
  images: ImageDirectory,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const name = threadName(await (tid === pid ? readTask(images, pid, signal) : readThread(images, tid, signal)));
  return name === undefined ? undefined : `${name}\n`;
}
