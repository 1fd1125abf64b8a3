import { sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';

/** Milliseconds without a byte of what was asked for: a disk of the node hangs, whatever the connection says. */
export const SILENCE = 60_000;

/** @param isPassing whether another attempt is worth while */
export function silent(name: string, milliseconds: number, isPassing = false): ClusterError {
  return new ClusterError(
    'timeout',
    sentence(
      '{0} could not be read: its node has sent nothing of it for {1} seconds. The node is very busy, or a disk of its hangs.',
      name,
      Math.ceil(milliseconds / 1000),
    ),
    { where: name, isPassing },
  );
}
