/**
 * The wire form of protocol buffers, read one value at a time. 64-bit values keep all their bits: `low` and `high` are
 * the halves of the last varint.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  position: number;
  // Signed: V8 takes memory each time that a member is read which once held a number of 32 bits without a sign.
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** The unsigned 32-bit halves of the varint that {@link varint} read last. */
  get low(): number {
    return this.#low >>> 0;
  }

  get high(): number {
    return this.#high >>> 0;
  }

  /** @throws WireDamage where `end` or ten bytes come before the varint's end. */
  varint(end: number): void {
    const { bytes } = this;
    let { position } = this;
    let byte = position < end ? (bytes[position++] as number) : this.#endsInVarint();
    // Nearly all tags and lengths, and most numbers, are one byte.
    if (byte < 0x80) {
      this.#low = byte;
      this.#high = 0;
      this.position = position;
      return;
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (position >= end || shift > 63) this.#endsInVarint();
      byte = bytes[position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
    }
    this.#low = low;
    this.#high = high;
    this.position = position;
  }

  uint32(end: number): number {
    this.varint(end);
    return this.#low >>> 0;
  }

  uint64(end: number): bigint {
    this.varint(end);
    return join(this.low, this.high);
  }

  fixed64(end: number): bigint {
    const start = this.#take(8, end);
    return join(this.#word(start), this.#word(start + 4));
  }

  /** Reads a length and returns where that many bytes end. @throws WireDamage where they do not fit before `end`. */
  lengthDelimited(end: number): number {
    const start = this.position;
    this.varint(end);
    const length = this.#low >>> 0;
    if (this.#high !== 0 || length > end - this.position) {
      throw new WireDamage('a length reaches beyond its end', start);
    }
    return this.position + length;
  }

  /** Passes over a value of a wire type (0 varint, 1 64-bit, 2 length-delimited, 5 32-bit). */
  skip(wireType: number, end: number): void {
    switch (wireType) {
      case 0:
        return this.varint(end);
      case 1:
        this.#take(8, end);
        return;
      case 2:
        this.position = this.lengthDelimited(end);
        return;
      case 5:
        this.#take(4, end);
        return;
      default:
        throw new WireDamage('it holds a value of no known form', this.position);
    }
  }

  #word(at: number): number {
    const { bytes } = this;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }

  #take(length: number, end: number): number {
    const start = this.position;
    if (length > end - start) throw new WireDamage('it ends within a value', start);
    this.position = start + length;
    return start;
  }

  #endsInVarint(): never {
    throw new WireDamage('it holds a number without an end', this.position);
  }
}

/** Bytes that are not a message. Never leaves this folder: its catchers make a note of it. */
export class WireDamage extends Error {
  override readonly name = 'WireDamage';
  /** Where in the reader's bytes. */
  readonly position: number;

  constructor(what: string, position: number) {
    super(what);
    this.position = position;
  }
}

function join(low: number, high: number): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}
