/**
 * Takes credentials out of text that came from outside (a plugin's stderr, a server's message) before it may become part
 * of an error or a log.
 */

/** Stands where a credential was. */
export const REMOVED = '[removed]';

/** Shorter than this is a word that may occur anywhere; nobody's token is as short. */
const SHORTEST = 6;

/** Of a key. */
const SHORTEST_LINE = 16;

const SHAPES: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens: three parts of base64url, of which the first begins as the JSON `{"` does.
  [/\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g, REMOVED],
  [/\b(bearer|basic)\s+[\w+/=.~-]{6,}/gi, `$1 ${REMOVED}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REMOVED],
  // Name and password in an address.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${REMOVED}@`],
  [
    /("?(?:access_?token|id_?token|refresh_?token|token|password|client_?secret|client-?key-?data)"?\s*[:=]\s*)("[^"]{6,}"|[^\s,;}"]{12,})/gi,
    `$1${REMOVED}`,
  ],
];

/** The credentials of one connection, as they become known. */
export class Secrets {
  readonly #values = new Set<string>();

  add(...values: readonly (string | undefined)[]): void {
    for (const value of values)
      if (value !== undefined && value.trim().length >= SHORTEST) this.#values.add(value.trim());
  }

  /** A private key, PEM: whole, as kubeconfigs have it, and line by line as a log may. */
  addKey(pem: Buffer | string | undefined): void {
    if (pem === undefined) return;
    const text = typeof pem === 'string' ? pem : pem.toString('latin1');
    this.add(text, Buffer.from(text, 'latin1').toString('base64'));
    for (const line of text.split(/\r?\n/)) if (line.length >= SHORTEST_LINE && !line.startsWith('-')) this.add(line);
  }

  /**
   * The text without them, and without what is shaped like one.
   * @param limit characters that are kept: what is cut off is the middle, since causes stand at either end
   */
  scrub(text: string, limit = 4000): string {
    let clean = text.slice(0, 256 * 1024);
    // The longest first: one may contain another.
    for (const value of [...this.#values].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, REMOVED);
    for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
    clean = clean.trim();
    if (clean.length <= limit) return clean;
    return `${clean.slice(0, Math.ceil(limit / 2))} … ${clean.slice(-Math.floor(limit / 2))}`;
  }
}

/** An address for a person: without name and password. */
export function hostOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return '?';
  }
}
