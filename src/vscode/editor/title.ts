import { basename } from 'node:path';
import type { Overview } from '../../protocol/overview.ts';

/** A checkpoint as its owner would name it: the container, or else what it lies in. */
export function titleOf(overview: Overview, locator: string): string {
  return overview.container.name ?? basename(locator);
}
