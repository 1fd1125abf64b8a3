import { samePlace, spotOf, type Place } from '../../src/protocol/place.ts';

export interface History {
  readonly places: readonly Place[];
  /** Where one is among them. */
  readonly at: number;
  /** When the last place was entered, milliseconds. */
  readonly since: number;
}

const MAX_PLACES = 100;
/** Rows passed more quickly than this on the way through one tab are not places where one has been. */
const PASSING_MS = 800;

export function startHistory(place: Place): History {
  return { places: [place], at: 0, since: Number.NEGATIVE_INFINITY };
}

/** Goes to a new place; what was ahead is forgotten. */
export function visit(history: History, place: Place, now: number): History {
  const current = history.places[history.at];
  if (current && samePlace(current, place)) return history;
  const bare = current !== undefined && current.row === undefined && spotOf(current) === undefined;
  // An address or a field that was gone to is a place, however soon one goes on; the row that goes with an address is
  // found a moment later.
  const same = current !== undefined && sameSpot(current, place);
  const gone = current !== undefined && spotOf(current) !== undefined && !same;
  const completed = same && current.address !== undefined && current.pid === place.pid;
  const settling = current?.tab === place.tab && (bare || completed || (!gone && now - history.since < PASSING_MS));
  const kept = history.places.slice(0, settling ? history.at : history.at + 1);
  const places = [...kept, place].slice(-MAX_PLACES);
  return { places, at: places.length - 1, since: now };
}

function sameSpot(one: Place, other: Place): boolean {
  return one.address === other.address && one.length === other.length && one.path === other.path;
}

/** One step back (-1) or forward (1); the same history where there is no such step. */
export function step(history: History, direction: -1 | 1): History {
  const at = history.at + direction;
  return history.places[at] ? { ...history, at, since: Number.NEGATIVE_INFINITY } : history;
}

/** The same history with the current place named more exactly. */
export function settle(history: History, place: Place): History {
  return { ...history, places: history.places.with(history.at, place) };
}

export function canStep(history: History, direction: -1 | 1): boolean {
  return history.places[history.at + direction] !== undefined;
}

export function here(history: History): Place | undefined {
  return history.places[history.at];
}
