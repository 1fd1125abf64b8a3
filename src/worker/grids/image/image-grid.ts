import type { DecodedImage } from '../../../core/checkpoint/raw/decoded-image.ts';
import type { FieldNode } from '../../../core/checkpoint/raw/field-nodes.ts';
import { Breather } from '../../../core/bytes/cancel.ts';
import { jsonText } from '../../../core/criu/json-text.ts';
import { CheckpointError } from '../../../core/errors.ts';
import { fold, parseFilter } from '../../../protocol/filter.ts';
import type { CopyFormat, GridCell, GridColumn, GridQuery, GridRow, GridWindow } from '../../../protocol/grid.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { copyRows } from '../copy.ts';
import type { Grid } from '../grid.ts';
import type { TableKind } from '../table.ts';
import { FIELDS, pathTo, rowsOf, type Look, type NodeRow } from './entry-rows.ts';
import { nameCell, typeCell, typeText, valueCell, valueText } from './node-text.ts';
import { Slots } from './slots.ts';

/** An image with no more entries than these shows them unfolded. */
const FEW_ENTRIES = 20;
const MAX_WINDOW = 1000;
/** Entries that are decoded together. */
const BATCH = 64;
/** Rows of unfolded entries that are kept for the next window. */
const KEPT_ROWS = 50_000;
/** More entries are not copied at once: who wants them opens the image as JSON. */
const MAX_COPIED = 10_000;
/** No column is wide enough for more. UTF-16 units. */
const MAX_TEXT = 2000;

const COLUMNS: readonly GridColumn[] = [
  { id: 'field', label: 'Field', kind: 'code', flex: 2, tree: true, unsorted: true },
  { id: 'value', label: 'Value', kind: 'code', flex: 4, unsorted: true },
  { id: 'type', label: 'Type', kind: 'word', flex: 2, unsorted: true },
];

interface CopiedRow {
  readonly id: string;
  readonly node: FieldNode;
}

/** What text and CSV have of a row: its whole path, since it stands without those above it. */
const COPIED: TableKind<CopiedRow> = {
  columns: [
    { id: 'field', label: 'Field', kind: 'code', value: ({ id }) => id },
    { id: 'value', label: 'Value', kind: 'code', value: ({ node }) => valueText(node) },
    { id: 'type', label: 'Type', kind: 'text', value: ({ node }) => typeText(node) },
  ],
  hidden: [],
};

/** What is the same for all windows of one look at the image. */
class View {
  readonly look: Look;
  readonly slots: Slots;
  /** Rows of entries that were shown, by entry. */
  readonly #rows = new Map<number, readonly NodeRow[]>();
  #kept = 0;

  constructor(look: Look, slots: Slots) {
    this.look = look;
    this.slots = slots;
  }

  rowsOf(slot: number): readonly NodeRow[] | undefined {
    return this.#rows.get(this.slots.entry(slot));
  }

  keep(entry: number, node: FieldNode): void {
    const rows = rowsOf(node, this.look);
    this.#rows.set(entry, rows);
    this.#kept += rows.length;
  }

  /** Lets go of what was shown before, where that is much; not of some slots, however many rows these have. */
  makeRoom(first: number, last: number): void {
    if (this.#kept <= KEPT_ROWS) return;
    const shown = new Set(Array.from({ length: last - first + 1 }, (_, place) => this.slots.entry(first + place)));
    for (const [entry, { length }] of this.#rows) {
      if (shown.has(entry)) continue;
      this.#rows.delete(entry);
      this.#kept -= length;
    }
  }
}

/**
 * A decoded image as a tree. An entry is decoded when a window shows it, and what is folded away is never looked at: an
 * image may have millions of entries, and an entry millions of members.
 */
export class ImageGrid implements Grid {
  readonly #image: DecodedImage;
  readonly #unfolded: boolean;
  /** The last one: a filter or something unfolded makes another. */
  #view: { readonly key: string; readonly view: View } | undefined;

  constructor(image: DecodedImage) {
    this.#image = image;
    this.#unfolded = image.count <= FEW_ENTRIES;
  }

