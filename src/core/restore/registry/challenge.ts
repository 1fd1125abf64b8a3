/** What a registry wants before it answers. Source: RFC 9110, "WWW-Authenticate"; distribution, "Token Authentication". */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly realm?: string;
  readonly service?: string;
  readonly scope?: string;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;

/** The challenges of a header that this program can meet; several may stand in one, one after the other. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header.slice(0, 16 * 1024);
  while (rest !== '') {
    rest = rest.replace(/^[\s,]+/, '');
    const [word] = TOKEN.exec(rest) ?? [];
    if (word === undefined) break;
    rest = rest.slice(word.length).trimStart();
    if (!rest.startsWith('=')) {
      found.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    rest = rest.slice(1).trimStart();
    const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
    const value = quoted ? (quoted[1] ?? '').replace(/\\(.)/gs, '$1') : (TOKEN.exec(rest)?.[0] ?? '');
    if (!quoted && value === '') break;
    rest = rest.slice(quoted?.[0].length ?? value.length);
    found.at(-1)?.parameters.set(word.toLowerCase(), value);
  }
  return found.flatMap(({ scheme, parameters }) =>
    scheme === 'basic' || scheme === 'bearer' ? [{ scheme, ...Object.fromEntries(parameters) }] : [],
  );
}
