/** How selected bytes are put onto the clipboard. */
export type BytesFormat = 'hex' | 'text' | 'c';

/** Longer selections are for Save As. */
export const MAX_COPY = 1024 * 1024;

/**
 * Bytes as text; what is missing is never written as a zero.
 * @param present 0 for a byte that is not in the checkpoint
 */
export function bytesText(bytes: Uint8Array, present: Uint8Array, format: BytesFormat): string {
  switch (format) {
    case 'hex':
      return Array.from(bytes, (byte, at) => (present[at] ? twoDigits(byte) : '??')).join(' ');
    case 'text':
      return textOf(bytes, present);
    case 'c':
      return cArray(bytes, present);
  }
}

/** UTF-8; what is none and what is missing is U+FFFD, a NUL stays one. */
function textOf(bytes: Uint8Array, present: Uint8Array): string {
  const marked = bytes.slice();
  // A byte that no UTF-8 text holds.
  present.forEach((here, at) => {
    if (!here) marked[at] = 0xff;
  });
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(marked);
}

function cArray(bytes: Uint8Array, present: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 12) {
    const row = Array.from(bytes.subarray(at, at + 12), (byte, offset) =>
      present[at + offset] ? `0x${twoDigits(byte)}` : '/* missing */ 0',
    );
    lines.push(`  ${row.join(', ')},`);
  }
  return `unsigned char data[${String(bytes.length)}] = {\n${lines.join('\n')}\n};\n`;
}

function twoDigits(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
