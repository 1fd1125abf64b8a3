import { listContexts } from '../../../core/cluster/cluster.ts';
import type { Arguments } from '../../arguments.ts';
import { choiceOf, readKubeconfig } from '../../cluster/connect.ts';
import { formatJson } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const kubeconfig = await readKubeconfig(choiceOf(args));
  const contexts = listContexts(kubeconfig);
  if (args.text('format') === 'json') {
    const list = contexts.map(({ name, isCurrent, cluster, user, namespace, server, isUnverified, file }) => ({
      name,
      current: isCurrent,
      cluster,
      user,
      namespace,
      server,
      unverified: isUnverified,
      file,
    }));
    await session.output.write(`${formatJson(list)}\n`);
    return 0;
  }
  // Says that there is none, and what helps.
  if (contexts.length === 0) kubeconfig.resolve();
  const rows = contexts.map(({ name, isCurrent, cluster, namespace, server, isUnverified }) => [
    isCurrent ? '*' : '',
    name,
    cluster,
    namespace,
    `${server ?? '(not in the kubeconfig)'}${isUnverified ? ' (not verified)' : ''}`,
  ]);
  await session.output.write(drawTable(['Current', 'Name', 'Cluster', 'Namespace', 'Server'], rows));
  return 0;
}
