import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { SocketFacts } from '../../protocol/sockets.ts';
import type { Arguments } from '../arguments.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces, snakeCase, type Json } from '../json.ts';
import { drawTable } from '../layout.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';
import { isHeldBy, SOCKET_COLUMNS, socketLine } from '../socket-lines.ts';
import { socketJson } from '../sockets-json.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  collectInSmallSteps();
  return session.each(args.operands, async (checkpoint, locator) => {
    const processes = await checkpoint.processes(session.signal);
    if (pid !== undefined && !processes.some((process) => process.pid === pid)) throw noProcess(pid, locator);
    const all = await checkpoint.sockets.list(session.signal);
    const sockets = pid === undefined ? all : all.filter((socket) => isHeldBy(socket, pid));
    if (args.text('format') === 'json') return printJson(checkpoint, locator, sockets, pid, session);
    const names = new Map(processes.map((process) => [process.pid, process.comm ?? '']));
    const rows = sockets.map((socket) => socketLine(socket, names));
    return session.output.write(drawTable(SOCKET_COLUMNS, rows));
  });
}

/** Written one by one: all details of many sockets at once would be much. */
async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  sockets: readonly SocketFacts[],
  pid: number | undefined,
  { output, signal }: Session,
): Promise<void> {
  const write = (value: Json, before: string): Promise<void> => output.writeAll([before, ...jsonPieces(value, '    ')]);
  const member = async (name: string, value: Json): Promise<void> =>
    output.writeAll([`,\n  "${name}": `, ...jsonPieces(value, '  ')]);
  await output.writeAll(['{\n  "locator": ', ...jsonPieces(locator), ',\n  "sockets": [']);
  let empty = true;
  const ids = sockets.map(({ id }) => id);
  for await (const detail of checkpoint.sockets.details(ids, signal)) {
    await write(socketJson(detail), empty ? '\n    ' : ',\n    ');
    empty = false;
  }
  await output.write(empty ? ']' : '\n  ]');
  const shown = new Set(ids);
  const connections = await checkpoint.sockets.connections(signal);
  const tracked =
    pid === undefined ? connections : connections.filter((one) => one.sockets.some((id) => shown.has(id)));
  await member('tracked_connections', snakeCase(tracked) ?? null);
  await member('network_namespaces', snakeCase(await checkpoint.sockets.networks(signal)) ?? null);
  await member('notes', notesJson(await checkpoint.notes(signal)));
  await output.write('\n}\n');
}

function noProcess(pid: number, where: string): CheckpointError {
  return new CheckpointError('not-found', sentence('There is no process {0} in {1}.', pid, where), { where });
}
