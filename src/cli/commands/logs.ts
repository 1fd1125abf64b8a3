import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { LogIndex } from '../../core/checkpoint/logs/log-index.ts';
import { CheckpointError } from '../../core/errors.ts';
import { escapeText, formatDuration } from '../../protocol/format.ts';
import type { LogFile, LogProblems, LogRecord } from '../../protocol/logs.ts';
import { say, sentence } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces, snakeCase, type Json } from '../json.ts';
import type { ExitCode, Session } from '../session.ts';

/** Records that are read and written at once. */
const WINDOW = 1000;

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [locator = '', name] = args.operands;
  const problems = args.flag('problems');
  const json = args.text('format') === 'json';
  return session.each([locator], async (checkpoint) => {
    const log = await chosenLog(checkpoint, locator, name, problems);
    if (problems) {
      const found = await checkpoint.logs.problems(log.name, session.signal);
      return json ? printProblemsJson(checkpoint, locator, found, session) : printProblems(log, found, session);
    }
    const index = await checkpoint.logs.index(log.name, session.signal);
    if (json) await printJson(checkpoint, locator, log, index, session);
    else await printText(index, args.flag('times'), session);
  });
}

/**
 * The log of this name, whose folder may be left out, or the first: the container's, or for problems CRIU's.
 * @throws CheckpointError `not-found`
 */
async function chosenLog(
  { logs }: Checkpoint,
  locator: string,
  name: string | undefined,
  problems: boolean,
): Promise<LogFile> {
  const files = (await logs.files()).filter(({ kind }) => !problems || kind !== 'container');
  const chosen =
    name === undefined ? files[0] : files.find((file) => file.name === name || file.name.endsWith(`/${name}`));
  if (chosen) return chosen;
  const names = files.map((file) => file.name).join(', ');
  const text =
    names !== ''
      ? sentence('{0} has no log {1}. It has {2}.', locator, name ?? '', names)
      : problems
        ? sentence('{0} has no log of CRIU: some engines leave it out.', locator)
        : sentence('{0} has no log.', locator);
  throw new CheckpointError('not-found', text, { where: locator });
}

/** What was written, as it was written; CRIU's with its times. On a terminal, which would obey it, with escapes. */
async function printText(index: LogIndex, times: boolean, { output, signal }: Session): Promise<void> {
  const shown = output.isTerminal ? escapeLines : (text: string) => text;
  let cut = 0;
  for (let start = 0; start < index.records; start += WINDOW) {
    const records = await index.window(start, WINDOW, signal);
    await output.writeAll(records.map((record) => `${times ? prefixOf(record) : ''}${shown(record.text)}\n`));
    cut += records.filter((record) => record.cut !== undefined).length;
    if (output.closed.signal.aborted) return;
  }
  if (cut > 0) {
    output.error(
      `${String(cut)} lines are too long to be shown in full. \`extract\` writes the file with all of them.`,
    );
  }
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

function prefixOf({ time, stream, elapsed, level, source }: LogRecord): string {
  const since = elapsed === undefined ? undefined : `(${(elapsed / 1_000_000).toFixed(6)})`;
  const said = level === undefined || level === 'info' ? undefined : [level, source].filter(Boolean).join(' ');
  const parts = [time, stream, since, said].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `${parts.join(' ')} `;
}

async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  log: LogFile,
  index: LogIndex,
  { output, signal }: Session,
): Promise<void> {
  const { name, kind, size } = log;
  const head = { locator, name, kind, size, format: index.format };
  await output.writeAll([
    '{',
    ...Object.entries(head).map(([key, value]) => `\n  "${key}": ${JSON.stringify(value)},`),
  ]);
  await output.write('\n  "records": [');
  for (let start = 0; start < index.records; start += WINDOW) {
    const records = await index.window(start, WINDOW, signal);
    await output.writeAll(
      records.flatMap((record) => [
        record.number === 0 ? '\n    ' : ',\n    ',
        ...jsonPieces(snakeCase(record) ?? null, '    '),
      ]),
    );
    if (output.closed.signal.aborted) return;
  }
  await output.write(index.records === 0 ? ']' : '\n  ]');
  const notes = notesJson(await checkpoint.notes(signal));
  await output.writeAll([',\n  "notes": ', ...jsonPieces(notes, '  '), '\n}\n']);
}

async function printProblems(
  { kind }: LogFile,
  { outcome, criuVersion, node, duration, problems, more }: LogProblems,
  { output }: Session,
): Promise<void> {
  const what = kind === 'restore' ? 'The restore' : 'The dump';
  const how = {
    success: `${what} went well.`,
    failure: `${what} failed.`,
    unknown: 'The log ends before CRIU said how it went.',
  };
  const about = [
    criuVersion === undefined ? '' : `CRIU ${criuVersion}`,
    node ?? '',
    duration === undefined ? '' : formatDuration(duration),
  ].filter((part) => part !== '');
  await output.write(`${escapeText([how[outcome], about.join(', ')].join(' ').trim())}\n`);
  for (const { record, weight, explanation } of problems) {
    const source = record.source === undefined ? '' : ` (${record.source})`;
    await output.write(`\n${weight}${escapeText(source)}: ${escapeText(record.text.trim())}\n`);
    if (explanation) await output.write(`  ${escapeText(say(explanation))}\n`);
  }
  if (more > 0) output.error(`There are ${String(more)} more.`);
}

async function printProblemsJson(
  checkpoint: Checkpoint,
  locator: string,
  found: LogProblems,
  { output, signal }: Session,
): Promise<void> {
  const problems: Json = found.problems.map(({ record, weight, explanation }) => ({
    weight,
    ...(snakeCase(record) as Readonly<Record<string, Json>>),
    explanation: explanation && say(explanation),
  }));
  const { file, outcome, criuVersion, node, duration, more } = found;
  await output.writeAll([
    ...jsonPieces({
      locator,
      name: file,
      outcome,
      criu_version: criuVersion,
      node,
      duration,
      problems,
      more,
      notes: notesJson(await checkpoint.notes(signal)),
    }),
    '\n',
  ]);
}
