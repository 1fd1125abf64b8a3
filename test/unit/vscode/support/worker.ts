/**
 * A worker with the protocol of the real one and a checkpoint made up by its locator: `slow:` answers only when it is
 * cancelled, `deaf:` does not close when asked, `broken:` cannot be opened, `fatal:` dies at the first question.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openChannel, type ChannelMessage } from '../../../../src/protocol/channel.ts';
import type { OpenRequest } from '../../../../src/protocol/checkpoint-api.ts';
import type { Note } from '../../../../src/protocol/note.ts';

interface FakeApi {
  opened(): Promise<void>;
  notes(): Promise<readonly Note[]>;
  hash(): Promise<{ readonly hex: string }>;
  close(): Promise<void>;
}

const port = parentPort;
if (!port) throw new Error('This file is a worker.');
const { locator } = workerData as OpenRequest;
let questions = 0;
const cancelled: Note[] = [];

openChannel<FakeApi, object, object, object>(
  {
    post: (message) => port.postMessage(message),
    listen: (receive) => {
      const listener = (message: ChannelMessage) => receive(message);
      port.on('message', listener);
      return () => port.off('message', listener);
    },
  },
  {
    opened: () => open(),
    notes: () => {
      open();
      questions++;
      return cancelled;
    },
    hash: (signal) => {
      open();
      if (!locator.startsWith('slow:')) return { hex: String(questions) };
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          cancelled.push({ kind: 'stale', where: locator, text: { template: 'cancelled', args: [] } });
          reject(new Error('cancelled'));
        });
      });
    },
    close: () => {
      if (locator.startsWith('deaf:')) return new Promise(() => undefined);
      setImmediate(() => port.close());
      return undefined;
    },
  },
);

function open(): void {
  if (locator.startsWith('fatal:')) process.exit(7);
  if (locator.startsWith('broken:')) {
    throw Object.assign(new Error('x.tar is no checkpoint.'), {
      reason: 'not-a-checkpoint',
      sentence: { template: '{0} is no checkpoint.', args: ['x.tar'] },
    });
  }
}
