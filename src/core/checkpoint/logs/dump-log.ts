import type { LogProblem, LogProblems, LogRecord } from '../../../protocol/logs.ts';
import type { LogIndex } from './log-index.ts';
import { explain } from './known-messages.ts';

/** A log that tells more problems than these is no log of CRIU's, or its reader is not helped by the rest. */
const MAX_PROBLEMS = 500;

const GOOD_END = /^(?:Dumping|Pre-dumping|Restore) finished successfully/;
const BAD_END = /^(?:Dumping|Pre-dumping|Restoring) FAILED/;
const VERSION = /^Version: (\S+)/;
const NODE = /^Running on (.*)$/;

/** Lifts the problems out of a log of CRIU's. What decided stands first, what happens to be harmless last. */
export async function findProblems(file: string, index: LogIndex, signal?: AbortSignal): Promise<LogProblems> {
  const problems: LogProblem[] = [];
  const facts: { outcome: LogProblems['outcome']; criuVersion?: string; node?: string } = { outcome: 'unknown' };
  let more = 0;
  let first: number | undefined;
  let last = 0;
  const see = (record: LogRecord): boolean => {
    const { text, level, elapsed } = record;
    if (elapsed !== undefined) {
      first ??= elapsed;
      last = elapsed;
    }
    const criuVersion = VERSION.exec(text)?.[1];
    const node = NODE.exec(text)?.[1];
    if (criuVersion !== undefined) facts.criuVersion ??= criuVersion;
    if (node !== undefined) facts.node ??= node;
    if (GOOD_END.test(text)) facts.outcome = 'success';
    if (BAD_END.test(text)) facts.outcome = 'failure';
    if (level !== 'error' && level !== 'warning') return true;
    if (problems.length < MAX_PROBLEMS) problems.push({ record, ...explain(text) });
    else more++;
    return true;
  };
  await index.visit(see, signal && { signal });
  const { outcome } = facts;
  return {
    file,
    ...facts,
    ...(first !== undefined && { duration: last - first }),
    problems: problems.map((problem) => weigh(problem, outcome)).sort(byWeight),
    more,
  };
}

/** An error in a log that ended well did not end anything. */
function weigh(problem: LogProblem, outcome: LogProblems['outcome']): LogProblem {
  const isCause = problem.weight === 'cause';
  return outcome === 'success' && isCause ? { ...problem, weight: 'harmless' } : problem;
}

const ORDER: readonly LogProblem['weight'][] = ['cause', 'consequence', 'harmless'];

function byWeight(one: LogProblem, other: LogProblem): number {
  return ORDER.indexOf(one.weight) - ORDER.indexOf(other.weight) || one.record.number - other.record.number;
}
