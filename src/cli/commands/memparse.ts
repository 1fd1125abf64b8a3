import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import { escapeText, formatSize } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { TypedPattern } from '../../protocol/search.ts';
import { readPid, usage, type Arguments } from '../arguments.ts';
import { drawTable } from '../layout.ts';
import { HexLines } from '../memory/hex-lines.ts';
import { printMatches } from '../memory/memparse-search.ts';
import { MissingBytes } from '../memory/missing.ts';
import { chosenProcesses } from '../memory/processes.ts';
import { windows } from '../memory/windows.ts';
import { processTree } from '../process-tree.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';
import { readCount } from './memory-search.ts';

/** checkpointctl's memparse: sizes by process, or all dumped memory of one, with its flags and the shape of its output. */
export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const text = args.text('pid');
  collectInSmallSteps();
  const pid = text === undefined || text === '0' ? undefined : readPid(text);
  const pattern = readPattern(args);
  if (pattern) return search(args, pid, pattern, session);
  if (pid === undefined) return session.each(args.operands, (checkpoint, file) => showSizes(checkpoint, file, session));
  // As checkpointctl: of several archives the first.
  const [locator = ''] = args.operands;
  const missing: bigint[] = [];
  const code = await session.each([locator], async (checkpoint) => {
    await chosenProcesses(checkpoint, pid, locator, session.signal);
    missing.push(await showPages(checkpoint, pid, locator, args.text('output'), session));
  });
  return code === 0 && missing.some((count) => count > 0n) ? 3 : code;
}

function readPattern(args: Arguments): TypedPattern | undefined {
  const text = args.text('search') ?? '';
  const expression = args.text('search-regex') ?? '';
  // As checkpointctl: of both the text.
  if (text !== '') return { kind: 'text', text };
  return expression === '' ? undefined : { kind: 'regex', text: expression };
}

function search(args: Arguments, pid: number | undefined, pattern: TypedPattern, session: Session): Promise<ExitCode> {
  if (pid === undefined) throw usage('--search needs --pid. `memory search` finds in all processes at once.');
  const [locator = ''] = args.operands;
  const context = readCount(args, 'context', 0);
  return session.each([locator], async (checkpoint) => {
    await chosenProcesses(checkpoint, pid, locator, session.signal);
    await printMatches(checkpoint, pid, pattern, context, session);
  });
}

async function showSizes(checkpoint: Checkpoint, file: string, { output, signal }: Session): Promise<void> {
  const rows: string[][] = [];
  const stack = processTree(await checkpoint.processes(signal)).toReversed();
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { pid, comm = '', state } = node.facts;
    for (const child of node.children.toReversed()) stack.push(child);
    const mappings = state === 'zombie' ? undefined : await checkpoint.memory.mappings(pid, signal);
    let shared = 0n;
    for await (const { permissions, start, end } of mappings ?? []) {
      if (permissions.endsWith('s')) shared += end - start;
    }
    rows.push([String(pid), comm, formatSize(node.facts.dumpedBytes ?? 0), formatSize(shared)]);
  }
  await output.write(`\nDisplaying processes memory sizes from ${escapeText(file)}\n\n`);
  await output.write(drawTable(['PID', 'Process name', 'Memory size', 'Shared memory size'], rows));
}

const HEAD =
  'Address           Hexadecimal                                       ASCII            \n' +
  '-------------------------------------------------------------------------------------\n';

/** @returns how many bytes the page map lists and no image has */
async function showPages(
  checkpoint: Checkpoint,
  pid: number,
  file: string,
  target: string | undefined,
  session: Session,
): Promise<bigint> {
  const { output, signal } = session;
  const place = `process ID ${String(pid)} from checkpoint: ${escapeText(file)}`;
  if (target === undefined) {
    await output.write(`\nDisplaying memory pages content for ${place}\n\n${HEAD}`);
    return eachPage(checkpoint, pid, true, session, (rows) => output.writeAll(rows));
  }
  await output.write(`\nWriting memory pages content for ${place} to file: ${escapeText(target)}...\n`);
  const stream = createWriteStream(target, { mode: 0o600 });
  try {
    await once(stream, 'open');
    stream.write(HEAD);
    const write = async (rows: Iterable<string>): Promise<void> => {
      for (const row of rows) if (!stream.write(row)) await once(stream, 'drain', { signal });
    };
    const missing = await eachPage(checkpoint, pid, false, session, write);
    stream.end();
    await once(stream, 'finish');
    return missing;
  } catch (error) {
    stream.destroy();
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || CheckpointError.is(error)) throw error;
    throw new CheckpointError('unwritable', sentence('{0} cannot be written ({1}).', target, code), {
      where: target,
      cause: error,
    });
  }
}

/** Goes through what the process's own page map lists. */
async function eachPage(
  checkpoint: Checkpoint,
  pid: number,
  collapse: boolean,
  { output, signal }: Session,
  write: (rows: Iterable<string>) => Promise<void>,
): Promise<bigint> {
  const missing = new MissingBytes(output, 'is shown as missing');
  const space = await checkpoint.memory.space(pid, signal);
  for (const { start, length } of space.listed()) {
    const lines = new HexLines(collapse);
    for (const [address, size] of windows(start, length)) {
      const window = await checkpoint.memory.read(pid, address, size, signal);
      missing.add(window.ranges);
      await write(lines.rows(window, false));
      if (output.closed.signal.aborted) return 0n;
    }
  }
  missing.end();
  return missing.count;
}
