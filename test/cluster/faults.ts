import type { Socket } from 'node:net';

/** Something that goes wrong on the way, for requests that match. */
export interface Fault {
  /** Undefined: every request. */
  readonly match?: (request: { readonly method: string; readonly path: string; readonly query: string }) => boolean;
  /** Milliseconds before anything is done. */
  readonly delay?: number;
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
