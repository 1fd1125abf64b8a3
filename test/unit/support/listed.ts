import type { ListedChange } from '../../../src/core/checkpoint/changes.ts';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';

/** Changes as a checkpoint lists them. */
export function listed(changes: readonly ChangeFacts[]): readonly ListedChange[] {
  return changes.map((facts) => ({ path: facts.path, kind: facts.kind, type: facts.type, size: facts.size, facts }));
}
