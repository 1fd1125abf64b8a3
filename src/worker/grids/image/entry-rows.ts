import type { FieldChildren, FieldNode } from '../../../core/checkpoint/raw/field-nodes.ts';
import { searchableText, type Filter, type FilterField } from '../../../protocol/filter.ts';
import type { CellValue } from '../../../protocol/grid.ts';
import { typeText, valueText } from './node-text.ts';

/** A row of the tree of one entry. */
export interface NodeRow {
  readonly node: FieldNode;
  /** `3.reg.name`: the keys from the entry on. */
  readonly id: string;
  readonly depth: number;
  /** Where in the entry's rows the row above stands; -1 for the entry itself. */
  readonly parent: number;
  readonly position: number;
  readonly siblings: number;
  readonly expandable: boolean;
  readonly expanded: boolean;
  /** It is shown because something below it matches. */
  readonly context: boolean;
}

/** How a tree is looked at. */
export interface Look {
  /** Rows that are unfolded or folded against the rule. */
  readonly toggled: ReadonlySet<string>;
  /** Whether the entries themselves are unfolded unless toggled. */
  readonly unfolded: boolean;
  /** Hides what does not match; undefined where it hides nothing. */
  readonly filter?: Filter;
}

export const FIELDS: readonly FilterField[] = [
  { id: 'field', kind: 'code', label: 'Field' },
  { id: 'value', kind: 'code', label: 'Value' },
  { id: 'type', kind: 'word', label: 'Type' },
];

/** A longer list is shown in ranges. */
const RANGE = 1000;
/** Of one entry so many nodes are looked at for a filter: the rest of it counts as no match. */
const MAX_SEARCHED = 100_000;

/** The rows of an entry that are shown: none where the filter hides all of it. */
export function rowsOf(entry: FieldNode, look: Look): readonly NodeRow[] {
  const rows: NodeRow[] = [];
  const shown = look.filter && new Search(look.filter).of(entry);
  if (look.filter && !shown?.holdsMatch) return rows;
  add(rows, { node: entry, id: entry.key, depth: 0, parent: -1, position: 1, siblings: 1 }, look, shown);
  return rows;
}

type Placed = Pick<NodeRow, 'node' | 'id' | 'depth' | 'parent' | 'position' | 'siblings'>;

/** What a filter found of a node: whether it matches, and which of the nodes below it are shown. */
interface Found {
  readonly matches: boolean;
  readonly holdsMatch: boolean;
  readonly below: readonly (readonly [node: FieldNode, found: Found])[];
}

function add(rows: NodeRow[], place: Placed, look: Look, found: Found | undefined): void {
  const { node, id, depth } = place;
  const below = found ? found.below.map(([child]) => child) : undefined;
  const count = below ? below.length : (node.children?.count ?? 0);
  const unfoldedByRule = found !== undefined || (depth === 0 && look.unfolded);
  const expanded = count > 0 && unfoldedByRule !== look.toggled.has(id);
  const own = rows.length;
  rows.push({ ...place, expandable: count > 0, expanded, context: found?.matches === false });
  if (!expanded) return;
  const children = below
    ? { count, at: (index: number) => below[index] as FieldNode }
    : ranged(node.children as FieldChildren);
  const base = isRange(node) ? id.slice(0, id.lastIndexOf('.')) : id;
  for (let index = 0; index < children.count; index++) {
    const child = children.at(index);
    const childId = `${base}.${encodeKey(child.key)}`;
    const next = {
      node: child,
      id: childId,
      depth: depth + 1,
      parent: own,
      position: index + 1,
      siblings: children.count,
    };
    add(rows, next, look, found?.below[index]?.[1]);
  }
}

class Search {
  readonly #filter: Filter;
  #left = MAX_SEARCHED;

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  of(node: FieldNode): Found {
    const below: (readonly [FieldNode, Found])[] = [];
    for (let index = 0; index < (node.children?.count ?? 0) && this.#left > 0; index++) {
      this.#left--;
      const child = node.children?.at(index) as FieldNode;
      const found = this.of(child);
      if (found.holdsMatch) below.push([child, found]);
    }
    const matches = this.#filter.matches(asFilterRow(node));
    return { matches, holdsMatch: matches || below.length > 0, below };
  }
}

function asFilterRow(node: FieldNode): Parameters<Filter['matches']>[0] {
  const value = (index: number): CellValue => {
    if (index === 0) return node.name;
    if (index === 2) return typeText(node);
    // What a folded node tells of others is theirs.
    return node.children ? (node.hint ?? null) : valueText(node);
  };
  return { value, text: () => searchableText(FIELDS, value) };
}

/** A list of very many members as ranges of them, and these again where there are too many. */
export function ranged(children: FieldChildren, from = 0): FieldChildren {
  if (children.count <= RANGE) return children;
  let size = RANGE;
  while (children.count / size > RANGE) size *= RANGE;
  const count = Math.ceil(children.count / size);
  return {
    count,
    at: (index) => {
      const start = index * size;
      const members = Math.min(size, children.count - start);
      const inner = { count: members, at: (member: number) => children.at(start + member) };
      return rangeNode(from + start, members, ranged(inner, from + start));
    },
  };
}

function rangeNode(start: number, members: number, children: FieldChildren): FieldNode {
  const last = start + members - 1;
  return {
    key: `~${start}-${last}`,
    name: `[${start} … ${last}]`,
    type: '',
    children,
    json: () => Array.from({ length: children.count }, (_, index) => children.at(index).json()),
  };
}

export function isRange({ key }: FieldNode): boolean {
  return key.startsWith('~');
}

/** Keys stand between dots: one that has a dot in it is written otherwise. */
export function encodeKey(key: string): string {
  return key.replaceAll('%', '%25').replaceAll('.', '%2E');
}

/** The nodes from an entry down to that of a path, ranges among them; as far as there are any. */
export function pathTo(entry: FieldNode, path: string): readonly { readonly node: FieldNode; readonly id: string }[] {
  const found = [{ node: entry, id: entry.key }];
  for (const key of path.split('.').slice(1)) {
    const above = found.at(-1) as { node: FieldNode; id: string };
    const base = isRange(above.node) ? above.id.slice(0, above.id.lastIndexOf('.')) : above.id;
    const steps = above.node.children && descend(ranged(above.node.children), key);
    if (!steps) break;
    for (const node of steps) found.push({ node, id: `${base}.${encodeKey(node.key)}` });
  }
  return found;
}

/** The child of that key, with the ranges that it stands in before it. */
function descend(children: FieldChildren, key: string): readonly FieldNode[] | undefined {
  const first = children.count > 0 ? children.at(0) : undefined;
  if (first && isRange(first) && /^\d+$/.test(key)) {
    const size = Number(/-(\d+)$/.exec(first.key)?.[1] ?? 0) + 1 - Number(/^~(\d+)/.exec(first.key)?.[1] ?? 0);
    const start = Number(/^~(\d+)/.exec(first.key)?.[1] ?? 0);
    const range =
      children.count > Math.floor((Number(key) - start) / size) && Number(key) >= start
        ? children.at(Math.floor((Number(key) - start) / size))
        : undefined;
    const inner = range?.children && descend(range.children, key);
    return range && inner && [range, ...inner];
  }
  const place = /^\d+$/.test(key) && first?.name === '[0]' ? Number(key) : undefined;
  if (place !== undefined) return place < children.count ? [children.at(place)] : undefined;
  for (let index = 0; index < children.count; index++) {
    const child = children.at(index);
    if (encodeKey(child.key) === key) return [child];
  }
  return undefined;
}
