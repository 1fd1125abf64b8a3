import { MAX_MATCH } from '../../../../protocol/search.ts';
import { sentence } from '../../../../protocol/sentence.ts';
import { CheckpointError } from '../../../errors.ts';
import { rangeOf, setOf, sizeOf, union, foldAscii, complement, membersOf, type ByteSet } from './byte-set.ts';
import { caseVariants } from './case-variants.ts';
import { elementsOfVariants, encode, longestOf, type Element } from './elements.ts';
import { CLASS_ESCAPES, CONTROL_ESCAPES, hexByte, writeSet, writeVariants } from './regex-words.ts';

/** A regular expression for bytes, as an expression of JavaScript for texts whose characters are the bytes. */
export interface ByteRegex {
  /** For flags `g` and `m`. */
  readonly source: string;
  /** Bytes of the shortest and the longest match; Infinity where there is no longest. */
  readonly min: number;
  readonly max: number;
  /** In how many ways at most it can be tried at one place: a measure of what it may cost. */
  readonly ways: number;
  /** What every match contains, and how many bytes at most stand before it. */
  readonly required?: Required;
}

export interface Required {
  readonly elements: readonly Element[];
  readonly before: number;
}

/**
 * Reads a regular expression in JavaScript's syntax, for bytes: `.` and classes stand for one byte, `\s`, `\w` and `\d` for
 * ASCII, and other characters than ASCII for their UTF-8 bytes. `^` and `$` are ends of lines. `(?i)` and `(?s)` may stand
 * at its beginning, as `/…/i` and `/…/s`.
 * @throws CheckpointError `usage` where it is none, or one that cannot be searched
 */
export function parseRegex(text: string, ignoreCase: boolean): ByteRegex {
  const flags = /^\(\?([is]+)\)/.exec(text);
  const letters = flags?.[1] ?? '';
  const parser = new Parser(text, flags?.[0].length ?? 0, ignoreCase || letters.includes('i'), letters.includes('s'));
  const { source, min, max, ways, required } = parser.whole();
  if (max === 0) throw usage('{0} matches no bytes, only places between them.', text);
  if (min === 0 && matchesNothing(source)) {
    throw usage('{0} matches everywhere, because it matches no bytes at all. Use + instead of *, for example.', text);
  }
  return { source, min, max, ways, ...(required && required.elements.length > 1 && { required }) };
}

/** Whether it is content with nothing at a place where it asks for nothing. Its first use is also what compiles it. */
function matchesNothing(source: string): boolean {
  return new RegExp(source, 'm').test('');
}

/** A part of an expression. */
interface Part {
  readonly source: string;
  readonly min: number;
  readonly max: number;
  readonly ways: number;
  readonly required?: Required;
  /** The part is these places and nothing else. */
  readonly elements?: readonly Element[];
}

const EMPTY: Part = { source: '', min: 0, max: 0, ways: 1, elements: [] };
const MAX_DEPTH = 200;
const MAX_LENGTH = 10_000;
/** Places of a required text that are kept. */
const MAX_REQUIRED = 32;

class Parser {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  readonly #dotAll: boolean;
  #at: number;
  #depth = 0;

  constructor(text: string, start: number, ignoreCase: boolean, dotAll: boolean) {
    if (text.length > MAX_LENGTH) throw usage('The expression has more than {0} characters.', String(MAX_LENGTH));
    this.#text = text;
    this.#at = start;
    this.#ignoreCase = ignoreCase;
    this.#dotAll = dotAll;
  }

  whole(): Part {
    const part = this.#alternatives();
    if (this.#at < this.#text.length) throw this.#wrong('{0} closes a group that was not opened.', ')');
    return part;
  }

  #alternatives(): Part {
    if (++this.#depth > MAX_DEPTH) throw this.#wrong('{0} is nested too deeply.', this.#text);
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    const [only] = parts;
    if (only && parts.length === 1) return only;
    return {
      source: parts.map(({ source }) => source).join('|'),
      min: Math.min(...parts.map(({ min }) => min)),
      max: Math.max(...parts.map(({ max }) => max)),
      ways: parts.reduce((sum, { ways }) => sum + ways, 0),
    };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) parts.push(this.#term());
    return inOrder(parts);
  }

  #term(): Part {
    const atom = this.#assertion() ?? this.#atom();
    const quantifier = this.#quantifier();
    if (!quantifier) return atom;
    if (atom.max === 0) throw this.#wrong('{0} repeats nothing.', quantifier[0]);
    const another = this.#quantifier()?.[0];
    if (another !== undefined) throw this.#wrong('{0} repeats a repetition.', another);
    return repeat(atom, quantifier);
  }

  #quantifier(): RegExpExecArray | undefined {
    const found = /^(?:[*+?]|\{(\d{1,9})(,)?(\d{1,9})?\})\??/.exec(this.#text.slice(this.#at, this.#at + 40));
    this.#at += found?.[0].length ?? 0;
    return found ?? undefined;
  }

