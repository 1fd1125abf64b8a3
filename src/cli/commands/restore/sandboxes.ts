import { resolve } from 'node:path';
import { isCancelled } from '../../../core/errors.ts';
import { checkpointAgain } from '../../../core/restore/sandbox/checkpoint-again.ts';
import type { SandboxRecord, SandboxState } from '../../../core/restore/sandbox/sandbox.ts';
import { formatSize } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import { placeOfRecord, sandboxJournal } from '../../restore/place.ts';
import type { ExitCode, Session } from '../../session.ts';
import { readVersion } from '../../version.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [action = 'list', ...ids] = args.operands;
  switch (action) {
    case 'list':
      if (ids.length > 0) throw usage('sandboxes list takes nothing more.');
      return list(args, session);
    case 'remove':
    case 'logs':
      if (ids.length === 0) throw usage('sandboxes {0} needs the ID of a sandbox.', action);
      return forEach(ids, action, session);
    case 'checkpoint':
      return checkpoint(ids, args, session);
    default:
      throw usage('There is no command sandboxes {0}.', action);
  }
}

/** A checkpoint of what became of a sandbox meanwhile. */
async function checkpoint(ids: readonly string[], args: Arguments, session: Session): Promise<ExitCode> {
  const [id] = ids;
  const output = args.text('output') ?? '';
  if (id === undefined || ids.length > 1 || output === '') {
    throw usage('sandboxes checkpoint needs the ID of one sandbox, and -o PATH.');
  }
  const target = resolve(output);
  const record = (await sandboxJournal().list()).find((one) => one.id === id);
  if (!record) {
    session.output.error(`There is no sandbox ${id}: sandboxes list shows those that there are.`);
    return 1;
  }
  session.output.progress(`Checkpointing ${record.name}`);
  if (record.kind === 'kubernetes') await checkpointInCluster(record, target, session);
  else await checkpointAgain(record, target, session.signal);
  await session.output.write(args.text('format') === 'json' ? `${formatJson({ path: target })}\n` : `${target}\n`);
  return 0;
}

async function checkpointInCluster(record: SandboxRecord, target: string, session: Session): Promise<void> {
  const { connect, nodeFiles } = await import('../../cluster/connect.ts');
  const { checkpointPod } = await import('../../../core/restore/sandbox/checkpoint-pod.ts');
  const choice = { context: record.context };
  const cluster = await connect(choice, session);
  const tool = { name: 'checkpoint-explorer', version: readVersion() };
  const access = { cluster, files: await nodeFiles(cluster, choice, session), tool };
  await checkpointPod(record, access, target, {
    signal: session.signal,
    onProgress: ({ done, total }) => session.output.progress(`${formatSize(done)} of ${formatSize(total)}`),
  });
}

async function list(args: Arguments, session: Session): Promise<ExitCode> {
  const records = await sandboxJournal().list();
  const states = await Promise.all(records.map((record) => stateOf(record, session)));
  if (args.text('format') === 'json') {
    const facts = records.map(({ id, kind, name, locator, created, context, namespace, prefix, things }, index) => ({
      id,
      kind,
      name,
      state: states[index],
      created,
      locator,
      context,
      namespace,
      prefix: prefix && [...prefix],
      things: things.map(({ kind: what, name: called }) => ({ kind: what, name: called })),
    }));
    await session.output.write(`${formatJson(facts)}\n`);
    return 0;
  }
  const rows = records.map(({ id, kind, name, created, locator }, index) => [
    id,
    kind,
    states[index] ?? 'unknown',
    name,
    created,
    locator,
  ]);
  await session.output.write(drawTable(['ID', 'WHERE', 'STATE', 'NAME', 'SINCE', 'FROM'], rows));
  return 0;
}

async function stateOf(record: SandboxRecord, session: Session): Promise<SandboxState> {
  try {
    return await (await placeOfRecord(record, session)).state(record, session.signal);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return 'unknown';
  }
}

async function forEach(ids: readonly string[], action: 'remove' | 'logs', session: Session): Promise<ExitCode> {
  const records = new Map((await sandboxJournal().list()).map((record) => [record.id, record]));
  let code: ExitCode = 0;
  for (const id of ids) {
    const record = records.get(id);
    if (!record) {
      session.output.error(`There is no sandbox ${id}: sandboxes list shows those that there are.`);
      code = 1;
      continue;
    }
    try {
      const place = await placeOfRecord(record, session);
      if (action === 'remove') await place.remove(record, session.signal);
      else await session.output.write(await place.logs(record, session.signal));
    } catch (error) {
      if (isCancelled(error)) throw error;
      session.output.failure(error);
      code = 1;
    }
  }
  return code;
}
