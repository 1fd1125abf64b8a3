import type { FactRef, ImagePlace, RawDetail, RawEntry } from '../../../protocol/raw.ts';
import type { FileSet } from '../../archive/file-set.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { Notebook } from '../notebook.ts';
import type { DecodedImage } from './decoded-image.ts';

/** The archive as it is, entry by entry, and every image decoded. */
export interface Raw {
  /** In the order of the archive, as far as they are known. */
  entries(): Promise<readonly RawEntry[]>;
  /** @throws CheckpointError `not-found`, and what reading the entry throws */
  entry(path: string, signal?: AbortSignal): Promise<RawDetail>;
  /**
   * An image, decoded as its entries are asked for.
   * @throws CheckpointError `not-found`, `unsupported` where the entry has none, and what reading it throws
   */
  image(path: string, signal?: AbortSignal): Promise<DecodedImage>;
  /** CRIU's number of the architecture that the dump is of; undefined where no image tells. */
  machine(signal?: AbortSignal): Promise<number | undefined>;
  /** Where the images tell of a fact; undefined where none does. */
  place(fact: FactRef, signal?: AbortSignal): Promise<ImagePlace | undefined>;
}

/** Where the answers come from. */
export interface RawSources {
  readonly files: FileSet;
  /** Folder of the images in the archive, with its `/`. */
  readonly imagesPrefix: string;
  readonly images: ImageDirectory;
  /** CRIU's number of the architecture that the dump is of; undefined where no image tells. */
  readonly machine: (signal?: AbortSignal) => Promise<number | undefined>;
  readonly notebook: Notebook;
}

/** Loads what answers when it is first asked. */
export function openRaw(sources: RawSources): Raw {
  let loading: Promise<Omit<Raw, 'machine'>> | undefined;
  const load = (): Promise<Omit<Raw, 'machine'>> =>
    (loading ??= import('./dumped-raw.ts').then(({ DumpedRaw }) => new DumpedRaw(sources)));
  return {
    entries: async () => (await load()).entries(),
    entry: async (...of) => (await load()).entry(...of),
    image: async (...of) => (await load()).image(...of),
    machine: sources.machine,
    place: async (...of) => (await load()).place(...of),
  };
}
