/** The thread that searches: it knows bytes and patterns, and nothing of checkpoints. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { describeError, type WireError } from '../../../../protocol/channel.ts';
import { Scanner } from './scanner.ts';
import type { ScanAnswer, ScanJob, ScanTask } from './task.ts';

export interface ThreadTask {
  readonly id: number;
  readonly task: ScanTask;
}

export type ThreadAnswer =
  { readonly id: number; readonly answer: ScanAnswer } | { readonly id: number; readonly error: WireError };

function serve(port: MessagePort, job: ScanJob): void {
  const scanner = new Scanner(job);
  const reply = (answer: ThreadAnswer): void => port.postMessage(answer);
  port.on('message', ({ id, task }: ThreadTask) => {
    try {
      reply({ id, answer: scanner.scan(task) });
    } catch (error) {
      reply({ id, error: describeError(error) });
    }
  });
}

if (parentPort) serve(parentPort, workerData as ScanJob);
