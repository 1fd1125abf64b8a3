import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { readable } from '../../protocol/readable.ts';
import type { SearchMatch, TypedPattern } from '../../protocol/search.ts';
import { drawTable } from '../layout.ts';
import type { Session } from '../session.ts';

/**
 * checkpointctl's search, in its columns: but what matches is found also in shared memory and across the borders of page
 * ranges, and a letter that is not ASCII is no joker.
 */
export async function printMatches(
  checkpoint: Checkpoint,
  pid: number,
  pattern: TypedPattern,
  context: number,
  { output, signal }: Session,
): Promise<void> {
  const rows: string[][] = [];
  const query = { pattern, pids: [pid], places: ['memory', 'shared'] as const, context, limit: Infinity };
  for await (const { matches } of checkpoint.search.run(query, { signal })) {
    for (const match of matches) rows.push(row(match, rows.length + 1));
  }
  if (rows.length > 0) await output.write(drawTable(['Address', 'Match', 'Instance'], rows));
  else await output.write(`No matches for pattern "${pattern.text}" in the memory of PID ${String(pid)}\n`);
}

function row({ address, context }: SearchMatch, instance: number): string[] {
  return [(address ?? 0n).toString(16).padStart(16, '0'), readable(context).replaceAll('·', '.'), String(instance)];
}
