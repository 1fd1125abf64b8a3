import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import { escapeText } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { OpenFileDetail } from '../../protocol/open-files.ts';
import type { SocketDetail, SocketFacts } from '../../protocol/sockets.ts';
import type { Arguments } from '../arguments.ts';
import { inspectJson, processesOf, type Inspected, type Sections } from '../inspect-json.ts';
import { inspectTree } from '../inspect-tree.ts';
import { treeLines } from '../layout.ts';
import { findProcess, processTree, type ProcessNode } from '../process-tree.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';
import { JsonArray } from '../json-array.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  const sections = readSections(args, pid);
  if (sections.processes) collectInSmallSteps();
  // A person sees the tree; a program that reads along gets what it can rely on.
  const asJson = (args.text('format') ?? (session.output.isTerminal ? 'tree' : 'json')) === 'json';
  const array = new JsonArray(session.output);
  const code = await session.each(args.operands, async (checkpoint, locator) => {
    const inspected = await ask(checkpoint, locator, sections, pid, session.signal);
    if (asJson) await array.add(inspectJson(inspected, sections));
    else {
      await session.output.write(`\nDisplaying container checkpoint tree view from ${escapeText(locator)}\n\n`);
      await session.output.writeAll(treeLines(await inspectTree(inspected, sections)));
      await session.output.write('\n');
    }
  });
  await array.end();
  return code;
}

function readSections(args: Arguments, pid: number | undefined): Sections {
  const all = args.flag('all');
  const sections = {
    statistics: all || args.flag('stats'),
    metadata: all || args.flag('metadata'),
    commandLines: all || args.flag('ps-tree-cmd'),
    environment: all || args.flag('ps-tree-env'),
    files: all || args.flag('files'),
    sockets: all || args.flag('sockets'),
    mounts: all || args.flag('mounts'),
  };
  // As with checkpointctl, open files and sockets stand below the processes that have them.
  const { commandLines, environment, files, sockets } = sections;
  const processes = commandLines || environment || files || sockets || args.flag('ps-tree') || pid !== undefined;
  return { ...sections, processes };
}

async function ask(
  checkpoint: Checkpoint,
  locator: string,
  sections: Sections,
  pid: number | undefined,
  signal: AbortSignal,
): Promise<Inspected> {
  const overview = await checkpoint.overview(signal);
  const roots = sections.processes ? chosen(processTree(await checkpoint.processes(signal)), pid, locator) : undefined;
  const files = sections.files && roots ? filesOf(checkpoint, roots, signal) : undefined;
  const sockets = sections.sockets && roots ? await socketsOf(checkpoint, roots, pid, signal) : undefined;
  const mounts = sections.mounts ? await checkpoint.mounts(signal) : undefined;
  return {
    locator,
    overview,
    ...(roots && { roots }),
    ...(files && { files }),
    ...(sockets && { sockets }),
    ...(mounts && { mounts }),
    notes: () => checkpoint.notes(signal),
  };
}

function filesOf(
  { openFiles }: Checkpoint,
  roots: readonly ProcessNode[],
  signal: AbortSignal,
): AsyncIterable<OpenFileDetail> {
  return openFiles.details(openFiles.each(pidsOf(roots), signal), signal);
}

function pidsOf(roots: readonly ProcessNode[]): ReadonlySet<number> {
  return new Set(processesOf(roots).map(({ pid }) => pid));
}

/** Those of the processes that are shown; of all processes also those that nobody has open. */
async function socketsOf(
  checkpoint: Checkpoint,
  roots: readonly ProcessNode[],
  pid: number | undefined,
  signal: AbortSignal,
): Promise<readonly SocketDetail[]> {
  const pids = pidsOf(roots);
  const isShown = ({ holders }: SocketFacts): boolean =>
    holders.some((holder) => holder.pids.some((one) => pids.has(one)));
  const all = await checkpoint.sockets.list(signal);
  const shown = pid === undefined ? all : all.filter(isShown);
  const ids = shown.map(({ id }) => id);
  const details: SocketDetail[] = [];
  for await (const detail of checkpoint.sockets.details(ids, signal)) details.push(detail);
  return details;
}

function chosen(roots: readonly ProcessNode[], pid: number | undefined, locator: string): readonly ProcessNode[] {
  if (pid === undefined) return roots;
  const found = findProcess(roots, pid);
  if (!found)
    throw new CheckpointError('not-found', sentence('There is no process {0} in {1}.', pid, locator), {
      where: locator,
    });
  return [found];
}
