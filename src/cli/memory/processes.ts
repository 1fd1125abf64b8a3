import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { sentence } from '../../protocol/sentence.ts';

/**
 * The processes that a command about memory is about: the one asked for, or all that had memory.
 * @throws CheckpointError `not-found`
 */
export async function chosenProcesses(
  checkpoint: Checkpoint,
  pid: number | undefined,
  where: string,
  signal: AbortSignal,
): Promise<readonly ProcessFacts[]> {
  const processes = await checkpoint.processes(signal);
  if (pid === undefined) return processes.filter(({ state }) => state !== 'zombie');
  const chosen = processes.find((process) => process.pid === pid);
  if (chosen) return [chosen];
  throw new CheckpointError(
    'not-found',
    sentence('There is no process {0} in {1}. `inspect --ps-tree` lists those that there are.', pid, where),
    { where },
  );
}
