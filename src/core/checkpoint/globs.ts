/**
 * Patterns over the absolute paths of a file view, as `extract --path` takes them: `*` and `?` within a name,
 * `[…]` and `[!…]` for one character, `**` for any number of folders, `\` before a character that stands for itself.
 * A pattern without a leading `/` matches at any depth. What matches brings along everything below it.
 *
 * Names come from whoever was in the container, so matching is done without backtracking across names: a walk carries
 * the set of places in the patterns that it has reached ({@link GlobState}) and stops where the set is empty.
 */
export interface Globs {
  /** The state at the root of the view. */
  readonly start: GlobState;
}

export interface GlobState {
  /** This path is asked for, and everything below it. */
  readonly matched: boolean;
  /** Nothing here or below is asked for. */
  readonly dead: boolean;
  enter(name: string): GlobState;
}

/** Compiles patterns; without any, everything matches. */
export function compileGlobs(patterns: readonly string[] | undefined): Globs {
  if (patterns === undefined) return { start: EVERYTHING };
  const compiled = patterns.map(compile);
  return {
    start: stateOf(
      compiled,
      compiled.map(() => [0]),
    ),
  };
}

type Segment = { readonly kind: 'any-depth' } | { readonly kind: 'name'; readonly tokens: readonly Token[] };
type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'one' }
  | { readonly kind: 'text'; readonly character: string }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

const EVERYTHING: GlobState = { matched: true, dead: false, enter: () => EVERYTHING };
const NOTHING: GlobState = { matched: false, dead: true, enter: () => NOTHING };

/** `places`: for each pattern, how many of its segments the path so far may have used up. */
function stateOf(patterns: readonly (readonly Segment[])[], places: readonly (readonly number[])[]): GlobState {
  const reached = patterns.map((segments, index) => skipDepths(segments, places[index] ?? []));
  if (reached.some((at, index) => at.has(patterns[index]?.length ?? 0))) return EVERYTHING;
  if (reached.every((at) => at.size === 0)) return NOTHING;
  return {
    matched: false,
    dead: false,
    enter: (name) => {
      const characters = [...name];
      return stateOf(
        patterns,
        reached.map((at, index) => [...at].flatMap((place) => advance(patterns[index] ?? [], place, characters))),
      );
    },
  };
}

/** `**` may stand for no folder at all. */
function skipDepths(segments: readonly Segment[], places: readonly number[]): Set<number> {
  const reached = new Set<number>();
  for (const place of places) {
    let at = place;
    reached.add(at);
    while (segments[at]?.kind === 'any-depth') reached.add(++at);
  }
  return reached;
}

function advance(segments: readonly Segment[], place: number, name: readonly string[]): number[] {
  const segment = segments[place];
  if (!segment) return [];
  if (segment.kind === 'any-depth') return [place];
  return matchesName(segment.tokens, name) ? [place + 1] : [];
}

/** The classic greedy match: only the last `*` is ever taken back, so it costs at most pattern × name. */
function matchesName(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let character = 0;
  let star = -1;
  let starredTo = 0;
  while (character < name.length) {
    const wanted = tokens[token];
    if (wanted?.kind === 'star') {
      star = token++;
      starredTo = character;
    } else if (wanted && matchesCharacter(wanted, name[character] ?? '')) {
      token++;
      character++;
    } else if (star >= 0) {
      token = star + 1;
      character = ++starredTo;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}

function matchesCharacter(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'one':
      return true;
    case 'text':
      return token.character === character;
    case 'set':
      return token.ranges.some(([from, to]) => from <= character && character <= to) !== token.negated;
    case 'star':
      return false;
  }
}

function compile(pattern: string): readonly Segment[] {
  const names = pattern.split('/').filter((name) => name !== '' && name !== '.');
  const segments = names.map((name): Segment =>
    name === '**' ? { kind: 'any-depth' } : { kind: 'name', tokens: tokens(name) },
  );
  return pattern.startsWith('/') ? segments : [{ kind: 'any-depth' }, ...segments];
}

function tokens(text: string): readonly Token[] {
  const characters = [...text];
  const found: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const next = characters[at + 1];
    if (character === '*') found.push({ kind: 'star' });
    else if (character === '?') found.push({ kind: 'one' });
    else if (character === '\\' && next !== undefined) {
      found.push({ kind: 'text', character: next });
      at++;
    } else {
      const set = character === '[' ? readSet(characters, at) : undefined;
      found.push(set?.token ?? { kind: 'text', character });
      at = set?.end ?? at;
    }
  }
  return found;
}

/** `[abc]`, `[a-z]`, `[!a]`, `[^a]`; a `]` in first place stands for itself. Not closed: an ordinary character. */
function readSet(characters: readonly string[], open: number): { token: Token; end: number } | undefined {
  const negated = characters[open + 1] === '!' || characters[open + 1] === '^';
  const first = open + (negated ? 2 : 1);
  const end = characters.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const ranges: (readonly [string, string])[] = [];
  for (let at = first; at < end; at++) {
    const from = characters[at] ?? '';
    const ranged = characters[at + 1] === '-' && at + 2 < end;
    ranges.push([from, ranged ? (characters[at + 2] ?? from) : from]);
    if (ranged) at += 2;
  }
  return { token: { kind: 'set', negated, ranges }, end };
}
