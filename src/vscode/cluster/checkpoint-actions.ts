import * as vscode from 'vscode';
import { escapeText, formatDuration, formatSize } from '../../protocol/format.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { listPods } from '../../core/cluster/inventory/pods.ts';
import { formatNodeLocator } from '../../core/cluster/node-files/node-locator.ts';
import type { NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { choiceLabel, copyRemedy, withoutLinks, words, type Action } from '../errors.ts';
import { isCancelled, reasonOf } from '../failure.ts';
import type { ArchiveActions } from './archive-actions.ts';
import { obstacle, takeAll, type Result, type Wanted } from './checkpointing.ts';
import { clusterSettings } from './cluster-settings.ts';
import type { Connection } from './connections.ts';
import { alike, failureOfSeveral, type FailedAlike } from './failed-checkpoints.ts';
import { KubernetesExtension } from './kubernetes-extension.ts';
import type { PartServices } from './part-services.ts';
import { Presence } from './presence.ts';
import { podTargets, wantedOf, type PodTarget } from './targets.ts';

/** Taking checkpoints: whose, whether it can be done and shall be, and what comes after. */
export class CheckpointActions {
  readonly #services: PartServices;
  readonly #archives: ArchiveActions;
  readonly #kubernetes: KubernetesExtension;

  constructor(services: PartServices, archives: ArchiveActions) {
    this.#services = services;
    this.#archives = archives;
    this.#kubernetes = new KubernetesExtension(services);
  }

  /** @param argument a row of the view or of the Kubernetes extension's; nothing from the palette */
  async checkpoint(argument: unknown, selected: unknown): Promise<void> {
    const chosen = Array.isArray(selected) && selected.includes(argument) ? (selected as unknown[]) : [argument];
    const presence = new Presence();
    const foreign = await this.#kubernetes.pod(argument);
    const rows = podTargets(chosen);
    const targets = rows.length > 0 ? rows : await this.#choose(foreign, presence);
    if (targets.length === 0) return;
    const wanted = await this.#wanted(targets);
    if (wanted.length === 0) throw new ClusterError('not-found', nothingRuns(targets));
    if (!(await this.#isPossible(wanted, presence))) return;
    if (await confirm(wanted, presence)) await this.take(wanted);
  }

  async #wanted(targets: readonly PodTarget[]): Promise<readonly Wanted[]> {
    const { activities, connections } = this.#services;
    const contexts = [...new Set(targets.map(({ context }) => context))];
    const name = contexts.every((context) => context !== undefined)
      ? contexts.join(', ')
      : vscode.l10n.t('the cluster');
    return activities.waitFor(name, (signal) => wantedOf(connections, targets, signal));
  }

  /** Without any question. Resolves when all is done and told. */
  async take(wanted: readonly Wanted[]): Promise<readonly Result[]> {
    const { activities, memory, kubelets } = this.#services;
    const results = await takeAll(
      wanted,
      activities,
      ({ container }) => ({
        title: vscode.l10n.t('Checkpointing {0}', container.name),
        verb: vscode.l10n.t('checkpointing'),
      }),
      {
        timeout: clusterSettings.checkpointTimeout(),
        perNode: clusterSettings.perNode(),
        directory: clusterSettings.directory(),
        mayUseHelpers: (context) => memory.mayUseHelpers(context),
        endpoint: (connection, node) => kubelets.endpoint(connection, node),
      },
    );
    for (const { connection, node } of wanted) this.#services.archivesChanged(connection.cluster.name, node.name);
    void this.#tell(results);
    return results;
  }

  /** Looks at each node once, before a container is touched. */
  async #isPossible(wanted: readonly Wanted[], presence: Presence): Promise<boolean> {
    const nodes = new Map(wanted.map((one) => [`${one.connection.cluster.name}\0${one.node.name}`, one]));
    for (const { connection, node } of nodes.values()) {
      if (!(await this.#isPossibleOn(connection, node, presence))) return false;
    }
    return true;
  }

  async #isPossibleOn(connection: Connection, node: NodeFacts, presence: Presence): Promise<boolean> {
    if (this.#services.kubelets.isDirect(connection.cluster.name, node.name)) return true;
    for (;;) {
      const point = await this.#services.activities.waitFor(node.name, (signal) => obstacle(connection, node, signal));
      if (!point) return true;
      const { remedy } = point;
      const error = new ClusterError('forbidden', point.text, remedy ? { remedy } : {});
      const more = this.#otherWay(connection, node, point.question === 'rights' || point.question === 'kubelet-rights');
      const answer = await this.#refused(error, more);
      presence.answered();
      if (answer !== 'again') return answer === 'other-way';
    }
  }

  /** What the person chose: to have another look, now that it was mended; another way; or nothing of that. */
  async #refused(
    error: ClusterError,
    otherWay: (Action & { run(): void }) | undefined,
  ): Promise<'again' | 'other-way' | undefined> {
    const { errors } = this.#services;
    const copy = error.remedy?.copy;
    const again: Action = { title: vscode.l10n.t('Retry'), run: () => undefined };
    const actions = [...(copy ? [copyRemedy(copy)] : []), ...(otherWay ? [otherWay] : []), again];
    const text = [errors.words(error), ...(error.remedy ? [words(error.remedy.text)] : [])].join(' ');
    const chosen = await vscode.window.showErrorMessage(withoutLinks(text), ...actions.map(({ title }) => title));
    await actions.find(({ title }) => title === chosen)?.run();
    if (chosen === again.title) return 'again';
    return otherWay !== undefined && chosen === otherWay.title ? 'other-way' : undefined;
  }

  /** Where the API server's way is closed, the kubelet's own address may be open. */
  #otherWay(connection: Connection, node: NodeFacts, isRefused: boolean): (Action & { run(): void }) | undefined {
    const { kubelets } = this.#services;
    const context = connection.cluster.name;
    if (!isRefused || kubelets.isDirect(context, node.name)) return undefined;
    return {
      title: vscode.l10n.t('Ask the Kubelet Itself'),
      run: () => kubelets.choose(context, node.name),
    };
  }

  async #tell(results: readonly Result[]): Promise<void> {
    const made = results.filter((result) => 'path' in result);
    const failed = results.filter((result) => 'failure' in result);
    await Promise.all([
      ...(made.length > 0 ? [this.#tellMade(made)] : []),
      ...alike(failed).map((group) => this.#tellFailed(group)),
    ]);
  }

  async #tellMade(made: readonly Extract<Result, { path: string }>[]): Promise<void> {
    const [first] = made;
    if (!first) return;
    const { wanted, path, elapsed, size } = first;
    const { connection, node, container, pod } = wanted;
    const target = { context: connection.cluster.name, node: node.name, path };
    const facts = [
      ...(elapsed === undefined ? [] : [formatDuration(Math.round(elapsed * 1000))]),
      ...(size === undefined ? [] : [formatSize(size)]),
    ];
    const text =
      made.length > 1
        ? vscode.l10n.t('{0} containers were checkpointed.', made.length)
        : vscode.l10n.t(
            '{0} was checkpointed{1}. The archive is {2} on {3}.',
            escapeText(`${pod.name}/${container.name}`),
            facts.length > 0 ? ` (${facts.join(', ')})` : '',
            escapeText(path),
            escapeText(node.name),
          );
    const [open, download, reveal] = [
      vscode.l10n.t('Open in Place'),
      vscode.l10n.t('Download'),
      vscode.l10n.t('Show on Node'),
    ];
    const offered = made.length > 1 ? [download, reveal] : [open, download, reveal];
    const chosen = await vscode.window.showInformationMessage(withoutLinks(text), ...offered);
    const guard = this.#services.errors.guard(async () => {
      if (chosen === open) await this.#archives.open(formatNodeLocator(target));
      if (chosen === reveal && (await this.#archives.allowHelpers(target.context))) {
        await this.#services.revealNode(target.context, target.node);
      }
      if (chosen === download) await Promise.all(made.map((one) => this.#archives.downloadMade(one.wanted, one.path)));
    });
    await guard();
  }

  async #tellFailed(group: FailedAlike): Promise<void> {
    const [{ wanted, failure }, ...others] = group;
    const { connection, node } = wanted;
    const { errors } = this.#services;
    if (isCancelled(failure)) {
      // Who cancels knows; that the node may go on is worth a word.
      vscode.window.setStatusBarMessage(
        vscode.l10n.t('Cancelled. {0} may finish the checkpoint all the same.', choiceLabel(node.name)),
        8000,
      );
      return;
    }
    const reason = reasonOf(failure);
    const way = this.#otherWay(connection, node, reason === 'forbidden');
    if (reason === 'forbidden' || reason === 'unauthorized')
      this.#services.kubelets.refused(connection.cluster.name, node.name);
    for (const { failure: other } of others) errors.note(other);
    const error = others.length === 0 ? failure : failureOfSeveral(group, errors.words(failure));
    const again = group.map((one) => one.wanted);
    await errors.report(error, { ...(way && { actions: [way] }), retry: () => this.take(again) });
  }

  /** Lets the person choose a pod, and its containers. */
  async #choose(pod: PodTarget | undefined, presence: Presence): Promise<readonly PodTarget[]> {
    const target = pod ?? (await this.#choosePod(presence));
    if (!target) return [];
    const wanted = await this.#wanted([target]);
    if (wanted.length < 2) return [target];
    if (!(await isStillWanted(contextsOf(wanted), presence))) return [];
    const items = wanted.map(({ container }) => ({
      label: choiceLabel(container.name),
      description: choiceLabel(container.image),
      picked: container.kind === 'regular',
      container,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Checkpoint Containers of {0}', escapeText(target.pod)),
      canPickMany: true,
    });
    presence.answered();
    if (!chosen || chosen.length === 0) return [];
    return [{ ...target, containers: chosen.map(({ container }) => container.name) }];
  }

  async #choosePod(presence: Presence): Promise<PodTarget | undefined> {
    const { activities, connections } = this.#services;
    const { cluster, pods } = await activities.waitFor(vscode.l10n.t('the cluster'), async (signal) => {
      const connection = await connections.connect();
      const { api, namespace } = connection.cluster;
      return { cluster: connection.cluster, pods: (await listPods(api, { namespace, signal })).pods };
    });
    if (!(await isStillWanted([cluster.name], presence))) return undefined;
    const items = pods.map(({ name, status, node }) => ({
      label: choiceLabel(name),
      description: choiceLabel([status, node].filter((part) => part !== undefined).join(' · ')),
      pod: name,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Checkpoint a Pod of {0} ({1})', escapeText(cluster.namespace), escapeText(cluster.name)),
      placeHolder: vscode.l10n.t('Other namespaces are in the view Clusters'),
      matchOnDescription: true,
    });
    presence.answered();
    return chosen && { context: cluster.name, namespace: cluster.namespace, pod: chosen.pod };
  }
}

/** Asks, where the person may be typing something else by now, in a way that takes no key from them. */
async function isStillWanted(contexts: readonly string[], presence: Presence): Promise<boolean> {
  if (!presence.isAway) return true;
  const next = vscode.l10n.t('Checkpoint…');
  const text = vscode.l10n.t('{0} has answered now. Nothing was checkpointed yet.', escapeText(contexts.join(', ')));
  const isWanted = (await vscode.window.showInformationMessage(withoutLinks(text), next)) === next;
  presence.answered();
  return isWanted;
}

function contextsOf(wanted: readonly Wanted[]): readonly string[] {
  return [...new Set(wanted.map(({ connection }) => connection.cluster.name))];
}

function nothingRuns([first, ...others]: readonly PodTarget[]): Sentence {
  return first && others.length === 0
    ? sentence('No container of {0} is running, so there is nothing to checkpoint.', `${first.namespace}/${first.pod}`)
    : sentence('No container is running there, so there is nothing to checkpoint.');
}

/** What a checkpoint does to these containers, for a person to decide. */
async function confirm(wanted: readonly Wanted[], presence: Presence): Promise<boolean> {
  if (!vscode.workspace.getConfiguration('checkpointExplorer').get<boolean>('checkpoint.confirm', true)) return true;
  const contexts = contextsOf(wanted);
  if (!(await isStillWanted(contexts, presence))) return false;
  const [first] = wanted;
  if (!first) return false;
  const { pod, container, node } = first;
  const title =
    wanted.length === 1
      ? vscode.l10n.t(
          'Checkpoint {0} of {1} on {2}?',
          ...[container.name, `${pod.namespace}/${pod.name}`, node.name].map(escapeText),
        )
      : vscode.l10n.t('Checkpoint {0} containers?', wanted.length);
  const names = wanted
    .slice(0, 12)
    .map((one) => escapeText(`• ${one.pod.namespace}/${one.pod.name}/${one.container.name}`));
  const probed = wanted.some((one) => one.container.hasLivenessProbe);
  const detail = [
    ...(wanted.length > 1 ? [...names, ...(wanted.length > 12 ? ['…'] : []), ''] : []),
    vscode.l10n.t('Context: {0}', escapeText(contexts.join(', '))),
    wanted.length === 1
      ? vscode.l10n.t(
          'It is frozen while its memory is written, mostly less than a few seconds, and then goes on. Sleeps are interrupted: a process that only sleeps may end.',
        )
      : vscode.l10n.t(
          'Each is frozen while its memory is written, mostly less than a few seconds, and then goes on. Sleeps are interrupted: a process that only sleeps may end.',
        ),
    ...(probed
      ? [
          wanted.length === 1
            ? vscode.l10n.t(
                'Its liveness probe goes on meanwhile: if it fails for too long, Kubernetes restarts the container.',
              )
            : vscode.l10n.t(
                'Liveness probes go on meanwhile: if one fails for too long, Kubernetes restarts its container.',
              ),
        ]
      : []),
    vscode.l10n.t('With established TCP connections it only works where the node allows that.'),
    wanted.length === 1
      ? vscode.l10n.t(
          'The archive stays on the node until somebody deletes it, and holds everything the memory holds, secrets too.',
        )
      : vscode.l10n.t(
          'The archives stay on their nodes until somebody deletes them, and hold everything the memory holds, secrets too.',
        ),
  ].join('\n');
  const yes = vscode.l10n.t('Checkpoint');
  return (await vscode.window.showWarningMessage(title, { modal: true, detail }, yes)) === yes;
}
