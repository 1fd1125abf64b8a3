import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Sender } from 'ws';
import { takeInPlace } from '../connection/in-place.ts';
import type { Answer, Call, Transport } from '../connection/transport.ts';
import { FrameReader } from './frames.ts';

/** What `ws` exports besides its sockets and its types leave out: the half of the protocol that sends. */
declare module 'ws' {
  export const Sender: new (
    socket: Duplex,
    extensions: Readonly<Record<string, never>>,
  ) => {
    send(data: Buffer, options: typeof MASKED, done: () => void): void;
    ping(data: Buffer, mask: boolean, done?: () => void): void;
    pong(data: Buffer, mask: boolean, done?: () => void): void;
    close(code: number, data: Buffer, mask: boolean, done?: () => void): void;
  };
}

const MASKED = { binary: true, fin: true, mask: true, compress: false };

/** RFC 6455, 1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Milliseconds of silence after which the other side is asked for a sign, and after which it is given up. */
const QUIET = 20_000;
const DEAD = 60_000;

/** Bytes that wait for the other side to read them, from which on it is not even told that this one is alive. */
const MOST_UNREAD = 64 * 1024;

export interface Listener {
  /** As {@link FrameListener.piece}. */
  piece(data: Buffer, isFirst: boolean, isLast: boolean): void;
  /** Once, at the end. Undefined: the other side closed it as it should. */
  closed(error: Error | undefined): void;
}

/**
 * The client's side of a WebSocket on a transport's connection, which stays the transport's own: so reading stops where
 * its reader stops. Of `ws` it takes what sends; what receives is made for messages that are small.
 */
export class WebSocketClient {
  readonly protocol: string;
  readonly #socket: Duplex;
  readonly #sender: InstanceType<typeof Sender>;
  readonly #head: Buffer;
  readonly #listener: Listener;
  readonly #frames: FrameReader;
  readonly #timer: NodeJS.Timeout;
  #heard = performance.now();
  #isPaused = false;
  #isClosed = false;

  /**
   * @param protocols subprotocols, the best first
   * @returns the server's answer where it did not agree
   * @throws as {@link Transport.send}
   */
  static async open(
    transport: Transport,
    call: Call,
    protocols: readonly string[],
    listener: Listener,
  ): Promise<WebSocketClient | Answer> {
    const key = randomBytes(16).toString('base64');
    const answered = await transport.upgrade(call, {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocols.join(', '),
    });
    if (!('socket' in answered)) return answered;
    const { socket, head, headers } = answered;
    const protocol = headers['sec-websocket-protocol'] ?? '';
    const accepted = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    if (headers['sec-websocket-accept'] !== accepted || !protocols.includes(protocol)) {
      socket.destroy();
      throw new Error('the server does not speak the protocol of exec');
    }
    return new WebSocketClient(socket, head, protocol, listener);
  }

  private constructor(socket: Duplex, head: Buffer, protocol: string, listener: Listener) {
    this.protocol = protocol;
    this.#socket = socket;
    this.#head = head;
    this.#listener = listener;
    this.#sender = new Sender(socket, {});
    this.#frames = new FrameReader({
      piece: (data, isFirst, isLast) => listener.piece(data, isFirst, isLast),
      ping: (data) => {
        // Who asks without end and does not read what he is answered is answered no more.
        if (socket.writableLength < MOST_UNREAD) this.#sender.pong(data, true);
      },
      close: () => {
        this.#sender.close(1000, Buffer.alloc(0), true);
        socket.end();
        this.#close(undefined);
      },
    });
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(broken()));
    this.#timer = setInterval(() => this.#watch(), QUIET);
  }

  /** Begins to tell the listener what comes. */
  start(): void {
    takeInPlace(this.#socket, this.#head, (data) => {
      this.#heard = performance.now();
      if (this.#isClosed) return;
      try {
        this.#frames.write(data);
      } catch (error) {
        this.#close(error as Error);
      }
    });
  }

  /** Resolves when the connection takes more. */
  send(data: Buffer): Promise<void> {
    return new Promise((resolve) => this.#sender.send(data, MASKED, () => resolve()));
  }

  /** Takes no more from the connection, so that after a while the other side stops sending. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#heard = performance.now();
    this.#socket.resume();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#close(undefined);
    this.#socket.destroy();
  }

  /** A connection that was cut without a word looks like one on which nothing happens. */
  #watch(): void {
    const quiet = performance.now() - this.#heard;
    if (this.#isPaused || quiet < QUIET) return;
    if (quiet > DEAD) this.#close(Object.assign(new Error('no sign of life'), { code: 'ETIMEDOUT' }));
    else this.#sender.ping(Buffer.alloc(0), true);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (error) this.#socket.destroy();
    this.#listener.closed(error);
  }
}

function broken(): NodeJS.ErrnoException {
  return Object.assign(new Error('the connection broke off'), { code: 'ECONNRESET' });
}
