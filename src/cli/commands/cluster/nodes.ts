import { formatAge } from '../../../protocol/format.ts';
import type { Arguments } from '../../arguments.ts';
import { choiceOf, connect, withinTimeout } from '../../cluster/connect.ts';
import { allNodes } from '../../cluster/look-up.ts';
import { formatJson, snakeCase } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const cluster = await connect(choiceOf(args), session);
  const nodes = await withinTimeout(args, session, (signal) => allNodes(cluster, signal));
  if (args.text('format') === 'json') {
    await session.output.write(`${formatJson(snakeCase(nodes) ?? [])}\n`);
    return 0;
  }
  const rows = nodes.map(({ name, isReady, isSchedulable, runtimeName, runtimeVersion, kubeletVersion, created }) => [
    name,
    `${isReady ? 'ready' : 'not ready'}${isSchedulable ? '' : ', cordoned'}`,
    `${runtimeName} ${runtimeVersion}`,
    kubeletVersion,
    formatAge(created, Date.now()).replace(/ ago$/, ''),
  ]);
  await session.output.write(drawTable(['Node', 'Status', 'Runtime', 'Kubelet', 'Age'], rows));
  return 0;
}
