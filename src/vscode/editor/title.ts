import { basename } from 'node:path';
import { escapeText } from '../../protocol/format.ts';
import type { Overview } from '../../protocol/overview.ts';

/**
 * A checkpoint as its owner would name it, fit to be shown: the container, or else what it lies in.
 * @param overview absent as long as it is not known whose it is
 */
export function titleOf(locator: string, overview?: Overview): string {
  return escapeText(overview?.container.name ?? basename(locator));
}
