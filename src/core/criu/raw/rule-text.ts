import type { JsonObject, JsonValue } from '../json-text.ts';
import { lineValue, type TextLine } from './text-lines.ts';

/** Finds the tables of a text line by line. A table is given when its end is met. */
export interface RuleParser {
  /** @returns the table that ends with this line */
  line(line: TextLine): JsonObject | undefined;
  /** @returns a table that the end of the text leaves open */
  end(): JsonObject | undefined;
}

/**
 * The text of `iptables-save`: `*TABLE`, its chains (`:NAME POLICY [PACKETS:BYTES]`), its rules as they stand, `COMMIT`.
 * Facts: iptables' iptables/iptables-save.c.
 */
export class IptablesParser implements RuleParser {
  #table: { table: string; chains: JsonValue[]; rules: JsonValue[] } | undefined;

  line(line: TextLine): JsonObject | undefined {
    const text = line.text.trim();
    if (text === '' || text.startsWith('#')) return undefined;
    if (text.startsWith('*')) {
      const before = this.end();
      this.#table = { table: text.slice(1), chains: [], rules: [] };
      return before;
    }
    if (text === 'COMMIT') return this.end();
    this.#table ??= { table: '', chains: [], rules: [] };
    const chain = /^:(\S+) (\S+)(?: \[(\d{1,20}):(\d{1,20})\])?$/.exec(text);
    if (chain && line.bytes === undefined) this.#table.chains.push(chainOf(chain));
    else this.#table.rules.push(lineValue(line));
    return undefined;
  }

  end(): JsonObject | undefined {
    const table = this.#table;
    this.#table = undefined;
    return table;
  }
}

/** A chain that the user made has `-` for its policy. */
function chainOf([, name = '', policy = '-', packets, bytes]: RegExpExecArray): JsonObject {
  return {
    name,
    ...(policy !== '-' && { policy }),
    ...(packets !== undefined && bytes !== undefined && { packets: BigInt(packets), bytes: BigInt(bytes) }),
  };
}

/**
 * The text of `nft list ruleset`: blocks in braces, `table FAMILY NAME { chain NAME { … } set NAME { … } … }`. The lines
 * of a chain are its rules; what goes on over several lines, as the elements of a set do, is one. Facts: nftables' nft(8).
 */
export class NftablesParser implements RuleParser {
  #table: { family: string; table: string; lines: JsonValue[]; chains: JsonValue[]; objects: JsonValue[] } | undefined;
  #block: { readonly kind: string; readonly name: string; readonly lines: JsonValue[] } | undefined;
  /** Braces that are open within a line that goes on. */
  #open = 0;
  #parts: TextLine[] = [];

  line(line: TextLine): JsonObject | undefined {
    const text = line.text.trim();
    if (text === '' && this.#parts.length === 0) return undefined;
    const depth = this.#open + bracesOf(text);
    if (this.#parts.length === 0) {
      if (text === '}') return this.#close();
      if (text.endsWith('{') && depth === 1 && this.#begin(text)) return undefined;
    }
    this.#parts.push(line);
    this.#open = Math.max(0, depth);
    if (this.#open === 0) this.#finishLine();
    return undefined;
  }

  end(): JsonObject | undefined {
    if (this.#parts.length > 0) this.#finishLine();
    if (this.#block) this.#close();
    return this.#table ? this.#close() : undefined;
  }

  /** @returns whether the line begins a table, or a block of one */
  #begin(text: string): boolean {
    const words = text.slice(0, -1).trim().split(/\s+/);
    const [first = '', second = '', third] = words;
    if (!this.#table && first === 'table') {
      this.#table = {
        family: third === undefined ? 'ip' : second,
        table: third ?? second,
        lines: [],
        chains: [],
        objects: [],
      };
      return true;
    }
    // A block's head is its kind and its name: anything else is a line with a set in it.
    if (!this.#table || this.#block || !(words.length === 2 || (first === 'ct' && words.length === 3))) return false;
    const kind = first === 'ct' && third !== undefined ? `${first} ${second}` : first;
    this.#block = { kind, name: words.at(-1) ?? '', lines: [] };
    return true;
  }

  #close(): JsonObject | undefined {
    const [table, block] = [this.#table, this.#block];
    if (table && block) {
      const { kind, name, lines } = block;
      if (kind === 'chain') table.chains.push(ruleChain(name, lines));
      else table.objects.push({ type: kind, name, lines });
      this.#block = undefined;
      return undefined;
    }
    this.#table = undefined;
    return table;
  }

  #finishLine(): void {
    const parts = this.#parts;
    this.#parts = [];
    this.#open = 0;
    const value = lineValue(joined(parts));
    this.#table ??= { family: '', table: '', lines: [], chains: [], objects: [] };
    (this.#block ?? this.#table).lines.push(value);
  }
}

/** A chain's first lines tell where it hooks in, and what it is for; the others are its rules. */
function ruleChain(name: string, lines: readonly JsonValue[]): JsonObject {
  const first = lines.findIndex((line) => typeof line !== 'string' || !/^(type \S+ hook |comment ")/.test(line));
  const count = first === -1 ? lines.length : first;
  return { name, ...(count > 0 && { properties: lines.slice(0, count) }), rules: lines.slice(count) };
}

function joined(parts: readonly TextLine[]): TextLine {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const bytes = parts.some((part) => part.bytes)
    ? Buffer.concat(parts.flatMap((part) => [part.bytes ?? Buffer.from(part.text), Buffer.from(' ')]))
    : undefined;
  return { text: parts.map(({ text }) => text.trim()).join(' '), ...(bytes && { bytes }) };
}

/** Braces that a text opens, less those that it closes; not those in quotes. */
function bracesOf(text: string): number {
  let open = 0;
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === '{') open++;
    else if (!quoted && character === '}') open--;
  }
  return open;
}
