import { parseNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, withinTimeout } from '../../cluster/connect.ts';
import { nodeNamed } from '../../cluster/look-up.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [locator = ''] = args.operands;
  const { context, node, path } = parseNodeLocator(locator);
  if (!args.flag('yes')) throw usage('delete removes the archive from its node for good: say --yes if that is meant.');
  const choice = { ...choiceOf(args), context };
  const cluster = await connect(choice, session);
  const files = await nodeFiles(cluster, choice, session, timeoutOf(args));
  await withinTimeout(args, session, async (signal) => {
    const facts = await nodeNamed(cluster, node, signal);
    const { state } = await files.stat(facts, path, signal);
    await files.delete(facts, path, state, signal);
  });
  session.output.error(`${path} on ${node} was deleted.`);
  return 0;
}
