import { fileBase, type MemoryMapping } from './memory.ts';

/** What an address may be written with, beside numbers. */
export interface Names {
  /** The mappings: their names, and the address that a name stands for. */
  readonly map: { names(): readonly string[]; find(name: string): bigint | undefined };
  /** Registers of the chosen thread, by name. */
  readonly registers: ReadonlyMap<string, bigint>;
  /** Where one is: a sum that begins with a sign counts from there. */
  readonly cursor: bigint;
}

export type Resolved = { readonly address: bigint } | { readonly unknown: string };

const TOP = 1n << 64n;

/**
 * An address as people write it: `0x7f0b991e7000`, `7f0b991e7000`, `4198400` (decimal), `rsp`, `$rip`, `[stack]`,
 * `libc.so.6`, and sums of these: `rsp+0x40`, `[heap]+4096`, `+16`, `-0x100`.
 * @returns the address, or the part that cannot be understood
 */
export function resolveAddress(text: string, names: Names): Resolved {
  let rest = text.trim();
  if (rest === '') return { unknown: '' };
  let sum = /^[+-]/.test(rest) ? names.cursor : 0n;
  let sign = 1n;
  for (let first = true; rest !== ''; first = false) {
    const operator = /^([+-])\s*/.exec(rest);
    if (operator) {
      sign = operator[1] === '-' ? -1n : 1n;
      rest = rest.slice(operator[0].length);
    } else if (!first) {
      return { unknown: rest };
    }
    const term = readTerm(rest, names);
    if (!term) return { unknown: rest };
    sum += sign * term.value;
    rest = rest.slice(term.length).trimStart();
  }
  return sum >= 0n && sum < TOP ? { address: sum } : { unknown: text.trim() };
}

/** The longest name wins: names of files may hold a sign. */
function readTerm(text: string, names: Names): { readonly value: bigint; readonly length: number } | undefined {
  const lower = text.toLowerCase();
  const known = names.map
    .names()
    .filter((name) => lower.startsWith(name.toLowerCase()))
    .sort((one, other) => other.length - one.length)[0];
  if (known !== undefined) {
    const value = names.map.find(known);
    if (value !== undefined) return { value, length: known.length };
  }
  const [word = ''] = /^\$?[\w.]+/.exec(text) ?? [];
  const register = names.registers.get(word.replace(/^\$/, '').toLowerCase());
  if (register !== undefined) return { value: register, length: word.length };
  const value = readNumber(word);
  return value === undefined ? undefined : { value, length: word.length };
}

/** Digits alone are decimal; with a letter among them, or after 0x, they are hexadecimal. */
function readNumber(word: string): bigint | undefined {
  const plain = word.replaceAll('_', '');
  if (/^0x[0-9a-f]{1,16}$/i.test(plain) || /^\d{1,20}$/.test(plain)) return BigInt(plain);
  return /^[0-9a-f]{1,16}$/i.test(plain) ? BigInt(`0x${plain}`) : undefined;
}

/** Mappings by what people call them: names as in /proc/PID/maps, and of paths the last part. */
export class MappingNames<Mapping extends Pick<MemoryMapping, 'name' | 'start' | 'offset'>> {
  /** Where the first mapping of each name would begin if all of the file were mapped. */
  readonly #bases = new Map<string, bigint>();
  readonly #byShortName = new Map<string, bigint>();
  readonly #short = new Set<string>();

  constructor(mappings: Iterable<Mapping>) {
    for (const mapping of mappings) {
      const { name } = mapping;
      if (name === '' || this.#bases.has(name)) continue;
      const base = fileBase(mapping);
      const short = lastPart(name);
      this.#bases.set(name, base);
      this.#short.add(short);
      if (!this.#byShortName.has(short.toLowerCase())) this.#byShortName.set(short.toLowerCase(), base);
    }
  }

  /** Where a whole name begins. */
  base(name: string): bigint | undefined {
    return this.#bases.get(name);
  }

  /** Names that {@link find} knows, each once: the last parts of paths, then whole ones. */
  names(): readonly string[] {
    return [...new Set([...this.#short, ...this.#bases.keys()])];
  }

  /** Where a name begins; of paths the last part is enough. */
  find(name: string): bigint | undefined {
    return this.#bases.get(name) ?? this.#byShortName.get(name.toLowerCase());
  }
}

/** The last part of a path; `(deleted)` does not belong to it. Other names (`[heap]`) are what they are. */
export function lastPart(name: string): string {
  return name.startsWith('/') ? (name.split('/').at(-1) ?? name).replace(/ \(deleted\)$/, '') : name;
}
