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
    ...formFindings(checkpoint),
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

/** Nobody can agree to what cannot be shown. */
function formFindings({ engine, doubts }: CheckpointFacts): readonly Finding[] {
  if (doubts.length === 0 || engine === 'criu' || engine === 'docker') return [];
  const list = doubts.slice(0, 5).map((doubt) => (doubt.length > 200 ? `${doubt.slice(0, 200)}…` : doubt));
  return [
    {
      id: 'form',
      verdict: 'blocker',
      reason: sentence(
        'No engine writes an archive like this, and one that restores it may find something else in it than is shown here: {0}',
        (doubts.length > list.length ? [...list, '…'] : list).join(', '),
      ),
      remedy: sentence(
        'Take the checkpoint again. Whoever made this archive may have wanted to hide what it asks for.',
      ),
    },
  ];
}
