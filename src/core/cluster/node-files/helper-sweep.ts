import { openCluster } from '../cluster.ts';
import type { ConnectOptions } from '../connection/connect.ts';
import type { Kubeconfig } from '../kubeconfig/kubeconfig.ts';
import type { HelperJournal } from './helper-journal.ts';
import { sweepJournal } from './helper-pods.ts';

/**
 * Removes the helper pods that ended processes of this machine have left, in whatever clusters: for the start of a
 * program. Where none were left nothing is asked of any cluster. What cannot be removed now is tried another time.
 * @returns how many were found
 */
export async function sweepAbandoned(
  journal: HelperJournal,
  kubeconfig: Kubeconfig,
  options: ConnectOptions,
): Promise<number> {
  const contexts = new Set((await journal.abandoned()).map(({ context }) => context));
  const found = await Promise.all(
    [...contexts].map(async (context) => {
      try {
        const cluster = await openCluster(kubeconfig, context, options);
        try {
          return await sweepJournal(journal, context, cluster.api);
        } finally {
          cluster.close();
        }
      } catch {
        // A context that is not in the kubeconfig any more, or a kubeconfig that is in the making.
        return 0;
      }
    }),
  );
  return found.reduce((sum, count) => sum + count, 0);
}
