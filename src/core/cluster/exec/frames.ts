/** Opcodes of RFC 6455, 5.2. */
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** RFC 6455, 5.5 */
const LONGEST_CONTROL = 125;

export interface FrameListener {
  /**
   * A piece of a message as it came: a view of the connection's own bytes, only good until the call returns, and never
   * empty. A message is as many of these as it happens to be.
   * @param isFirst it begins with the message's first byte
   * @param isLast nothing of the message follows. It may also turn out later that nothing does: then the next is a first
   */
  piece(data: Buffer, isFirst: boolean, isLast: boolean): void;
  ping(data: Buffer): void;
  /** The other side says that it ends the connection. */
  close(): void;
}

/**
 * Reads a server's frames of the WebSocket protocol. Contents are handed on where they lie, without being put together
 * first: gigabytes pass here, and each copy of them costs as much as all the rest. It keeps no more than a frame's head.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  /** What is there of a frame's head, or of a control frame, when not all of it is. */
  #start = Buffer.alloc(0);
  /** Bytes of the frame's content that have not come yet. */
  #left = 0;
  #isLastFrame = false;
  /** A message has begun, and not its last frame. */
  #isOpen = false;
  #isFirst = false;
  #isClosed = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** @throws Error what of the protocol the other side does not keep to */
  write(data: Buffer): void {
    let rest = data;
    while (rest.length > 0 && !this.#isClosed) {
      rest = this.#left > 0 ? this.#content(rest) : this.#head(rest);
    }
  }

  #content(data: Buffer): Buffer {
    const piece = data.subarray(0, this.#left);
    this.#left -= piece.length;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#listener.piece(piece, isFirst, this.#left === 0 && this.#isLastFrame);
    return data.subarray(piece.length);
  }

  /** Takes a frame's head, or a whole control frame. @returns what follows it, nothing where not all of it is there */
  #head(data: Buffer): Buffer {
    const bytes = this.#start.length > 0 ? Buffer.concat([this.#start, data]) : data;
    const used = this.#take(bytes);
    if (used === undefined) {
      this.#start = Buffer.from(bytes);
      return Buffer.alloc(0);
    }
    this.#start = Buffer.alloc(0);
    return bytes.subarray(used);
  }

  /** @returns how many bytes; undefined where it takes more */
  #take(bytes: Buffer): number | undefined {
    const [first = 0, second = 0] = bytes;
    if (bytes.length < 2) return undefined;
    const [isLast, opcode] = [(first & 0x80) !== 0, first & 0x0f];
    if ((first & 0x70) !== 0) throw new Error('the server sends frames of an extension that was not agreed on');
    if ((second & 0x80) !== 0) throw new Error('the server masks its frames, which only clients do');
    const short = second & 0x7f;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < head) return undefined;
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (!Number.isSafeInteger(length)) throw new Error('the server claims a frame of an impossible length');
    if (opcode < CLOSE) {
      this.#begin(opcode, length, isLast);
      return head;
    }
    if (!isLast || length > LONGEST_CONTROL) throw new Error('the server sends a control frame that is too long');
    if (bytes.length < head + length) return undefined;
    this.#control(opcode, bytes.subarray(head, head + length));
    return head + length;
  }

  #begin(opcode: number, length: number, isLast: boolean): void {
    if (opcode === CONTINUATION ? !this.#isOpen : this.#isOpen) {
      throw new Error('the server sends the frames of a message in a wrong order');
    }
    if (![CONTINUATION, TEXT, BINARY].includes(opcode)) throw new Error('the server sends frames of an unknown kind');
    if (opcode !== CONTINUATION) this.#isFirst = true;
    this.#left = length;
    this.#isLastFrame = isLast;
    this.#isOpen = !isLast;
  }

  #control(opcode: number, data: Buffer): void {
    if (opcode === PING) this.#listener.ping(Buffer.from(data));
    else if (opcode === CLOSE) {
      this.#isClosed = true;
      this.#listener.close();
    } else if (opcode !== PONG) throw new Error('the server sends frames of an unknown kind');
  }
}
