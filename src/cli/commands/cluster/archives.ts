import type { NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import type { NodeArchive } from '../../../core/cluster/node-files/archive-facts.ts';
import { CHECKPOINTS } from '../../../core/cluster/node-files/node-files.ts';
import { formatNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { isCancelled } from '../../../core/errors.ts';
import { formatSize, formatTime } from '../../../protocol/format.ts';
import type { Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, withinTimeout } from '../../cluster/connect.ts';
import { allNodes, nodeNamed } from '../../cluster/look-up.ts';
import { formatJson } from '../../json.ts';
import { drawTable } from '../../layout.ts';
import type { ExitCode, Session } from '../../session.ts';

interface Found {
  readonly node: string;
  readonly archive: NodeArchive;
}

/** A node that cannot be looked at does not keep the others from being shown. */
export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const choice = choiceOf(args);
  const cluster = await connect(choice, session);
  const files = await nodeFiles(cluster, choice, session, timeoutOf(args));
  const directory = args.text('directory') ?? CHECKPOINTS;
  const found: Found[] = [];
  let code = 0 as ExitCode;
  await withinTimeout(args, session, async (signal) => {
    const nodes = await nodesOf(args.operands);
    for (const node of nodes) {
      session.output.progress(`Looking at ${node.name}`);
      try {
        const { archives } = await files.list(node, directory, signal);
        found.push(...archives.map((archive) => ({ node: node.name, archive })));
      } catch (error) {
        if (isCancelled(error)) throw error;
        session.output.failure(error);
        code = 1;
      }
    }

    async function nodesOf(names: readonly string[]): Promise<readonly NodeFacts[]> {
      if (names.length > 0) return Promise.all(names.map((name) => nodeNamed(cluster, name, signal)));
      const all = (await allNodes(cluster, signal)).filter(({ isLinux }) => isLinux);
      for (const { name } of all.filter(({ isReady }) => !isReady)) {
        session.output.error(`${name} is not ready, so it was not looked at.`);
        code = 1;
      }
      return all.filter(({ isReady }) => isReady);
    }
  });
  if (args.text('format') === 'json') {
    const list = found.map(({ node, archive: { path, size, modified, named } }) => ({
      locator: formatNodeLocator({ context: cluster.name, node, path }),
      node,
      path,
      size,
      modified,
      pod: named?.pod,
      checkpointed: named?.time,
    }));
    await session.output.write(`${formatJson(list)}\n`);
  } else if (found.length > 0) {
    const rows = found.map(({ node, archive: { path, size, modified } }) => [
      node,
      formatSize(size),
      formatTime(modified, { utc: true }),
      formatNodeLocator({ context: cluster.name, node, path }),
    ]);
    await session.output.write(drawTable(['Node', 'Size', 'Modified', 'Locator'], rows));
  } else if (code === 0) {
    await session.output.write(`No archives found in ${directory} on the nodes of ${cluster.name}\n`);
  }
  return code;
}
