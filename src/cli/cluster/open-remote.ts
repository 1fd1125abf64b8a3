import type { RemoteSource } from '../../core/bytes/byte-source.ts';
import { parseNodeLocator } from '../../core/cluster/node-files/node-locator.ts';
import { openNodeSource } from '../../core/cluster/node-source/node-source.ts';
import type { Session } from '../session.ts';
import { connect, nodeFiles } from './connect.ts';
import { nodeNamed } from './look-up.ts';

/** Opens an archive on a cluster's node where it is. The kubeconfig is the one that kubectl would take. */
export async function openRemote(locator: string, session: Session, signal?: AbortSignal): Promise<RemoteSource> {
  const { context, node, path } = parseNodeLocator(locator);
  const cluster = await connect({ context }, session);
  const files = await nodeFiles(cluster, {}, session);
  const facts = await nodeNamed(cluster, node, signal);
  return openNodeSource(files, facts, path, { name: locator, server: cluster.server, signal });
}
