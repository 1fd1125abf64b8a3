/** Which rows are selected. `anchor` is where a range that Shift extends began. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly everything: boolean;
  readonly anchor?: string;
}

export const NOTHING: Selection = { ids: new Set(), everything: false };

export function selectOne(id: string): Selection {
  return { ids: new Set([id]), everything: false, anchor: id };
}

export function selectEverything(selection: Selection): Selection {
  return { ...selection, ids: new Set(), everything: true };
}

/** Adds the row, or takes it out. From everything, one goes back to that row alone: the others are not known by id. */
export function toggleOne(selection: Selection, id: string): Selection {
  if (selection.everything) return selectOne(id);
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, everything: false, anchor: id };
}

/** The rows between the anchor and where one is now, both included. */
export function selectRange(selection: Selection, ids: readonly string[]): Selection {
  return { ...selection, ids: new Set(ids), everything: false };
}

export function isSelected(selection: Selection, id: string): boolean {
  return selection.everything || selection.ids.has(id);
}
