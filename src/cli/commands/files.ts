import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import { accessLetter, remarksOf } from '../../protocol/open-file-words.ts';
import type { OpenFileFacts } from '../../protocol/open-files.ts';
import { sayAsItIs, sentence } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import { fileJson } from '../files-json.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces } from '../json.ts';
import { Table } from '../layout.ts';
import { tellOfNone } from '../no-processes.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  collectInSmallSteps();
  return session.each(args.operands, async (checkpoint, locator) => {
    const processes = await checkpoint.processes(session.signal);
    if (pid !== undefined && !processes.some((process) => process.pid === pid)) throw noProcess(pid, locator);
    const pids = pid === undefined ? undefined : new Set([pid]);
    if (processes.length === 0) await tellOfNone(checkpoint, locator, session);
    const files = checkpoint.openFiles.each(pids, session.signal);
    if (args.text('format') === 'json') return printJson(checkpoint, locator, files, session);
    const names = new Map(processes.map((process) => [process.pid, process.comm ?? '']));
    const table = new Table(COLUMNS);
    for await (const file of files) table.add(row(file, names.get(file.pid) ?? ''));
    return session.output.writeAll(table.lines());
  });
}

const COLUMNS = ['Command', 'PID', 'FD', 'Type', 'Position', 'Target', 'Note'];

/** As lsof: the letter behind the number says how it was opened. */
function row(file: OpenFileFacts, command: string): string[] {
  return [
    command,
    String(file.pid),
    `${String(file.fd)}${accessLetter(file)}`,
    file.kind,
    String(file.position ?? ''),
    file.target,
    remarksOf(file).map(sayAsItIs).join(', '),
  ];
}

/** Written one by one: all details of many files at once would be much. */
async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  files: AsyncIterable<OpenFileFacts>,
  { output, signal }: Session,
): Promise<void> {
  await output.writeAll(['{\n  "locator": ', ...jsonPieces(locator), ',\n  "files": [']);
  let empty = true;
  for await (const detail of checkpoint.openFiles.details(files, signal)) {
    await output.writeAll([empty ? '\n    ' : ',\n    ', ...jsonPieces(fileJson(detail), '    ')]);
    empty = false;
  }
  await output.write(empty ? ']' : '\n  ]');
  const notes = notesJson(await checkpoint.notes(signal));
  await output.writeAll([',\n  "notes": ', ...jsonPieces(notes, '  '), '\n}\n']);
}

function noProcess(pid: number, where: string): CheckpointError {
  return new CheckpointError('not-found', sentence('There is no process {0} in {1}.', pid, where), { where });
}
