import type { Awaitable } from '../../../bytes/awaitable.ts';
import type { SearchMatch } from '../../../../protocol/search.ts';
import type { ScanFile } from '../scan/task.ts';

/** Bytes at places that follow each other. */
export interface SpacePiece {
  readonly start: bigint;
  readonly length: number;
  /** Where they are in an open file; absent where they come along. */
  readonly file?: ScanFile;
  readonly offset?: number;
  readonly bytes?: Uint8Array;
}

export interface SpacePieces {
  /** In order, without overlaps. */
  readonly pieces: readonly SpacePiece[];
  /** Where the next ones begin to be looked for; absent where there are no more. */
  readonly next?: bigint;
}

/** A match at its place, before it is known what it belongs to. */
export type PlacedMatch = Pick<SearchMatch, 'length' | 'encoding' | 'context' | 'contextOffset' | 'cut'> & {
  readonly start: bigint;
};

/** What has places of its own: the memory of a process, a memory object, a file. Within it neighbours are neighbours. */
export interface SearchSpace {
  /**
   * The pieces from a place on, about as many bytes as wanted.
   * @throws CheckpointError what the sources throw
   */
  pieces(from: bigint | undefined, wanted: number, signal?: AbortSignal): Awaitable<SpacePieces>;
  /** Those of its pieces that have a part in a range, cut to it. */
  range(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]>;
  /** Places where what is searched here touches what is searched elsewhere, or where two such things touch. */
  borders?(signal?: AbortSignal): Promise<readonly bigint[]>;
  /** All bytes so near to a border, whoever searches them. */
  around?(place: bigint, reach: bigint, signal?: AbortSignal): Promise<readonly SpacePiece[]>;
  /** What a match is, as those want to know who look for it: none, one, or one for each process that has it. */
  describe(match: PlacedMatch, signal?: AbortSignal): Promise<readonly SearchMatch[]>;
  /** A place in words, and which entry of the archive it belongs to: for notes. */
  name(place: bigint): { readonly where: string; readonly text: string };
}
