import { setTimeout as sleep } from 'node:timers/promises';
import { orCancelled } from '../../bytes/cancel.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { isOf, type NodeArchive } from '../node-files/archive-facts.ts';
import { CHECKPOINTS, type NodeFiles } from '../node-files/node-files.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointRefused } from './kubelet-answer.ts';
import type { Subject } from './runtime-failure.ts';

export interface LookOptions {
  /** When the checkpoint was asked for: milliseconds since 1970, by this machine's clock. */
  readonly since: number;
  readonly directory?: string;
  /** Milliseconds: an archive may still be written, or not have been begun yet. */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Look {
  /** The archive that was made; undefined where there is none. */
  readonly archive: NodeArchive | undefined;
  /** False where it is still being written, or was left unfinished. */
  readonly isWhole: boolean;
}

const LOOK_EVERY = 1000;
/** Milliseconds by which the two clocks may seem to differ, though they do not. */
const CLOCKS = 3000;

/**
 * Looks into a node's folder for the archive of a checkpoint that seemed to fail: some runtimes go on when nobody waits
 * any more. By the name, which says whose it is and when it was begun, and by its end, which says whether it is whole.
 * @throws ClusterError where the folder cannot be looked into: then nothing is known
 */
export async function lookForArchive(
  files: NodeFiles,
  node: NodeFacts,
  subject: Subject,
  { since, directory = CHECKPOINTS, patience = 15_000, signal }: LookOptions,
): Promise<Look> {
  const until = performance.now() + patience;
  let last: NodeArchive | undefined;
  for (;;) {
    const { archives, time } = await files.list(node, directory, signal);
    // The archive's time is the node's, which may be off.
    const begun = since + (Date.parse(time) - Date.now()) - CLOCKS;
    const found = archives
      .filter((archive) => isOf(archive, subject) && Date.parse(archive.named?.time ?? '') >= begun)
      .sort((a, b) => Date.parse(b.modified) - Date.parse(a.modified))[0];
    const isQuiet = found !== undefined && found.size > 0 && found.size === last?.size;
    if (found && isQuiet && (await files.endsAsArchive(node, found.path, signal)))
      return { archive: found, isWhole: true };
    if (performance.now() > until) return { archive: found, isWhole: false };
    last = found;
    await orCancelled(sleep(LOOK_EVERY), signal);
  }
}

/** What a failure is once there was looked for an archive in vain: it no longer says that there may be one. */
export function withoutArchive(failure: CheckpointRefused, node: string): CheckpointRefused {
  const { reason, sentence: text, status, said, where, ifNone } = failure;
  return new CheckpointRefused(reason, text, {
    remedy: { text: ifNone ?? sentence('There is no archive of it on {0} so far.', node) },
    cause: failure,
    ...(status !== undefined && { status }),
    ...(said !== undefined && { said }),
    ...(where !== undefined && { where }),
  });
}
