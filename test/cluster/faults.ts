import type { Socket } from 'node:net';

/** Something that goes wrong on the way, for requests that match. */
export interface Fault {
  /** Undefined: every request. */
  readonly match?: (request: { readonly method: string; readonly path: string; readonly query: string }) => boolean;
  /** Milliseconds before anything is done. */
  readonly delay?: number;
  /** Milliseconds by which all that is answered is late, as on a long way: how much is under way at once does not matter. */
  readonly latency?: number;
  /** The connection is cut after so many bytes of the answer; asked anew for each request. */
  readonly cutAfter?: () => number;
  /** Answers in the server's stead. */
  readonly answer?: { readonly status: number; readonly type?: string; readonly body: string };
  /** How often; undefined: always. */
  times?: number;
}

/** The faults that are in force. */
export class Faults {
  readonly #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  clear(): void {
    this.#faults.length = 0;
  }

  take(request: { readonly method: string; readonly path: string; readonly query: string }): readonly Fault[] {
    const hit = this.#faults.filter((fault) => fault.times !== 0 && (fault.match?.(request) ?? true));
    for (const fault of hit) if (fault.times !== undefined) fault.times--;
    return hit;
  }
}

/** Cuts a connection once so many bytes have been written to it from now on, in the middle of what is being written. */
export function cutAfter(socket: Socket, bytes: number): void {
  let left = bytes;
  const write = socket.write.bind(socket) as (chunk: Uint8Array, done?: (error?: Error) => void) => boolean;
  socket.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    const data = typeof chunk === 'string' ? Buffer.from(chunk, rest[0] as BufferEncoding) : chunk;
    const done = rest.find((argument) => typeof argument === 'function') as ((error?: Error) => void) | undefined;
    if (left < 0) return false;
    if (data.length <= left) {
      left -= data.length;
      return write(data, done);
    }
    const last = left;
    left = -1;
    write(data.subarray(0, last), () => socket.destroy());
    return false;
  };
}

const delayed = new WeakSet<Socket>();

/** Has all that is written to a connection from now on arrive later, in order, and at the rate at which it is written. */
export function delayWrites(socket: Socket, latency: number): void {
  if (delayed.has(socket)) return;
  delayed.add(socket);
  const write: (chunk: Uint8Array) => boolean = socket.write.bind(socket);
  const end = socket.end.bind(socket);
  const later = (work: () => void): void => void setTimeout(() => !socket.destroyed && work(), latency);
  socket.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    const data = typeof chunk === 'string' ? Buffer.from(chunk, rest[0] as BufferEncoding) : Buffer.from(chunk);
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    later(() => write(data));
    if (done) setImmediate(done);
    return true;
  };
  socket.end = (...rest: unknown[]): Socket => {
    const [chunk] = rest;
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) socket.write(chunk);
    later(() => end());
    return socket;
  };
}
