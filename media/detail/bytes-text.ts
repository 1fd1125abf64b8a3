import { escapeText } from '../../src/protocol/format.ts';

/** UTF-8 with line breaks as they are; every other byte that shows nothing as an escape. */
export function messageText(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes[at] ?? 0);
    const character = bytes.subarray(at, at + length);
    try {
      parts.push(decoder.decode(character));
      at += length;
    } catch {
      parts.push(`\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`);
      at++;
    }
  }
  const lines = parts.join('').split('\n');
  return lines.map((line) => escapeText(line.replace(/\r$/, '')) + (line.endsWith('\r') ? '\\r' : '')).join('\n');
}

function characterLength(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const BYTES_A_LINE = 16;

/** As `hexdump -C` prints them. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = [...bytes.subarray(at, at + BYTES_A_LINE)];
    const digits = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${digits.padEnd(BYTES_A_LINE * 3 - 1)}  ${text}`);
  }
  return lines.join('\n');
}
