import type { Api } from '../../cluster/api/api.ts';
import { nodeCalled } from '../../cluster/inventory/nodes.ts';
import type { NodeFiles } from '../../cluster/node-files/node-files.ts';
import { isCancelled } from '../../errors.ts';
import { LOG_OF_CRIO } from './why-it-failed.ts';

/** Of a log that may be long: the end decides. */
const MOST = 1_000_000;

/** Milliseconds for the helper pod to start, beside a restore that has failed already. */
const PATIENCE = 30_000;

/**
 * CRIU's log of a restore that failed on a node, through a helper pod; empty where there is none, or none may be had.
 * CRI-O keeps it as long as the container, which newer ones (1.37) remove at once; containerd has thrown it away by then.
 * @param said by the kubelet: names the log
 */
export async function nodeLog(api: Api, files: NodeFiles, nodeName: string, said: string): Promise<string> {
  const path = LOG_OF_CRIO.exec(said)?.[0];
  if (path === undefined) return '';
  const limit = AbortSignal.timeout(PATIENCE);
  try {
    return (await files.tail(await nodeCalled(api, nodeName, limit), path, MOST, limit)).toString('utf8');
  } catch (error) {
    if (isCancelled(error) && !limit.aborted) throw error;
    return '';
  }
}
