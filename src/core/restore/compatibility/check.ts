import { sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts } from './checkpoint-facts.ts';
import type { Finding } from './finding.ts';
import { contentFindings } from './content-findings.ts';
import { engineFindings } from './engine-findings.ts';
import { machineFindings } from './machine-findings.ts';
import { riskFindings } from './risk-findings.ts';
import type { RestoreChoices, TargetFacts } from './target-facts.ts';

/**
 * Tells before a restore whether it will work, and what it would do: a pure function of what is known. What is not known
 * is said, and never taken for right.
 */
export function checkRestore(
  checkpoint: CheckpointFacts,
  target: TargetFacts,
  choices: RestoreChoices = {},
): readonly Finding[] {
  return [
    completenessFinding(checkpoint),
    ...engineFindings(checkpoint, target),
    ...machineFindings(checkpoint, target),
    ...contentFindings(checkpoint, target, choices),
    ...riskFindings(checkpoint, target),
  ];
}

function completenessFinding({ isDamaged, hasParent }: CheckpointFacts): Finding {
  if (hasParent) {
    return {
      id: 'complete',
      verdict: 'blocker',
      reason: sentence('Part of the memory is in an earlier dump that this archive does not hold.'),
      remedy: sentence('Take a checkpoint without a pre-dump.'),
    };
  }
  return isDamaged
    ? {
        id: 'complete',
        verdict: 'blocker',
        canBeAgreedTo: true,
        reason: sentence('The archive is damaged or incomplete: its notes say where.'),
        remedy: sentence('Fetch it again, or take another checkpoint.'),
      }
    : { id: 'complete', verdict: 'ok', reason: sentence('Nothing of the archive is known to be missing or damaged.') };
}
