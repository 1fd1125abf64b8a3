import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** Milliseconds that the link may be ahead of its rate: timers are no finer. */
const AHEAD = 2;

/**
 * A way to a server on which no more bytes come back in a second, over all connections, than a link carries.
 * @param address `https://HOST:PORT` of the server
 * @returns the address of the way
 */
export async function slowLink(
  address: string,
  bytesPerSecond: number,
): Promise<{ readonly address: string; close(): void }> {
  const { hostname, port } = new URL(address);
  const sockets = new Set<Socket>();
  /** When what was sent so far has gone through. */
  let free = 0;
  const listener = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => [near, far].forEach((end) => end.destroy()));
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    far.on('data', (bytes: Buffer) => {
      const now = performance.now();
      free = Math.max(free, now) + (bytes.length / bytesPerSecond) * 1000;
      const isTaken = near.write(bytes);
      if (isTaken && free - now < AHEAD) return;
      far.pause();
      const goOn = (): void => void setTimeout(() => far.resume(), Math.max(0, free - performance.now()));
      if (isTaken) goOn();
      else near.once('drain', goOn);
    });
    far.on('end', () => near.end());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    address: `https://127.0.0.1:${String((listener.address() as AddressInfo).port)}`,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
