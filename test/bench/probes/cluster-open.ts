// Opens an archive on a node in the worker, as the editor does; how many bytes are moved until the first paint.
import { performance } from 'node:perf_hooks';
import type { RemoteSource } from '../../../src/core/bytes/byte-source.ts';
import { formatNodeLocator } from '../../../src/core/cluster/node-files/node-locator.ts';
import { openNodeSource } from '../../../src/core/cluster/node-source/node-source.ts';
import { RemoteFiles } from '../../../src/vscode/sessions/remote-files.ts';
import { ARCHIVE, connect } from './cluster-client.ts';
import { answer, question } from './probes.ts';
import { untilShown, WorkerClient } from './worker-client.ts';

const { kubeconfig, input, spill, isSerial } = question('cluster-open');
const client = await connect(kubeconfig);
let bytes = 0;
const locator = formatNodeLocator({ context: 'test', node: client.node.name, path: ARCHIVE });
const remote = new RemoteFiles(async (_locator, signal) => {
  const source = await openNodeSource(client.files, client.node, ARCHIVE, {
    name: locator,
    server: client.cluster.server,
    signal,
    cache: { limit: 1 },
  });
  return counted(source);
});
let last: Promise<unknown> = Promise.resolve();

function counted(source: RemoteSource): RemoteSource {
  return {
    name: source.name,
    size: source.size,
    identity: source.identity,
    hash: (signal) => source.hash(signal),
    close: () => source.close(),
    read: async (offset, length, signal) => {
      const reading = last.then(() => source.read(offset, length, signal));
      if (isSerial) last = reading;
      const read = await reading;
      bytes += read.length;
      return read;
    },
    headersFrom: async (...asked) => (isSerial ? [] : ((await source.headersFrom?.(...asked)) ?? [])),
  };
}

// The helper pod is there before anything is timed.
await client.files.stat(client.node, ARCHIVE);
const started = performance.now();
const worker = await WorkerClient.start({ locator, spill: { directory: spill, limit: 2 ** 40 } }, remote.handlers);
await untilShown(worker, input);
const milliseconds = performance.now() - started;
const moved = bytes;
await worker.close();
await remote.close();
await client.close();
answer('cluster-open', { milliseconds, bytes: moved });
