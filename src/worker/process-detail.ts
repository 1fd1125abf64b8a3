import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../core/errors.ts';
import type { ProcessDetail } from '../protocol/checkpoint-api.ts';
import { MASK } from '../protocol/format.ts';
import type { ProcessFacts } from '../protocol/processes.ts';
import { sentence } from '../protocol/sentence.ts';
import { threadPositions } from './thread-positions.ts';

/**
 * Everything known of one process. Without `reveal` no value of its environment leaves the worker.
 * @throws CheckpointError `not-found`
 */
export async function describeProcess(
  checkpoint: Checkpoint,
  pid: number,
  reveal: boolean,
  signal: AbortSignal,
): Promise<ProcessDetail> {
  const facts = (await checkpoint.someProcesses(new Set([pid]), signal)).get(pid);
  if (!facts) throw new CheckpointError('not-found', sentence('There is no process {0} in this checkpoint.', pid));
  const { environment = [], environmentBytes: _masked, ...rest } = facts;
  const mounts = (await checkpoint.mounts(signal)).filter(
    ({ namespace, seenIn }) =>
      seenIn !== 'spec' && (facts.mountNamespace === undefined || namespace === facts.mountNamespace),
  );
  const open = (await checkpoint.openFiles.counts([pid], signal)).get(pid);
  return {
    process: reveal ? facts : rest,
    environment: environment.map((variable) => splitVariable(variable, reveal)),
    mounts: mounts.map(({ id, destination, type }) => ({ id, destination, type })),
    ...(open && { open }),
    positions: await threadPositions(checkpoint, facts, signal),
    notes: (await checkpoint.notes(signal)).filter(({ where }) => isImageOf(where, facts)),
    images: (await checkpoint.raw.entries()).flatMap(({ path }) => (isImageOf(path, facts) ? [path] : [])),
  };
}

/** At the first `=`; a string without one may be a secret as a whole. */
function splitVariable(variable: string, reveal: boolean): ProcessDetail['environment'][number] {
  const equals = variable.indexOf('=');
  const value = variable.slice(equals + 1);
  return { key: equals < 0 ? '' : variable.slice(0, equals), value: reveal ? value : MASK, masked: !reveal };
}

/** Images of a process carry its number, core-12.img that of a thread too. */
const OWN_IMAGE =
  /(?:^|\/)(?:core|creds|fs|ids|itimers|mm|pagemap|posix-timers|rlimit|sigacts|signal-[sp]|vmas)-(\d+)\.img$/;

function isImageOf(path: string, { pid, threads }: ProcessFacts): boolean {
  const number = OWN_IMAGE.exec(path)?.[1];
  return number !== undefined && (Number(number) === pid || threads.some(({ tid }) => tid === Number(number)));
}
