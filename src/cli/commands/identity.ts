import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import type { IsolationFacts, ThreadIsolation } from '../../protocol/isolation.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import type { Arguments } from '../arguments.ts';
import { identityJson, sharingJson } from '../identity/identity-json.ts';
import { identityTree } from '../identity/identity-tree.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces } from '../json.ts';
import { treeLines } from '../layout.ts';
import { chosenProcesses } from '../memory/processes.ts';
import { tellOfNone } from '../no-processes.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  const pid = args.pid('pid');
  collectInSmallSteps();
  return session.each(args.operands, async (checkpoint, locator) => {
    const { signal } = session;
    const processes =
      pid === undefined ? await checkpoint.processes(signal) : await chosenProcesses(checkpoint, pid, locator, signal);
    if (processes.length === 0) await tellOfNone(checkpoint, locator, session);
    if (args.text('format') === 'json') return printJson(checkpoint, locator, processes, session);
    let first = true;
    for await (const [facts, threads] of identities(checkpoint, processes, signal)) {
      if (!first) await session.output.write('\n');
      await session.output.writeAll(treeLines(identityTree(facts, threads)));
      first = false;
    }
  });
}

/** One process after the other: all of many at once would be much. */
async function* identities(
  { isolation }: Checkpoint,
  processes: readonly ProcessFacts[],
  signal: AbortSignal,
): AsyncGenerator<readonly [IsolationFacts, readonly ThreadIsolation[]]> {
  for (const { pid } of processes) {
    const facts = await isolation.process(pid, signal);
    if (!facts) continue;
    const threads = facts.threads > 1 ? await isolation.threads(pid, signal) : [];
    // The leading one is the process itself.
    yield [facts, threads.filter(({ tid }) => tid !== pid)];
  }
}

async function printJson(
  checkpoint: Checkpoint,
  locator: string,
  processes: readonly ProcessFacts[],
  { output, signal }: Session,
): Promise<void> {
  await output.writeAll(['{\n  "locator": ', ...jsonPieces(locator), ',\n  "processes": [']);
  let empty = true;
  for await (const [facts, threads] of identities(checkpoint, processes, signal)) {
    await output.write(empty ? '\n    ' : ',\n    ');
    await output.writeAll(jsonPieces(identityJson(facts, threads), '    '));
    empty = false;
  }
  await output.write(empty ? ']' : '\n  ]');
  const sharing = sharingJson(await checkpoint.isolation.sharing(signal)) ?? [];
  await output.write(',\n  "sharing": ');
  await output.writeAll(jsonPieces(sharing, '  '));
  const notes = notesJson(await checkpoint.notes(signal));
  await output.writeAll([',\n  "notes": ', ...jsonPieces(notes, '  '), '\n}\n']);
}
