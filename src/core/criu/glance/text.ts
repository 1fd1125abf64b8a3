import { Buffer } from 'node:buffer';
import type { WireReader } from '../wire.ts';

/** Reads a text field, whose tag was read, and passes over it. */
export function readText(reader: WireReader, end: number): string {
  const { bytes } = reader;
  const textEnd = reader.lengthDelimited(end);
  const start = reader.position;
  reader.position = textEnd;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, textEnd - start).toString('utf8');
}
