import type { ChangeKind } from './changes.ts';

/** How the bytes of changed files divide among what is in a folder. */
export interface SizePicture {
  /** From the top down to the folder itself; empty at the top. Ids are those of rows. */
  readonly trail: readonly { readonly id: string; readonly name: string }[];
  /** Bytes and number of all files below it that have any and match. */
  readonly bytes: number;
  readonly files: number;
  readonly parts: readonly SizePart[];
  readonly rest: SizeRest;
}

export interface SizePart {
  /** Of its row in the table of changes. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Absent of a folder that is there only for what is below it. */
  readonly kind?: ChangeKind;
  readonly isFolder: boolean;
  /** Where the file view has it, if an editor can show it. */
  readonly path?: string;
  /** Of a folder that is large enough to be looked into: what is in it. */
  readonly parts: readonly SizePart[];
  readonly rest: SizeRest;
}

/** What is too small to be drawn. */
export interface SizeRest {
  readonly count: number;
  readonly bytes: number;
}
