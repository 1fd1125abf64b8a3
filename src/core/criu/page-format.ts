import type { Note, NoteKind } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { PagemapResult } from './pagemap.ts';

const usualPageSize = 4096;
const pageSizes: ReadonlySet<number> = new Set([4096, 8192, 16384, 32768, 65536]);

/** Whether some machine that CRIU runs on has pages of so many bytes. */
export function isPageSize(bytes: number): boolean {
  return pageSizes.has(bytes);
}

export interface PageFormat {
  readonly pageSize: number;
  /** False where the bytes cannot be told apart: showing them would show garbage. */
  readonly usable: boolean;
  readonly note?: Note;
}

/**
 * The page size is in no image. The process's own auxiliary vector has it; else the size of the pages image tells. Both
 * must agree with how many pages the pagemap lists.
 */
export function pageFormat(
  { pagemap, intact }: PagemapResult,
  size: number | undefined,
  hint: number | undefined,
  pages: string,
  where: string,
): PageFormat {
  const known = hint !== undefined && pageSizes.has(hint) ? hint : undefined;
  if (pagemap.presentPages === 0) return { pageSize: known ?? usualPageSize, usable: true };
  const because = (kind: NoteKind, text: Sentence): Note => ({ kind, where: pages, text });
  if (size === undefined) {
    const note = because(
      'missing',
      sentence('{0} is missing: the memory that {1} lists cannot be shown.', pages, where),
    );
    return { pageSize: known ?? usualPageSize, usable: false, note };
  }
  const derived = size / pagemap.presentPages;
  const simple = intact && !pagemap.compressed && !pagemap.aligned;
  const pageSize = known ?? (simple && pageSizes.has(derived) ? derived : usualPageSize);
  const expected = pagemap.end(pageSize);
  if (size === expected || (size > expected && !intact)) return { pageSize, usable: true };
  if (size < expected && known !== undefined && pagemap.ordered) {
    const text = sentence(
      '{0} ends after {1} of {2} bytes: the memory beyond cannot be shown; everything before it can.',
      pages,
      size,
      expected,
    );
    return { pageSize, usable: true, note: { ...because('truncated', text), offset: size } };
  }
  const text = sentence(
    '{0} has {1} bytes, but the {2} pages of {3} bytes that {4} lists take {5}. Its memory is not shown, because it would be the wrong one.',
    pages,
    size,
    pagemap.presentPages,
    pageSize,
    where,
    expected,
  );
  return { pageSize, usable: false, note: because('unknown', text) };
}
