import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** Most bytes of a TLS record's content, RFC 8446, 5.1: Node hands on no more at once. */
const RECORD = 16 * 1024;

/** Gets bytes where they lie: what comes next overwrites them. */
type Taker = (bytes: Buffer) => void;

const takers = new WeakMap<Duplex, Taker>();
const readInPlace = new WeakSet<Duplex>();

/**
 * Reads a TLS connection into one buffer over and over. It is a stream as any other until {@link takeInPlace}: a buffer
 * for each record, as streams have them, takes more of the processor than to decrypt it. Node does not where TLS is
 * spoken over a socket that was there before, nor an editor that puts a socket of its own in between: those are streams
 * for good.
 */
export class InPlace {
  #socket: Duplex | undefined;
  /** For the options of the connection. */
  readonly onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(RECORD),
    callback: (length, bytes) => {
      const socket = this.#socket;
      if (!socket) return true;
      const part = Buffer.from(bytes.buffer, bytes.byteOffset, length);
      const taker = takers.get(socket);
      readInPlace.add(socket);
      if (!taker) return socket.push(Buffer.from(part));
      taker(part);
      return true;
    },
  };

  of(socket: Duplex): void {
    this.#socket = socket;
  }
}

/**
 * Takes over what comes from a connection that is read in no other way from now on. `pause` and `resume` of the socket go
 * on to work; a little may still come after a pause.
 * @param head what was read of it before
 */
export function takeInPlace(socket: Duplex, head: Buffer, taker: Taker): void {
  if (head.length > 0) socket.unshift(head);
  if (readInPlace.has(socket)) {
    for (let bytes = next(socket); bytes; bytes = next(socket)) taker(bytes);
    takers.set(socket, taker);
  } else {
    socket.on('data', taker);
  }
  socket.resume();
}

function next(socket: Duplex): Buffer | null {
  return socket.read() as Buffer | null;
}
