import { listPods, type PodFacts } from '../../../core/cluster/inventory/pods.ts';
import { formatAge } from '../../../protocol/format.ts';
import type { Arguments } from '../../arguments.ts';
import { choiceOf, connect, withinTimeout } from '../../cluster/connect.ts';
import { JsonArray } from '../../json-array.ts';
import { snakeCase } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import type { ExitCode, Session } from '../../session.ts';

/** Each container is a line: it is what is checkpointed. */
export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const choice = choiceOf(args);
  const cluster = await connect(choice, session);
  const namespace = args.flag('all-namespaces') ? undefined : (choice.namespace ?? cluster.namespace);
  const isJson = args.text('format') === 'json';
  const array = new JsonArray(session.output);
  const rows: string[][] = [];
  await withinTimeout(args, session, async (signal) => {
    let continueAt: string | undefined;
    do {
      const page = await listPods(cluster.api, { namespace, labelSelector: args.text('selector'), continueAt, signal });
      for (const pod of page.pods) {
        if (isJson) await array.add(snakeCase(pod) ?? null);
        else rows.push(...rowsOf(pod));
      }
      ({ continueAt } = page);
    } while (continueAt !== undefined);
  });
  if (isJson) await array.endOrEmpty();
  else if (rows.length > 0) await session.output.write(drawTable(HEADER, rows));
  else await session.output.write(`No pods found in ${namespace ?? 'any namespace'} of ${cluster.name}\n`);
  return 0;
}

const HEADER = ['Namespace', 'Pod', 'Container', 'Kind', 'State', 'Restarts', 'Node', 'Age'];

function rowsOf({ namespace, name, node, created, containers }: PodFacts): string[][] {
  return containers.map((container) => [
    namespace,
    name,
    container.name,
    container.kind,
    container.reason ?? container.state,
    String(container.restarts),
    node ?? '',
    formatAge(created, Date.now()).replace(/ ago$/, ''),
  ]);
}
