import { formatSize } from '../../../protocol/format.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts } from './checkpoint-facts.ts';
import { missingCpuFeatures } from './cpu-features.ts';
import { criuFinding } from './engine-findings.ts';
import type { Finding } from './finding.ts';
import type { TargetFacts } from './target-facts.ts';

/** Processor, CRIU, memory, security modules. */
export function machineFindings(checkpoint: CheckpointFacts, target: TargetFacts): readonly Finding[] {
  return [
    architecture(checkpoint, target),
    features(checkpoint, target),
    criuFinding(checkpoint, target),
    memory(checkpoint, target),
    lsm(checkpoint, target),
    userNamespace(checkpoint),
  ].filter((one) => one !== undefined);
}

function architecture(checkpoint: CheckpointFacts, target: TargetFacts): Finding {
  const id = 'architecture';
  if (checkpoint.architecture === undefined) {
    return { id, verdict: 'warning', reason: sentence('On what kind of processor it ran is not known.') };
  }
  if (target.architecture === undefined) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('It ran on {0}; what the processor is there is not known.', checkpoint.architecture),
    };
  }
  if (target.architecture !== checkpoint.architecture) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('It ran on {0}, and {1} cannot go on with that.', checkpoint.architecture, target.architecture),
      remedy: sentence('Choose a machine or node of {0}.', checkpoint.architecture),
    };
  }
  return {
    id,
    verdict: 'ok',
    reason: sentence('The processors are both {0}.', checkpoint.architecture),
  };
}

/** Of x86-64 alone a dump says which features of the processor were in use. */
function features(
  { cpuFeatures: used, architecture: made }: CheckpointFacts,
  target: TargetFacts,
): Finding | undefined {
  const id = 'cpu';
  if (used === undefined || (target.architecture !== undefined && target.architecture !== made)) return undefined;
  const list = used.join(', ');
  if (target.cpuFlags === undefined) {
    return used.length === 0
      ? undefined
      : {
          id,
          verdict: 'warning',
          reason: sentence('Threads were using {0}; whether the processor there has that is not known.', list),
        };
  }
  const missing = missingCpuFeatures(used, target.cpuFlags);
  if (missing.length > 0) {
    return {
      id,
      verdict: 'blocker',
      canBeAgreedTo: true,
      reason: sentence('Threads were using {0}, which the processor there does not have.', missing.join(', ')),
      remedy: sentence('Choose a machine with a processor that is at least as new.'),
    };
  }
  return {
    id,
    verdict: 'ok',
    reason:
      used.length === 0
        ? sentence(
            'No thread was using more than every processor of its kind has. What programs found out about the processor at their start the archive does not tell.',
          )
        : sentence(
            'The processor there has what threads were using ({0}). What programs found out about the processor at their start the archive does not tell.',
            list,
          ),
  };
}

/** What a restore needs beside the dumped pages: CRIU itself, tables, what the files of the container take. */
const OVERHEAD = 64 * 1024 * 1024;

function memory(checkpoint: CheckpointFacts, target: TargetFacts): Finding | undefined {
  const id = 'memory';
  const needed = checkpoint.memory + OVERHEAD;
  if (target.memoryOfPods !== undefined) return memoryInPod(needed, target.memoryOfPods);
  if (target.memory === undefined) return undefined;
  return target.memory < needed
    ? {
        id,
        verdict: 'blocker',
        canBeAgreedTo: true,
        reason: sentence('It needs {0} of memory, and {1} are free.', formatSize(needed), formatSize(target.memory)),
        remedy: sentence('Make room, or choose another machine.'),
      }
    : {
        id,
        verdict: 'ok',
        reason: sentence('It needs {0} of memory; {1} are free.', formatSize(needed), formatSize(target.memory)),
      };
}

function memoryInPod(needed: number, ofPods: number): Finding {
  const words = [formatSize(needed), formatSize(ofPods)] as const;
  return ofPods < needed
    ? {
        id: 'memory',
        verdict: 'blocker',
        canBeAgreedTo: true,
        reason: sentence('It needs {0} of memory, and the node has {1} for all of its pods.', ...words),
        remedy: sentence('Choose another node.'),
      }
    : {
        id: 'memory',
        verdict: 'ok',
        reason: sentence(
          'It needs {0} of memory; the node has {1} for all of its pods. How much of that is free is not known.',
          ...words,
        ),
      };
}

function lsm(checkpoint: CheckpointFacts, target: TargetFacts): Finding | undefined {
  const id = 'lsm';
  const used = checkpoint.lsm;
  if (used === undefined || used === 'none') return undefined;
  if (target.lsms === undefined) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('Its processes have labels of {0}; whether that is there is not known.', used),
    };
  }
  return target.lsms.includes(used)
    ? {
        id,
        verdict: 'warning',
        reason: sentence('Its processes have labels of {0}. Profiles of the same names must be loaded there.', used),
      }
    : {
        id,
        verdict: 'blocker',
        reason: sentence('Its processes have labels of {0}, which is not there: CRIU refuses.', used),
        remedy: sentence('Choose a machine with {0}.', used),
      };
}

function userNamespace({ hasUserNamespace }: CheckpointFacts): Finding | undefined {
  if (!hasUserNamespace) return undefined;
  return {
    id: 'user-namespace',
    verdict: 'warning',
    reason: sentence('It ran in a user namespace: the same ids must be free to be mapped there.'),
  };
}
