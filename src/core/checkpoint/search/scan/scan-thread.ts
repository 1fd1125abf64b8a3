/** The thread that searches: it knows bytes and patterns, and nothing of checkpoints. */
import { parentPort, type MessagePort } from 'node:worker_threads';
import { describeError, type WireError } from '../../../../protocol/channel.ts';
import { Scanner } from './scanner.ts';
import type { ScanAnswer, ScanJob, ScanTask } from './task.ts';

/** What a thread is told: what to look for from now on, or where to look. */
export type ThreadMessage = { readonly job: ScanJob } | { readonly id: number; readonly task: ScanTask };

export type ThreadAnswer =
  { readonly id: number; readonly answer: ScanAnswer } | { readonly id: number; readonly error: WireError };

function serve(port: MessagePort): void {
  let scanner: Scanner | undefined;
  const reply = (answer: ThreadAnswer): void => port.postMessage(answer);
  port.on('message', (message: ThreadMessage) => {
    if ('job' in message) {
      scanner = new Scanner(message.job);
      return;
    }
    const { id, task } = message;
    try {
      if (!scanner) throw new RangeError('there is nothing to look for');
      reply({ id, answer: scanner.scan(task) });
    } catch (error) {
      reply({ id, error: describeError(error) });
    }
  });
}

if (parentPort) serve(parentPort);