  async window(query: GridQuery, signal: AbortSignal): Promise<GridWindow> {
    const revealed = query.reveal === undefined ? undefined : await this.#pathTo(query.reveal, signal);
    const toggled = revealed && this.#unfoldAbove(revealed.ids, query);
    const view = await this.#look(toggled ? { ...query, toggled } : query, signal);
    const { slots } = view;
    const start = Math.min(whole(query.start), slots.rows);
    const end = Math.min(start + Math.min(whole(query.count), MAX_WINDOW), slots.rows);
    const found = query.find && (await this.#find(view, query.find, signal));
    return {
      columns: COLUMNS,
      total: this.#image.count,
      matched: slots.count,
      visible: slots.rows,
      start,
      rows: await this.#rows(view, start, end, signal),
      ...(found !== undefined && { found }),
      ...(query.reveal !== undefined && { revealed: await this.#position(view, revealed?.ids ?? [], signal) }),
      ...(toggled && { toggled }),
      complete: true,
    };
  }

  async copy(
    query: GridQuery,
    format: CopyFormat,
    ids: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const rows: CopiedRow[] = [];
    if (ids) {
      for (const id of ids) {
        const path = await this.#pathTo(id, signal);
        const last = path.nodes.at(-1);
        if (last && path.ids.at(-1) === id) rows.push({ id, node: last });
      }
    } else {
      const { slots } = await this.#look(query, signal);
      if (slots.count > MAX_COPIED) {
        const text = sentence(
          'These are more than {0} entries: open the image as JSON to have all of them.',
          MAX_COPIED,
        );
        throw new CheckpointError('too-large', text);
      }
      const entries = Array.from({ length: slots.count }, (_, slot) => slots.entry(slot));
      for (const node of await this.#image.read(entries, signal)) rows.push({ id: node.key, node });
    }
    if (format !== 'json') return copyRows(COPIED, rows, format);
    return jsonText(
      rows.map(({ id, node }) => ({ path: id, type: node.type, value: node.json() })),
      2,
    );
  }

  /** The rows to scroll over, for a filter and what is unfolded. */
  async #look({ filter: text, toggled }: GridQuery, signal: AbortSignal): Promise<View> {
    const key = [text, ...toggled].join('\u0000');
    if (this.#view?.key === key) return this.#view.view;
    const filter = parseFilter(text, FIELDS);
    const look: Look = { toggled: new Set(toggled), unfolded: this.#unfolded, ...(!filter.empty && { filter }) };
    const slots = filter.empty ? await this.#folded(look, signal) : await this.#filtered(look, signal);
    const view = new View(look, slots);
    this.#view = { key, view };
    return view;
  }

  /** Without a filter every entry is one row, but for those that are unfolded. */
  async #folded(look: Look, signal: AbortSignal): Promise<Slots> {
    const { count } = this.#image;
    const changed = [...look.toggled].map((id) => Number(id.split('.', 1)[0])).filter((index) => index < count);
    const looked = this.#unfolded ? Array.from({ length: count }, (_, index) => index) : [...new Set(changed)];
    const counts = new Map<number, number>();
    const use = (index: number, node: FieldNode): void => void counts.set(index, rowsOf(node, look).length);
    await this.#each(looked.length, (place) => looked[place] as number, use, signal);
    return Slots.ofAll(count, counts);
  }

  async #filtered(look: Look, signal: AbortSignal): Promise<Slots> {
    const entries: number[] = [];
    const sizes: number[] = [];
    const use = (index: number, node: FieldNode): void => {
      const { length } = rowsOf(node, look);
      if (length === 0) return;
      entries.push(index);
      sizes.push(length);
    };
    await this.#each(this.#image.count, (place) => place, use, signal);
    return Slots.of(entries, sizes);
  }

  /** Decodes entries, some at once, and lets others do something between. */
  async #each(
    count: number,
    entryAt: (place: number) => number,
    use: (index: number, node: FieldNode) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const breather = new Breather();
    for (let from = 0; from < count; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, place) => entryAt(from + place));
      const nodes = await this.#image.read(batch, signal);
      nodes.forEach((node, place) => use(batch[place] as number, node));
      if (breather.isDue) await breather.breathe(signal);
    }
  }

  async #rows(view: View, start: number, end: number, signal: AbortSignal): Promise<readonly GridRow[]> {
    if (start >= end) return [];
    const first = view.slots.at(start);
    const last = view.slots.at(end - 1);
    await this.#fetch(view, first, last, signal);
    const rows: GridRow[] = [];
    for (let slot = first; slot <= last; slot++) {
      const base = view.slots.start(slot);
      const of = view.rowsOf(slot) ?? [];
      const from = Math.max(0, start - base);
      for (const row of of.slice(from, end - base)) rows.push(gridRow(row, of, slot, view.slots.count));
    }
    return rows;
  }

