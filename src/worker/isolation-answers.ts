import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../core/errors.ts';
import type { IsolationFacts } from '../protocol/isolation.ts';
import type { LogRecord } from '../protocol/logs.ts';
import { sentence } from '../protocol/sentence.ts';

/** @throws CheckpointError `not-found` */
export async function isolationOf(checkpoint: Checkpoint, pid: number, signal: AbortSignal): Promise<IsolationFacts> {
  const facts = await checkpoint.isolation.process(pid, signal);
  if (!facts) throw new CheckpointError('not-found', sentence('There is no process {0} in this checkpoint.', pid));
  return facts;
}

/** A detail shows this much of a line; the file in an editor has all of it. UTF-16 units. */
const MAX_TEXT = 64 * 1024;

/** @throws CheckpointError `not-found` */
export async function logRecordOf(
  { logs }: Checkpoint,
  name: string,
  number: number,
  signal: AbortSignal,
): Promise<LogRecord> {
  const index = await logs.index(name, signal);
  const [record] = Number.isSafeInteger(number) && number >= 0 ? await index.window(number, 1, signal, MAX_TEXT) : [];
  if (!record) throw new CheckpointError('not-found', sentence('{0} has no line {1}.', name, number + 1));
  return record;
}
