import { createHash } from 'node:crypto';
import type { SeccompFilterFacts } from '../../../protocol/seccomp.ts';
import { decodeMessage } from '../../criu/decode-message.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { visitParts } from '../../criu/message-parts.ts';
import type { Notebook } from '../notebook.ts';
import { INSTRUCTION_BYTES, MAX_INSTRUCTIONS } from './bpf/program.ts';

const IMAGE = 'seccomp.img';
/** A filter of the kernel's most instructions, and its other fields. */
const MAX_PART = MAX_INSTRUCTIONS * INSTRUCTION_BYTES + 1024;
const MAX_FILTERS = 100_000;
/** The kernel takes filters until all of a thread's have 32768 instructions, four added for each filter. */
const MAX_CHAIN = 8192;

/** Source: include/uapi/linux/seccomp.h, SECCOMP_FILTER_FLAG_*. */
const FLAGS: readonly string[] = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'NEW_LISTENER', 'TSYNC_ESRCH', 'WAIT_KILLABLE_RECV'];

/** Where each filter of seccomp.img stands, and which of them are the same. The programs stay in the image. */
export class SeccompFilters {
  readonly #filters: readonly SeccompFilterFacts[];
  readonly #lengths: readonly number[];
  /** By its index, the filter that each leads on to. */
  readonly #links: readonly (number | undefined)[];

  private constructor(
    filters: readonly SeccompFilterFacts[],
    lengths: readonly number[],
    links: readonly (number | undefined)[],
  ) {
    this.#filters = filters;
    this.#lengths = lengths;
    this.#links = links;
  }

  /** Reads the image once, from front to back. Empty where there is none, or not yet. */
  static async load(images: ImageDirectory, notebook: Notebook, signal?: AbortSignal): Promise<SeccompFilters> {
    const filters: SeccompFilterFacts[] = [];
    const lengths: number[] = [];
    const links: (number | undefined)[] = [];
    const source = images.openNow(IMAGE);
    if (!source) return new SeccompFilters(filters, lengths, links);
    const firstOf = new Map<string, number>();
    try {
      const list = { kind: 'SECCOMP', field: 1, maxPart: MAX_PART, maxParts: MAX_FILTERS } as const;
      const notes = await visitParts(
        source,
        images.path(IMAGE),
        list,
        ({ bytes, offset }) => {
          const { message } = decodeMessage('seccomp_filter', bytes);
          const index = filters.length;
          const digest = createHash('sha256').update(message.filter).digest('base64');
          const first = firstOf.get(digest);
          if (first === undefined) firstOf.set(digest, index);
          lengths.push(bytes.length);
          links.push(message.prev);
          filters.push({
            index,
            instructions: Math.floor(message.filter.length / INSTRUCTION_BYTES),
            flags: flagNames(message.flags ?? 0),
            ...(first !== undefined && { sameAs: first }),
            offset,
          });
        },
        signal,
      );
      notebook.add(...notes);
    } finally {
      await source.close();
    }
    return new SeccompFilters(filters, lengths, links);
  }

  get size(): number {
    return this.#filters.length;
  }

  get(index: number): SeccompFilterFacts | undefined {
    return this.#filters[index];
  }

  /**
   * A filter and those that the image leads on to from it. A damaged image may lead round in a ring or to nowhere: the
   * chain then ends.
   */
  chain(index: number): readonly SeccompFilterFacts[] {
    const chain: SeccompFilterFacts[] = [];
    const seen = new Set<number>();
    for (let next = this.#filters[index]; next && !seen.has(next.index) && chain.length < MAX_CHAIN;) {
      seen.add(next.index);
      chain.push(next);
      const link = this.#links[next.index];
      next = link === undefined ? undefined : this.#filters[link];
    }
    return chain;
  }

  /** The bytes of a filter's program. */
  async program(images: ImageDirectory, index: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const filter = this.#filters[index];
    const source = filter && images.openNow(IMAGE);
    if (!source) return undefined;
    try {
      const bytes = await source.read(filter.offset, this.#lengths[index] ?? 0, signal);
      return decodeMessage('seccomp_filter', bytes).message.filter;
    } finally {
      await source.close();
    }
  }
}

function flagNames(flags: number): readonly string[] {
  const named = FLAGS.filter((_, bit) => ((flags >>> bit) & 1) === 1);
  const rest = flags & ~((1 << FLAGS.length) - 1);
  return rest === 0 ? named : [...named, `0x${(rest >>> 0).toString(16)}`];
}
