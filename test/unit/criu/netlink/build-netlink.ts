import { bytes, type Part } from '../build-image.ts';

/** A netlink message of a type: its head and, behind it, its parts. */
export function message(type: number, ...parts: readonly Part[]): Uint8Array {
  const payload = bytes(...parts);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + payload.length);
  head.writeUInt16LE(type, 4);
  return bytes(head, payload);
}

/** An attribute with what pads it to four bytes. */
export function attribute(type: number, ...parts: readonly Part[]): Uint8Array {
  const payload = bytes(...parts);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + payload.length);
  head.writeUInt16LE(type, 2);
  return bytes(head, payload, new Uint8Array(-payload.length & 3));
}
