import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { MemoryWalk } from '../../core/checkpoint/memory/memory.ts';
import { CheckpointError } from '../../core/errors.ts';
import { escapeField } from '../escape.ts';
import { formatSize } from '../../protocol/format.ts';
import type { MemoryRegion, MemorySource } from '../../protocol/memory.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { hex } from '../../protocol/wire.ts';
import type { Arguments } from '../arguments.ts';
import { eachNote } from '../inspect-json.ts';
import type { Json } from '../json.ts';
import { JsonStream, StreamedObject, writeStreamed } from '../json-stream.ts';
import { Table } from '../layout.ts';
import { chosenProcesses } from '../memory/processes.ts';
import { tellOfNone } from '../no-processes.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  collectInSmallSteps();
  return session.each(args.operands, async (checkpoint, locator) => {
    const processes = await chosenProcesses(checkpoint, pid, locator, session.signal);
    if (processes.length === 0) await tellOfNone(checkpoint, locator, session);
    if (args.text('format') === 'json') return printJson(checkpoint, locator, processes, session);
    let first = true;
    for (const process of processes) {
      const walk = await walkOf(checkpoint, process, session);
      if (!walk) continue;
      const title = `${first ? '' : '\n'}${String(process.pid)} ${process.comm ?? ''}`.trimEnd();
      if (processes.length > 1) await session.output.writeAll([`${escapeField(title)}\n\n`]);
      const table = new Table(COLUMNS);
      for await (const region of walk.regions) table.add(row(region));
      await session.output.writeAll(table.lines());
      first = false;
    }
  });
}

const COLUMNS = ['Address', 'Perms', 'Size', 'Dumped', 'Missing', 'Mapping'];

/** What stands for the bytes that the dump does not hold, as `12.0 KiB in the file`. */
const MISSING: readonly (readonly [source: MemorySource, words: string])[] = [
  ['parent', 'in an earlier dump'],
  ['lazy', 'to be fetched'],
  ['file', 'in the file'],
  ['untouched', 'never touched'],
  ['guard', 'guard'],
  ['kernel', "the kernel's"],
  ['lost', 'lost'],
];

function row({ start, end, permissions, bytes, name }: MemoryRegion): string[] {
  const missing = MISSING.flatMap(([source, words]) => {
    const count = bytes[source];
    return count === undefined ? [] : [`${formatSize(count)} ${words}`];
  });
  return [
    `${start.toString(16).padStart(12, '0')}-${end.toString(16).padStart(12, '0')}`,
    permissions,
    formatSize(end - start),
    formatSize((bytes.own ?? 0) + (bytes.shared ?? 0)),
    missing.join(', '),
    name,
  ];
}

/** One mapping after the other: all of them at once would be much. */
async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  processes: readonly ProcessFacts[],
  session: Session,
): Promise<void> {
  const document = new StreamedObject({
    locator,
    processes: new JsonStream(processesJson(checkpoint, processes, session)),
    notes: new JsonStream(eachNote(() => checkpoint.notes(session.signal))),
  });
  await session.output.gather(() => writeStreamed(session.output, document));
  await session.output.write('\n');
}

async function* processesJson(
  checkpoint: Checkpoint,
  processes: readonly ProcessFacts[],
  session: Session,
): AsyncGenerator<StreamedObject> {
  for (const process of processes) {
    const walk = await walkOf(checkpoint, process, session);
    if (!walk) continue;
    const { pid, pageSize, regions } = walk;
    yield new StreamedObject({
      pid,
      name: process.comm,
      page_size: pageSize,
      mappings: new JsonStream(regionsJson(regions)),
    });
  }
}

async function* regionsJson(regions: AsyncIterable<MemoryRegion>): AsyncGenerator<Json> {
  for await (const region of regions) yield regionJson(region);
}

function regionJson(region: MemoryRegion): Json {
  const { start, end, permissions, offset, kind, name, nameBytes, device, inode, bytes, file, shared } = region;
  return {
    start: hex(start),
    end: hex(end),
    size: end - start,
    permissions,
    offset: hex(offset),
    device,
    inode,
    name,
    name_bytes: nameBytes,
    kind,
    bytes: { ...bytes },
    file: file && {
      id: file.id,
      path: file.path,
      mount_id: file.mountId,
      size: file.size,
      build_id: file.buildId,
    },
    shared: shared && { shmid: shared.shmid, image: shared.image },
    flags: region.flags,
    status: region.status,
    advice: region.advice,
  };
}

/** Undefined, and told, where the dump holds nothing of it. */
async function walkOf(
  checkpoint: Checkpoint,
  { pid }: ProcessFacts,
  { output, signal }: Session,
): Promise<MemoryWalk | undefined> {
  try {
    return await checkpoint.memory.walk(pid, signal);
  } catch (error) {
    if (!CheckpointError.is(error, 'not-found')) throw error;
    output.failure(error);
    return undefined;
  }
}
