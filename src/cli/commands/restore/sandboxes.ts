import { isCancelled } from '../../../core/errors.ts';
import type { SandboxRecord, SandboxState } from '../../../core/restore/sandbox/sandbox.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import { placeOfRecord, sandboxJournal } from '../../restore/place.ts';
import type { ExitCode, Session } from '../../session.ts';

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
    default:
      throw usage('There is no command sandboxes {0}.', action);
  }
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
