import type { ExecSession, Output } from '../exec/exec.ts';

/** Blocks that are full and wait to be taken before no more is wanted: a disk takes some sooner than others. */
const WAITING = 2;

/** Blocks at most: those, one that is taken, one that fills with what comes when no more is wanted, and one after it. */
export const BLOCKS = WAITING + 3;

/**
 * Gathers what a command prints in blocks and hands them to somebody who takes his time. Some blocks fill while one is
 * taken, and then the command waits. Blocks are used over and over.
 */
export class Blocks implements Output {
  readonly #size: number;
  readonly #full: { readonly block: Buffer; readonly start: number }[] = [];
  readonly #free: Buffer[] = [];
  #block: Buffer;
  /** Where what is in it starts and ends. */
  #start: number;
  #filled: number;
  #taken = 0;
  #isOver = false;
  readonly #silence: number;
  #wake: () => void = () => undefined;

  /**
   * @param memory what blocks are made of, nobody else's in the meantime; were it too little, there is other
   * @param size bytes of a block
   * @param silence milliseconds without a byte, while one is waited for, after which nothing more is expected
   * @param from where in a file what comes has its place, bytes: blocks end at multiples of their size
   */
  constructor(memory: Buffer, size: number, silence: number, from: number) {
    for (let end = size; end <= memory.length; end += size) this.#free.push(memory.subarray(end - size, end));
    this.#size = size;
    this.#silence = silence;
    this.#block = this.#spare();
    this.#start = this.#filled = from % size;
  }

  take(piece: Buffer): boolean {
    this.#taken += piece.length;
    let at = 0;
    while (at < piece.length) {
      const count = piece.copy(this.#block, this.#filled, at);
      at += count;
      this.#filled += count;
      if (this.#filled === this.#size) this.#next();
    }
    return this.#full.length < WAITING;
  }

  /**
   * Hands over all that a session prints. What a block holds is only good until `write` has resolved.
   * @returns `silent` where nothing came any more, else `ended` when the session has, however it did; all that had come is
   * taken
   * @throws what `write` throws
   */
  async drain(
    session: Pick<ExecSession, 'exit' | 'resume'>,
    write: (block: Buffer) => Promise<void>,
  ): Promise<'ended' | 'silent'> {
    const over = (): void => {
      this.#isOver = true;
      this.#wake();
    };
    session.exit.then(over, over);
    let isSilent = false;
    for (;;) {
      if (this.#full.length === 0 && !this.#isOver) isSilent = await this.#wait();
      const next = this.#full.shift();
      if (!next) break;
      // More comes while this one is written.
      session.resume();
      await write(next.block.subarray(next.start));
      this.#free.push(next.block);
    }
    if (this.#filled > this.#start) await write(this.#block.subarray(this.#start, this.#filled));
    return isSilent ? 'silent' : 'ended';
  }

  /** Until there is a block or nothing more comes. @returns whether nothing came for too long */
  #wait(): Promise<boolean> {
    return new Promise((resolve) => {
      let before = this.#taken;
      const timer = setInterval(() => {
        if (this.#taken === before) end(true);
        before = this.#taken;
      }, this.#silence);
      const end = (isSilent: boolean): void => {
        clearInterval(timer);
        resolve(isSilent);
      };
      this.#wake = () => end(false);
    });
  }

  #next(): void {
    this.#full.push({ block: this.#block, start: this.#start });
    this.#block = this.#spare();
    this.#start = this.#filled = 0;
    this.#wake();
  }

  #spare(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }
}
