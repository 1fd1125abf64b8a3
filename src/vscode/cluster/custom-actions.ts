import * as vscode from 'vscode';
import { escapeText } from '../../protocol/format.ts';
import { choiceLabel } from '../errors.ts';
import { findCustomKinds, type CustomKinds } from '../../core/cluster/custom/custom-kinds.ts';
import {
  chainManifest,
  createCustomObject,
  scheduleManifest,
  workloadLabels,
} from '../../core/cluster/custom/make-custom.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { readPod, type PodFacts } from '../../core/cluster/inventory/pods.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Connection } from './connections.ts';
import type { PartServices } from './part-services.ts';
import { PodNode } from './tree/pod-nodes.ts';

/** Has a cluster's operator take checkpoints by itself, where it has one. */
export class CustomActions {
  readonly #services: PartServices;

  constructor(services: PartServices) {
    this.#services = services;
  }

  async createChain(argument: unknown): Promise<void> {
    const found = await this.#prepare(argument, 'chain');
    if (!found) return;
    const { connection, pod, kinds } = found;
    const resource = kinds.chain;
    if (!resource) return;
    const interval = await askInterval();
    const count = interval === undefined ? undefined : await askCount();
    if (interval === undefined || count === undefined) return;
    const name = await askName(`${baseName(pod)}-chain`);
    if (name === undefined || !(await confirm(pod, name, interval))) return;
    const manifest = chainManifest(pod, resource, { name, interval, maxSnapshots: count });
    await createCustomObject(connection.cluster.api, resource, pod.namespace, manifest);
    this.#created(name, connection);
  }

  async createSchedule(argument: unknown): Promise<void> {
    const found = await this.#prepare(argument, 'schedule');
    if (!found) return;
    const { connection, pod, kinds } = found;
    const resource = kinds.schedule;
    if (!resource) return;
    const interval = await askInterval();
    if (interval === undefined) return;
    const name = await askName(`${baseName(pod)}-schedule`);
    if (name === undefined || !(await confirm(pod, name, interval))) return;
    const manifest = scheduleManifest(pod, resource, { name, interval, onAnnotation: false });
    await createCustomObject(connection.cluster.api, resource, pod.namespace, manifest);
    this.#created(name, connection);
  }

  async #prepare(
    argument: unknown,
    kind: 'chain' | 'schedule',
  ): Promise<{ connection: Connection; pod: PodFacts; kinds: CustomKinds } | undefined> {
    if (!(argument instanceof PodNode)) return undefined;
    const { context, namespace } = argument.place;
    const connection = await this.#services.connections.connect(context);
    const { api } = connection.cluster;
    const kinds = await findCustomKinds(api);
    if (!kinds[kind]) {
      throw new ClusterError(
        'unsupported',
        sentence(
          '{0} has no objects of this kind: the checkpoint-restore-operator (criu.org) is not installed there.',
          context,
        ),
      );
    }
    return { connection, pod: await readPod(api, { namespace, name: argument.facts.name }), kinds };
  }

  #created(name: string, { cluster }: Connection): void {
    vscode.window.setStatusBarMessage(vscode.l10n.t('{0} was created in {1}.', name, choiceLabel(cluster.name)), 5000);
    this.#services.refresh();
  }
}

function baseName({ workload, name }: PodFacts): string {
  return (workload?.name ?? name).slice(0, 50);
}

/** Everything that its labels select is checkpointed, which may be more than this pod. */
async function confirm(pod: PodFacts, name: string, interval: string): Promise<boolean> {
  const labels = Object.entries(workloadLabels(pod)).map(([key, value]) => `${key}=${value}`);
  const yes = vscode.l10n.t('Create');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Create {0} in {1}?', name, escapeText(pod.namespace)),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Every {0} it checkpoints all pods of the namespace with these labels: {1}. Each is frozen for a moment, and its archives stay on its node.',
        interval,
        escapeText(labels.join(', ')),
      ),
    },
    yes,
  );
  return chosen === yes;
}

function askInterval(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Time Between Checkpoints'),
    ignoreFocusOut: true,
    prompt: vscode.l10n.t('For example 30s, 5m or 1h'),
    value: '5m',
    validateInput: (text) => (/^(?:\d+[smh])+$/.test(text) ? undefined : vscode.l10n.t('Give a time such as 5m.')),
  });
}

async function askCount(): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('How Many Checkpoints'),
    ignoreFocusOut: true,
    value: '5',
    validateInput: (value) => (/^[1-9]\d{0,3}$/.test(value) ? undefined : vscode.l10n.t('Give a number from 1 on.')),
  });
  return text === undefined ? undefined : Number(text);
}

function askName(value: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Name of the Object'),
    ignoreFocusOut: true,
    value,
    validateInput: (text) =>
      /^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/.test(text)
        ? undefined
        : vscode.l10n.t('Small letters, digits, hyphens and dots only.'),
  });
}
