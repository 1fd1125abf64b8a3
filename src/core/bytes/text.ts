import { Buffer } from 'node:buffer';

/** Bytes as text, without a mark of their order. What is not UTF-8 becomes U+FFFD. Loads no decoder of its own. */
export function decodeText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
