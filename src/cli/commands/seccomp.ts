import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import type { SeccompState, SeccompSummary } from '../../protocol/seccomp.ts';
import { say } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import { summaryJson } from '../identity/identity-json.ts';
import { seccompText } from '../identity/identity-tree.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces, LazyList, snakeCase, type Json } from '../json.ts';
import { chosenProcesses } from '../memory/processes.ts';
import { tellOfNone } from '../no-processes.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  collectInSmallSteps();
  const instructions = args.flag('instructions');
  return session.each(args.operands, async (checkpoint, locator) => {
    const processes = await chosenProcesses(checkpoint, pid, locator, session.signal);
    if (processes.length === 0) await tellOfNone(checkpoint, locator, session);
    const groups = await groupsOf(checkpoint, processes, session.signal);
    if (args.text('format') === 'json') return printJson(checkpoint, locator, groups, instructions, session);
    let first = true;
    for (const group of groups) {
      await session.output.write(`${first ? '' : '\n'}${titleOf(group)}\n`);
      first = false;
      if (instructions) await printInstructions(checkpoint, group, session);
      else await printAnswers(checkpoint, group, session);
    }
  });
}

/** Processes that the same programs decide on. */
interface Group {
  readonly pids: readonly number[];
  readonly state: SeccompState;
}

async function groupsOf(
  { isolation }: Checkpoint,
  processes: readonly ProcessFacts[],
  signal: AbortSignal,
): Promise<readonly Group[]> {
  const groups = new Map<string, { pids: number[]; state: SeccompState }>();
  for (const { pid } of processes) {
    const state = await isolation.seccomp(pid, pid, signal);
    if (!state) continue;
    const programs = state.filters.map(({ index, sameAs = index, flags }) => [sameAs, ...flags].join());
    const key = [state.mode, state.modeNumber, ...programs].join(' ');
    const group = groups.get(key);
    if (group) group.pids.push(pid);
    else groups.set(key, { pids: [pid], state });
  }
  return [...groups.values()];
}

function titleOf({ pids, state }: Group): string {
  return `${pids.length === 1 ? 'process' : 'processes'} ${pids.join(', ')}: ${seccompText(state)}`;
}

/** What the filters together answer to each call. */
async function printAnswers(checkpoint: Checkpoint, group: Group, { output, signal }: Session): Promise<void> {
  const summary = await summaryOf(checkpoint, group, signal);
  if (!summary) return;
  for (const { architecture, groups, otherCalls } of summary.verdicts) {
    await output.write(`${architecture}\n`);
    for (const { actions, calls } of groups) await output.write(`  ${actions.join(' or ')}: ${calls.join(' ')}\n`);
    await output.write(`  ${otherCalls.join(' or ')}: any other call\n`);
  }
  await output.write(`any other architecture: ${summary.otherArchitectures.join(' or ')}\n`);
  if (!summary.complete) output.error('The filters have more ways than were followed: an answer may be missing.');
}

function summaryOf(
  { isolation }: Checkpoint,
  { pids: [pid], state }: Group,
  signal: AbortSignal,
): Promise<SeccompSummary | undefined> {
  return pid === undefined || state.filters.length === 0
    ? Promise.resolve(undefined)
    : isolation.seccompSummary(pid, pid, signal);
}

async function printInstructions(
  { isolation }: Checkpoint,
  { pids: [pid = 0], state }: Group,
  { output, signal }: Session,
): Promise<void> {
  for (const { index } of state.filters) {
    const listing = await isolation.seccompListing(index, pid, signal);
    if (!listing) continue;
    if (state.filters.length > 1) await output.write(`filter ${String(index)}\n`);
    await output.writeAll(
      listing.lines.map(({ index: at, raw, text, problem }) => {
        const remark = problem ? `  # ${say(problem)}` : '';
        return `  ${String(at).padStart(4, '0')}: ${raw}  ${text}${remark}\n`;
      }),
    );
    if (listing.left) output.error(say(listing.left));
  }
}

async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  groups: readonly Group[],
  instructions: boolean,
  { output, signal }: Session,
): Promise<void> {
  await output.writeAll(['{\n  "locator": ', ...jsonPieces(locator), ',\n  "seccomp": [']);
  let empty = true;
  for (const group of groups) {
    const json = await groupJson(checkpoint, group, instructions, signal);
    await output.writeAll([empty ? '\n    ' : ',\n    ', ...jsonPieces(json, '    ')]);
    empty = false;
  }
  await output.write(empty ? ']' : '\n  ]');
  const notes = notesJson(await checkpoint.notes(signal));
  await output.writeAll([',\n  "notes": ', ...jsonPieces(notes, '  '), '\n}\n']);
}

async function groupJson(
  checkpoint: Checkpoint,
  group: Group,
  instructions: boolean,
  signal: AbortSignal,
): Promise<Json> {
  const { pids, state } = group;
  const filters: Json[] = [];
  for (const filter of state.filters) {
    const listing = instructions
      ? await checkpoint.isolation.seccompListing(filter.index, pids[0] ?? 0, signal)
      : undefined;
    filters.push({
      ...(snakeCase(filter) as Readonly<Record<string, Json>>),
      listing:
        listing &&
        new LazyList(listing.lines.map(({ raw, text, problem }) => ({ raw, text, problem: problem && say(problem) }))),
    });
  }
  return {
    pids,
    mode: state.mode,
    mode_number: state.modeNumber,
    filters,
    answers: summaryJson(await summaryOf(checkpoint, group, signal)),
  };
}