  #assertion(): Part | undefined {
    const rest = this.#text.slice(this.#at, this.#at + 4);
    const simple = /^(?:\^|\$|\\b|\\B)/.exec(rest)?.[0];
    if (simple !== undefined) {
      this.#at += simple.length;
      return { ...EMPTY, source: simple };
    }
    const look = /^\(\?<?[=!]/.exec(rest)?.[0];
    if (look === undefined) return undefined;
    this.#at += look.length;
    const inside = this.#alternatives();
    this.#close();
    return { source: `${look}${inside.source})`, min: 0, max: 0, ways: inside.ways };
  }

  #atom(): Part {
    const character = this.#next();
    switch (character) {
      case '.':
        return this.#ofSet(this.#dotAll ? rangeOf(0, 255) : complement(setOf(0x0a, 0x0d)));
      case '[':
        return this.#class();
      case '(':
        return this.#group();
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#wrong('{0} repeats nothing.', character);
      default:
        return this.#ofCharacter(character);
    }
  }

  #group(): Part {
    const head = /^\?(?::|<[A-Za-z_]\w*>)/.exec(this.#text.slice(this.#at, this.#at + 80))?.[0] ?? '';
    this.#at += head.length;
    if (this.#peek() === '?' && head === '') {
      throw this.#wrong('{0} is a kind of group that is not known here.', this.#text.slice(this.#at - 1, this.#at + 3));
    }
    const { source, min, max, ways, required } = this.#alternatives();
    this.#close();
    return { source: `(${head}${source})`, min, max, ways, ...(required && { required }) };
  }

  #escape(): Part {
    if (this.#at >= this.#text.length) throw this.#wrong('{0} ends with a backslash.', this.#text);
    const back = /^(?:[1-9]\d*|k<\w+>)/.exec(this.#text.slice(this.#at, this.#at + 80))?.[0];
    if (back !== undefined) {
      this.#at += back.length;
      if (this.#ignoreCase) throw this.#wrong('{0} cannot be compared without regard to case.', `\\${back}`);
      // A digit that follows belongs to what follows.
      return { source: `(?:\\${back})`, min: 0, max: Infinity, ways: Infinity };
    }
    const escaped = this.#escaped();
    return typeof escaped === 'string' ? this.#ofCharacter(escaped) : this.#ofSet(this.#folded(escaped));
  }

  /** What stands behind a backslash: a character, or a set of bytes, for which a byte beyond ASCII counts. */
  #escaped(): string | ByteSet {
    const letter = this.#next();
    const set = CLASS_ESCAPES.get(letter.toLowerCase());
    if (set) return letter === letter.toLowerCase() ? set : complement(set);
    const control = CONTROL_ESCAPES.get(letter);
    if (control !== undefined && !(letter === '0' && /\d/.test(this.#peek()))) return setOf(control);
    switch (letter) {
      case 'x':
        return setOf(parseInt(this.#expect(/^[0-9a-f]{2}/i, '\\x'), 16));
      case 'c':
        return setOf(
          this.#expect(/^[a-z]/i, '\\c')
            .toUpperCase()
            .charCodeAt(0) & 0x1f,
        );
      case 'u': {
        const digits = this.#expect(/^(?:[0-9a-f]{4}|\{[0-9a-f]{1,6}\})/i, '\\u').replace(/[{}]/g, '');
        const point = parseInt(digits, 16);
        if (point > 0x10ffff || (point & 0xfff800) === 0xd800)
          throw this.#wrong('{0} is no character.', `\\u${digits}`);
        return String.fromCodePoint(point);
      }
      default:
        if (/[0-9A-Za-z]/.test(letter)) throw this.#wrong('{0} has no meaning here.', `\\${letter}`);
        return letter;
    }
  }

  #class(): Part {
    const negated = this.#take('^');
    const texts: string[] = [];
    let set: ByteSet = setOf();
    while (this.#peek() !== ']') {
      if (this.#at >= this.#text.length) throw this.#wrong('{0} opens a class that is not closed.', '[');
      const low = this.#member();
      if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']' && this.#at + 1 < this.#text.length) {
        this.#at++;
        const high = this.#member();
        set = union(set, this.#range(low, high));
      } else if (typeof low === 'string' && low > '\x7f') texts.push(low);
      else set = union(set, typeof low === 'string' ? setOf(low.charCodeAt(0)) : low);
    }
    this.#at++;
    const folded = this.#folded(set);
    if (texts.length === 0) return this.#ofSet(negated ? complement(folded) : folded);
    if (negated) {
      throw this.#wrong(
        'A class that excludes {0} cannot be searched: its bytes are several. Exclude bytes.',
        texts.join(''),
      );
    }
    const others = texts.map((text) => this.#ofCharacter(text));
    const parts = sizeOf(folded) > 0 ? [this.#ofSet(folded), ...others] : others;
    return {
      source: `(?:${parts.map(({ source }) => source).join('|')})`,
      min: 1,
      max: Math.max(...parts.map(({ max }) => max)),
      ways: parts.length,
    };
  }

  #member(): string | ByteSet {
    const character = this.#next();
    if (character !== '\\') return character;
    if (this.#take('b')) return '\b';
    return this.#escaped();
  }

  #range(low: string | ByteSet, high: string | ByteSet): ByteSet {
    const ends = [low, high].map((end) => {
      const members = typeof end === 'string' ? [end.codePointAt(0) ?? 256] : membersOf(end);
      const [only = 256] = members;
      const isAscii = typeof end !== 'string' || only < 0x80;
      return members.length === 1 && isAscii ? only : undefined;
    });
    const [from, to] = ends;
    if (from === undefined || to === undefined) {
      throw this.#wrong(
        'A range reaches from one byte to another: write {0} for other ends than ASCII.',
        '[\\x80-\\xff]',
      );
    }
    if (from > to) throw this.#wrong('The range {0} is in the wrong order.', `${hexByte(from)}-${hexByte(to)}`);
    return rangeOf(from, to);
  }

  #ofCharacter(character: string): Part {
    const variants = this.#ignoreCase ? caseVariants(character) : [character];
    const bytes = variants.map((variant) => encode(variant, 'utf-8'));
    const elements = elementsOfVariants(bytes);
    const lengths = bytes.map(({ length }) => length);
    return {
      source: writeVariants(bytes),
      min: Math.min(...lengths),
      max: Math.max(...lengths),
      ways: 1,
      elements,
    };
  }

  #ofSet(set: ByteSet): Part {
    return { source: writeSet(set), min: 1, max: 1, ways: 1, elements: [{ set }] };
  }

  #folded(set: ByteSet): ByteSet {
    return this.#ignoreCase ? foldAscii(set) : set;
  }

  #close(): void {
    if (!this.#take(')')) throw this.#wrong('{0} opens a group that is not closed.', '(');
  }

  #expect(form: RegExp, before: string): string {
    const found = form.exec(this.#text.slice(this.#at, this.#at + 8))?.[0];
    if (found === undefined) throw this.#wrong('{0} is not followed by what it needs.', before);
    this.#at += found.length;
    return found;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0xfffd);
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #wrong(template: string, what: string): CheckpointError {
    return usage(template, what);
  }
}

