import { resolve } from 'node:path';
import { checkRestore } from '../../../core/restore/compatibility/check.ts';
import { readCheckpointFacts } from '../../../core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf, type Finding } from '../../../core/restore/compatibility/finding.ts';
import type { RestoreChoices, TargetFacts, TargetKind } from '../../../core/restore/compatibility/target-facts.ts';
import { commandLine } from '../../../core/restore/sandbox/command.ts';
import type { Plan, Sandbox, Subject } from '../../../core/restore/sandbox/sandbox.ts';
import { RestoreFailed } from '../../../core/restore/sandbox/why-it-failed.ts';
import type { Checkpoint } from '../../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../core/errors.ts';
import { say } from '../../../protocol/sentence.ts';
import { escapeText } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import { prepareMove } from '../../restore/move.ts';
import { placeOf } from '../../restore/place.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const kind = args.text('to') as TargetKind | undefined;
  if (kind === undefined) throw usage('restore needs --to: podman, crio or kubernetes.');
  const [locator = ''] = args.operands;
  const { signal, output } = session;
  const tcp = args.text('tcp') as RestoreChoices['tcp'];
  const choices: RestoreChoices = tcp === undefined ? {} : { tcp };
  const place = await placeOf(kind, args, session);
  const checkpoint = await session.open(locator);
  try {
    const subject = await subjectOf(checkpoint, locator, session);
    if (args.flag('check')) return await check(kind, place, subject, choices, args, session);
    const target = await place.detect(subject, signal);
    const findings = checkRestore(subject.facts, target, choices);
    const agreed = new Set(args.texts('agree') ?? []);
    const blockers = blockersOf(findings, agreed);
    for (const { reason, remedy, id, canBeAgreedTo } of blockers) {
      const how = canBeAgreedTo === true ? ` To do it all the same: --agree ${id}` : '';
      output.error(`${say(reason)}${remedy ? ` ${say(remedy)}` : ''}${how}`);
    }
    if (blockers.length > 0 && !args.flag('dry-run')) return 1;
    const finishMove = await prepareMove(args, checkpoint, session);
    const plan = place.plan(subject, target, choices);
    if (args.flag('dry-run')) {
      await printPlan(plan, args, session);
      return blockers.length > 0 ? 1 : 0;
    }
    const record = await place.run(plan, subject, { signal, onProgress: (what) => output.progress(say(what)) });
    await output.write(
      args.text('format') === 'json'
        ? `${formatJson({ id: record.id, kind: record.kind, name: record.name, created: record.created })}\n`
        : `${record.id}  ${record.name}\n`,
    );
    if (finishMove) output.error(`${await finishMove(place, record)} was deleted.`);
    return 0;
  } catch (error) {
    if (!(error instanceof RestoreFailed)) throw error;
    output.error(error.message);
    for (const { line, meaning } of error.causes) output.error(`  ${line}${meaning ? `: ${say(meaning)}` : ''}`);
    return 1;
  } finally {
    await checkpoint.close();
  }
}

/** What is true of the archive is told even where nothing is there that could restore it. */
async function check(
  kind: TargetKind,
  place: Sandbox,
  subject: Subject,
  choices: RestoreChoices,
  args: Arguments,
  session: Session,
): Promise<ExitCode> {
  const found: Finding[] = [];
  const target = await place.detect(subject, session.signal).catch((error: unknown): TargetFacts => {
    if (!CheckpointError.is(error, 'not-found')) throw error;
    found.push({ id: 'place', verdict: 'blocker', reason: error.sentence });
    const engine = ENGINES[kind];
    return { kind, ...(engine && { engine }) };
  });
  found.push(...checkRestore(subject.facts, target, choices));
  const blockers = blockersOf(found, new Set(args.texts('agree') ?? []));
  await printCheck(found, blockers, args, session);
  return blockers.length > 0 ? 1 : 0;
}

/** Who restores at a place, where that is the same everywhere. */
const ENGINES: Readonly<Partial<Record<TargetKind, NonNullable<TargetFacts['engine']>>>> = {
  podman: 'podman',
  crio: 'cri-o',
};

async function subjectOf(checkpoint: Checkpoint, locator: string, session: Session): Promise<Subject> {
  const facts = await readCheckpointFacts(checkpoint, session.signal);
  const { wrapping } = await checkpoint.overview(session.signal);
  const isFile = wrapping === 'archive' && !/^[a-z]+:\/\//i.test(locator);
  return {
    locator,
    ...(isFile && { path: resolve(locator) }),
    facts,
    checkpoint,
  };
}

const MARKS: Readonly<Record<Finding['verdict'], string>> = { ok: 'ok', warning: 'warning', blocker: 'BLOCKER' };

async function printCheck(
  findings: readonly Finding[],
  blockers: readonly Finding[],
  args: Arguments,
  session: Session,
): Promise<void> {
  if (args.text('format') === 'json') {
    await session.output.write(
      `${formatJson({
        can_be_restored: blockers.length === 0,
        findings: findings.map(({ id, verdict, reason, remedy, canBeAgreedTo }) => ({
          id,
          verdict,
          reason: say(reason),
          remedy: remedy && say(remedy),
          can_be_agreed_to: canBeAgreedTo,
        })),
      })}\n`,
    );
    return;
  }
  for (const { id, verdict, reason, remedy, canBeAgreedTo } of findings) {
    await session.output.write(`${MARKS[verdict].padEnd(9)}${escapeText(id)}: ${say(reason)}\n`);
    if (remedy) await session.output.write(`${''.padEnd(9)}${say(remedy)}\n`);
    if (canBeAgreedTo === true)
      await session.output.write(`${''.padEnd(9)}To do it all the same: --agree ${escapeText(id)}\n`);
  }
}

async function printPlan({ steps }: Plan, args: Arguments, session: Session): Promise<void> {
  if (args.text('format') === 'json') {
    await session.output.write(
      `${formatJson(steps.map(({ what, command, manifest }) => ({ what: say(what), command, manifest })))}\n`,
    );
    return;
  }
  for (const { what, command, manifest } of steps) {
    await session.output.write(`# ${say(what)}\n`);
    if (command) await session.output.write(`${escapeText(commandLine(command))}\n`);
    if (manifest !== undefined) await session.output.write(manifest);
  }
}
