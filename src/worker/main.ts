import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openCheckpoint } from '../core/checkpoint/checkpoint.ts';
import { openChannel, type Channel } from '../protocol/channel.ts';
import type { OpenRequest } from '../protocol/checkpoint-api.ts';
import type { MetadataApi, MetadataRequest } from '../protocol/metadata-api.ts';
import type { RemoteApi } from '../protocol/remote-api.ts';
import type { WorkerApi, WorkerEvents } from '../protocol/worker-api.ts';
import { openThrough } from './remote-source.ts';
import { Session } from './session.ts';
import { threadPort } from './thread-port.ts';

type Told = Pick<WorkerEvents, 'log'>;

/** Starts what the thread was made for. It ends by itself after the host asked it to close. */
async function serve(port: MessagePort, request: OpenRequest | MetadataRequest): Promise<void> {
  // The answer to the last question must leave before the port is closed.
  const end = () => void setImmediate(() => port.close());
  if ('task' in request) {
    // Of no use to a checkpoint's own thread, whose first answer is waited for.
    const { metadataHandlers } = await import('./metadata/metadata-service.ts');
    logUncaught(openChannel<MetadataApi, Told, object, object>(threadPort(port), metadataHandlers(end)));
  } else {
    const session: Session = new Session(
      request,
      (name, value) => channel.emit(name, value),
      (opened, options) => openCheckpoint(opened, { ...options, openRemote: openThrough(() => channel.remote) }),
    );
    const channel = openChannel<WorkerApi, WorkerEvents, RemoteApi, object>(threadPort(port), session.handlers(end));
    logUncaught(channel);
  }
}

/** A fault outside of any question is told and does not end the thread: what else is open can still be looked at. */
function logUncaught(channel: Channel<object, object, Told>): void {
  const tell = (error: unknown) =>
    channel.emit('log', {
      level: 'error',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
}

if (parentPort) void serve(parentPort, workerData as OpenRequest | MetadataRequest);