  /** Decodes the entries of some slots that are not at hand. */
  async #fetch(view: View, first: number, last: number, signal: AbortSignal): Promise<void> {
    view.makeRoom(first, last);
    const wanted: number[] = [];
    for (let slot = first; slot <= last; slot++) if (!view.rowsOf(slot)) wanted.push(view.slots.entry(slot));
    const use = (entry: number, node: FieldNode): void => view.keep(entry, node);
    await this.#each(wanted.length, (place) => wanted[place] as number, use, signal);
  }

  /** Ids and nodes from an entry down to a path, as far as there are any. */
  async #pathTo(id: string, signal: AbortSignal): Promise<{ ids: readonly string[]; nodes: readonly FieldNode[] }> {
    const entry = Number(id.split('.', 1)[0]);
    if (!Number.isSafeInteger(entry) || entry < 0 || entry >= this.#image.count) return { ids: [], nodes: [] };
    const [node] = await this.#image.read([entry], signal);
    const path = node ? pathTo(node, id) : [];
    return { ids: path.map((step) => step.id), nodes: path.map((step) => step.node) };
  }

  /** `toggled` with all above the last of a path unfolded; undefined where they are. */
  #unfoldAbove(ids: readonly string[], { toggled, filter }: GridQuery): readonly string[] | undefined {
    const isFiltered = !parseFilter(filter, FIELDS).empty;
    const next = new Set(toggled);
    ids.slice(0, -1).forEach((id, depth) => {
      const unfoldedByRule = isFiltered || (depth === 0 && this.#unfolded);
      if (unfoldedByRule) next.delete(id);
      else next.add(id);
    });
    const isSame = next.size === toggled.length && toggled.every((id) => next.has(id));
    return isSame ? undefined : [...next];
  }

  /** Where the last of a path stands; -1 where it is not shown. */
  async #position(view: View, ids: readonly string[], signal: AbortSignal): Promise<number> {
    const last = ids.at(-1);
    const slot = last === undefined ? -1 : view.slots.slotOf(Number(last.split('.', 1)[0]));
    if (slot < 0) return -1;
    await this.#fetch(view, slot, slot, signal);
    const rows = view.rowsOf(slot) ?? [];
    const place = rows.findIndex(({ id }) => id === last);
    return place < 0 ? -1 : view.slots.start(slot) + place;
  }

  /** As a person types ahead: by the name of a field, or the number of an entry. */
  async #find(view: View, { text, from }: NonNullable<GridQuery['find']>, signal: AbortSignal): Promise<number> {
    const { slots } = view;
    const begin = fold(text);
    const fits = (name: string): boolean => fold(name).startsWith(begin) || fold(name).startsWith(`[${begin}`);
    const breather = new Breather();
    const start = slots.rows === 0 ? 0 : Math.min(whole(from), slots.rows) % slots.rows;
    const firstSlot = slots.rows === 0 ? 0 : slots.at(start);
    for (let step = 0; step <= slots.count && slots.count > 0; step++) {
      if (breather.isDue) await breather.breathe(signal);
      const slot = (firstSlot + step) % slots.count;
      const base = slots.start(slot);
      const entry = slots.entry(slot);
      const within = step === 0 ? start - base : 0;
      if (within === 0 && fits(`[${entry}]`)) return base;
      if (slots.size(slot) === 1) continue;
      await this.#fetch(view, slot, slot, signal);
      const rows = view.rowsOf(slot) ?? [];
      const place = rows.findIndex(({ node }, index) => index >= within && fits(node.name));
      if (place >= 0) return base + place;
    }
    return -1;
  }
}

function gridRow(row: NodeRow, all: readonly NodeRow[], slot: number, slots: number): GridRow {
  const { node, id, depth, parent, expandable, expanded, context } = row;
  return {
    id,
    depth,
    expandable,
    expanded,
    position: depth === 0 ? slot + 1 : row.position,
    siblings: depth === 0 ? slots : row.siblings,
    ...(parent >= 0 && { parent: all[parent]?.id ?? '' }),
    ...(context && { context }),
    cells: [nameCell(node), valueCell(node), typeCell(node)].map(shortened),
  };
}

function shortened(cell: GridCell): GridCell {
  const { value } = cell;
  return typeof value === 'string' && value.length > MAX_TEXT
    ? { ...cell, value: `${value.slice(0, MAX_TEXT)}…` }
    : cell;
}

function whole(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
