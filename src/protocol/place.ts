/** The tabs of the editor, in the order in which they stand. */
export const TABS = [
  'overview',
  'processes',
  'files',
  'sockets',
  'memory',
  'mounts',
  'filesystem',
  'identity',
  'logs',
  'raw',
] as const;

export type TabName = (typeof TABS)[number];

/** A place in the editor: where a link leads, and Back and Forward. */
export interface Place {
  readonly tab: TabName;
  /** Id of a row in the tab's grid. */
  readonly row?: string;
  /** The process that it is about. Going there makes it the subject of every tab. */
  readonly pid?: number;
  /** Memory: where, `0x…`, and how many bytes to mark from there on. */
  readonly address?: string;
  readonly length?: number;
  /** What inside of the row, e.g. a field of a decoded image: `3.reg.name`. */
  readonly path?: string;
}

/** The part of a place that the tab itself shows, beside the row of its grid. */
export type Spot = Pick<Place, 'address' | 'length' | 'path'>;

export function isTab(raw: unknown): raw is TabName {
  return (TABS as readonly unknown[]).includes(raw);
}

export function spotOf({ address, length, path }: Place): Spot | undefined {
  if (address === undefined && path === undefined) return undefined;
  return {
    ...(address !== undefined && { address }),
    ...(length !== undefined && { length }),
    ...(path !== undefined && { path }),
  };
}

export function samePlace(one: Place, other: Place): boolean {
  return (
    one.tab === other.tab &&
    one.row === other.row &&
    one.pid === other.pid &&
    one.address === other.address &&
    one.length === other.length &&
    one.path === other.path
  );
}