function inOrder(parts: readonly Part[]): Part {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  let before = 0;
  let row: Element[] = [];
  let best: Required | undefined;
  const offer = (elements: readonly Element[], at: number): void => {
    if (elements.length <= (best?.elements.length ?? 0)) return;
    best = { elements: elements.slice(0, MAX_REQUIRED), before: Math.min(at, MAX_MATCH) };
  };
  const endRow = (): void => {
    offer(row, before - longestOf(row));
    row = [];
  };
  for (const part of parts) {
    // What may be any byte of many tells nothing.
    const isTelling = part.elements?.every((element) => !('set' in element) || sizeOf(element.set) <= 2) === true;
    if (isTelling) row.push(...(part.elements ?? []));
    else endRow();
    if (part.required) offer(part.required.elements, before + part.required.before);
    before += part.max;
  }
  endRow();
  return {
    source: parts.map(({ source }) => source).join(''),
    min: parts.reduce((sum, { min }) => sum + min, 0),
    max: before,
    ways: parts.reduce((product, { ways }) => product * ways, 1),
    ...(best && { required: best }),
  };
}

function repeat(atom: Part, [quantifier, low, comma, high]: RegExpExecArray): Part {
  const kind = quantifier[0];
  const least = low === undefined ? (kind === '+' ? 1 : 0) : Number(low);
  const most =
    low === undefined ? (kind === '?' ? 1 : Infinity) : comma === undefined ? least : Number(high ?? Infinity);
  if (most < least) throw usage('{0} is in the wrong order.', quantifier);
  if (least > MAX_MATCH)
    throw usage('{0} is more than the {1} bytes that a match may have.', quantifier, String(MAX_MATCH));
  let ways = 1;
  for (let count = least; count < most && ways < Infinity && count < least + 100; count++) ways += atom.ways ** count;
  if (most - least > 100) ways = most === Infinity || atom.ways > 1 ? Infinity : most - least;
  const { required } = inOrder([EMPTY, atom]);
  return {
    source: `${atom.source}${quantifier}`,
    min: atom.min * least,
    max: most === 0 ? 0 : atom.max * most,
    ways: atom.ways > 1 ? Math.max(ways, atom.ways ** Math.min(most, 100)) : ways,
    ...(least > 0 && required && { required }),
  };
}

function usage(template: string, ...args: readonly string[]): CheckpointError {
  return new CheckpointError('usage', sentence(template, ...args));
}
