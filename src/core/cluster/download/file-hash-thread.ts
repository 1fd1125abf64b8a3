/** The thread that hashes a file behind whoever writes it. It knows a descriptor and nothing else. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

/** How far the file is written, bytes; with `digest`, the SHA-256 up to there is wanted. */
export interface HashOrder {
  readonly length: number;
  readonly digest: boolean;
}

/** Bytes that are read at once. */
const STEP = 1024 * 1024;

function serve(port: MessagePort, descriptor: number): void {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(STEP);
  let done = 0;
  port.on('message', ({ length, digest }: HashOrder) => {
    while (done < length) {
      const count = readSync(descriptor, buffer, 0, Math.min(STEP, length - done), done);
      // Somebody else cut it off: then the sum is that of what is there.
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      done += count;
    }
    if (digest) port.postMessage(hash.copy().digest('hex'));
  });
}

if (parentPort) serve(parentPort, workerData as number);
