import { delimiter } from 'node:path';
import * as vscode from 'vscode';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Action } from '../errors.ts';
import { reasonOf } from '../failure.ts';
import { clusterSettings } from './cluster-settings.ts';
import { foreignKubeconfig, foreignPlace, foreignPod, requireSamePod, type ForeignKubeconfig } from './foreign-pod.ts';
import type { PartServices } from './part-services.ts';
import type { PodTarget } from './targets.ts';

const ID = 'ms-kubernetes-tools.vscode-kubernetes-tools';

/** Draws its view anew. */
const REFRESH = 'extension.vsKubernetesRefreshExplorer';

/** Its view is there before it has started: until then it does not tell which kubeconfig it shows. */
const START_MS = 15_000;

/** The Kubernetes extension, as far as pods of its tree are checkpointed. */
export class KubernetesExtension {
  readonly #services: PartServices;

  constructor(services: PartServices) {
    this.#services = services;
  }

  /**
   * A pod of its tree, in the cluster that it shows.
   * @returns undefined for what is no row of a pod
   * @throws ClusterError; where something particular helps, what is wrong has been told by then
   */
  async pod(argument: unknown): Promise<PodTarget | undefined> {
    const pod = foreignPod(argument);
    if (!pod) return undefined;
    const { activities, connections, errors } = this.#services;
    let shown: ForeignKubeconfig | undefined;
    try {
      return await activities.waitFor(vscode.l10n.t('the cluster'), async (signal) => {
        const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
        shown = foreignKubeconfig(await exportsOfExtension(), folder);
        const place = shown && (await foreignPlace(await connections.kubeconfig(), shown));
        const { cluster } = await connections.connect(place?.context);
        const namespace = pod.namespace === '' ? (place?.namespace ?? cluster.namespace) : pod.namespace;
        await requireSamePod(cluster.api, cluster.name, { ...pod, namespace }, signal);
        return { context: cluster.name, namespace, pod: pod.name };
      });
    } catch (error) {
      const actions = remedies(reasonOf(error), shown);
      if (actions.length > 0) await errors.report(error, { actions });
      throw error;
    }
  }
}

/** What its activation gives, however far that is. @throws ClusterError `timeout` */
async function exportsOfExtension(): Promise<unknown> {
  const extension = vscode.extensions.getExtension<unknown>(ID);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = sentence(
      'The Kubernetes extension is still starting, and does not tell yet which cluster it shows. Try again in a moment.',
    );
    timer = setTimeout(() => reject(new ClusterError('timeout', text, { isPassing: true })), START_MS);
  });
  try {
    return await Promise.race([extension?.activate(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function remedies(reason: string, shown: ForeignKubeconfig | undefined): readonly Action[] {
  if (reason === 'changed') {
    return [{ title: vscode.l10n.t('Refresh'), run: () => vscode.commands.executeCommand(REFRESH) }];
  }
  if (reason !== 'no-kubeconfig' || shown?.pathType !== 'host' || shown.hostPath.includes(delimiter)) return [];
  const { hostPath } = shown;
  return [{ title: vscode.l10n.t('Use the Same'), run: () => clusterSettings.chooseKubeconfig(hostPath) }];
}
