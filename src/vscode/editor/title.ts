import { basename } from 'node:path';
import { escapeText } from '../../protocol/format.ts';
import type { Overview } from '../../protocol/overview.ts';

/** A checkpoint as its owner would name it, fit to be shown: the container, or else what it lies in. */
export function titleOf(overview: Overview, locator: string): string {
  return escapeText(overview.container.name ?? basename(locator));
}
