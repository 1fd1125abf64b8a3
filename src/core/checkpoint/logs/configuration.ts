import type { ConfigurationNode, ConfigurationTree } from '../../../protocol/logs.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { Json } from '../json.ts';

/** Nodes that are listed; the file in an editor has all. */
const MAX_NODES = 100_000;
/** JSON in JSON in JSON: more is not met, and a hostile file may go on without end. */
const MAX_EMBEDDED = 4;
/** A list or object in a text; anything shorter says more as it stands. */
const MIN_EMBEDDED = 8;

/** Keys of lists of `NAME=value`. */
const ENVIRONMENT_KEYS: ReadonlySet<string> = new Set(['env', 'envs', 'environment']);
/** Options of a command line behind which such a value stands. */
const ENVIRONMENT_OPTIONS: ReadonlySet<string> = new Set(['-e', '--env']);

/** A value of JSON whose whole numbers are exact: bigint where a number would lose digits. */
export type JsonValue = Json | bigint;

/** As JSON.parse, with all digits of whole numbers: engines write times in nanoseconds. @throws SyntaxError */
export function parseExactly(text: string): JsonValue {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    const loses = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    return loses && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  try {
    return JSON.parse(text, revive) as JsonValue;
  } catch (error) {
    // What nests deeper than the stack reaches is read with the digits that a number keeps.
    if (error instanceof RangeError) return JSON.parse(text) as JsonValue;
    throw error;
  }
}

interface Open {
  readonly key: string;
  readonly value: JsonValue;
  readonly parent: number;
  /** How many texts it was unfolded from. */
  readonly embedded: number;
  readonly secret: ConfigurationNode['secret'];
  /** What it is of an environment. */
  readonly within: 'environment' | 'variable' | undefined;
}

/**
 * A file of JSON as a list of nodes, parents before their children. Texts that hold JSON, as annotations do, are
 * unfolded. Values of the environment are marked: a person sees them masked.
 */
export function unfold(root: JsonValue): ConfigurationTree {
  const nodes: ConfigurationNode[] = [];
  const open: Open[] = [{ key: '', value: root, parent: -1, embedded: 0, secret: undefined, within: undefined }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (nodes.length >= MAX_NODES) {
      return { nodes, problem: sentence('Only the first {0} values are listed here.', MAX_NODES) };
    }
    const index = nodes.length;
    // The file itself is no node of the list: its members stand at the top.
    const isRoot = next.parent === -1 && next.key === '' && index === 0 && next.value === root;
    if (isRoot && isContainer(root)) {
      pushMembers(root, -1, next, open);
      continue;
    }
    const inner = innerOf(next);
    nodes.push(describe(next, inner?.value));
    if (inner !== undefined) pushMembers(inner.value, index, { ...next, embedded: inner.embedded }, open);
  }
  return { nodes };
}

type Container = Extract<Json, object>;

function isContainer(value: JsonValue | undefined): value is Container {
  return typeof value === 'object' && value !== null;
}

/** @param inner what stands below it */
function describe({ key, value, parent, secret }: Open, inner: Container | undefined): ConfigurationNode {
  const common = {
    parent,
    key,
    ...(inner && { members: Array.isArray(inner) ? inner.length : Object.keys(inner).length }),
  };
  if (Array.isArray(value)) return { ...common, kind: 'list' };
  if (isContainer(value)) return { ...common, kind: 'object' };
  if (value === null) return { ...common, kind: 'null', value };
  switch (typeof value) {
    case 'string':
      return { ...common, kind: 'text', value, ...(inner && { embedded: true }), ...(secret && { secret }) };
    case 'boolean':
      return { ...common, kind: 'boolean', value };
    default:
      return { ...common, kind: 'number', value: typeof value === 'bigint' ? String(value) : value };
  }
}

/** What stands below a value: its members, or those of the JSON that it holds as text. */
function innerOf({ value, embedded, secret }: Open): { value: Container; embedded: number } | undefined {
  if (isContainer(value)) return { value, embedded };
  if (typeof value !== 'string' || secret || embedded >= MAX_EMBEDDED || value.length < MIN_EMBEDDED) return undefined;
  if (!/^\s*[[{]/.test(value)) return undefined;
  try {
    const inner = parseExactly(value);
    return isContainer(inner) ? { value: inner, embedded: embedded + 1 } : undefined;
  } catch {
    return undefined;
  }
}

type Member = readonly [key: string, value: JsonValue];

/** Backwards, because the last one pushed is taken first. */
function pushMembers(container: Container, parent: number, of: Open, open: Open[]): void {
  const members: readonly Member[] = Array.isArray(container)
    ? (container as readonly JsonValue[]).map((value, index) => [String(index), value] as const)
    : Object.entries(container).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  const first = Math.max(0, MAX_NODES - parent);
  for (let index = Math.min(members.length, first) - 1; index >= 0; index--) {
    const member = members[index] as Member;
    const [key, value] = member;
    const before = index > 0 ? members[index - 1]?.[1] : undefined;
    const within = withinOf(key, of.within);
    open.push({ key, value, parent, embedded: of.embedded, within, secret: secretOf(member, before, container, of) });
  }
}

/** Environments are lists of `NAME=value`, lists of `{"name": …, "value": …}`, or objects. */
function withinOf(key: string, outer: Open['within']): Open['within'] {
  if (ENVIRONMENT_KEYS.has(key.toLowerCase())) return 'environment';
  return outer === 'environment' ? 'variable' : undefined;
}

/** A value of the environment: in one, or in a command line behind the option that sets one. */
function secretOf(
  [key, value]: Member,
  before: JsonValue | undefined,
  container: Container,
  { within }: Open,
): ConfigurationNode['secret'] {
  if (typeof value !== 'string') return undefined;
  const isAssignment = value.includes('=');
  if (within === 'variable') return key.toLowerCase() === 'value' ? 'value' : undefined;
  if (within === 'environment') {
    if (!Array.isArray(container)) return 'value';
    return isAssignment ? 'assignment' : undefined;
  }
  const isOption = typeof before === 'string' && ENVIRONMENT_OPTIONS.has(before);
  return (isOption && isAssignment) || /^--env=[^=]+=/.test(value) ? 'assignment' : undefined;
}
