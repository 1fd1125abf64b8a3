import * as vscode from 'vscode';
import { knownNodes } from '../../core/cluster/inventory/known-nodes.ts';
import type { NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { whoAmI } from '../../core/cluster/rights/access.ts';
import { checkpointRole, helperRole } from '../../core/cluster/rights/manifests.ts';
import { checkSetup } from '../../core/cluster/setup/check-setup.ts';
import type { SetupPoint, SetupState } from '../../core/cluster/setup/setup-point.ts';
import { say } from '../../protocol/sentence.ts';
import { choiceLabel, translate, words } from '../errors.ts';
import { escapeText } from '../../protocol/format.ts';
import { isCancelled } from '../failure.ts';
import { clusterSettings } from './cluster-settings.ts';
import type { Connection } from './connections.ts';
import type { PartServices } from './part-services.ts';
import { ContextNode } from './tree/context-node.ts';
import { NodeNode } from './tree/node-nodes.ts';

const ICONS: Readonly<Record<SetupState, string>> = {
  good: 'pass',
  bad: 'error',
  warning: 'warning',
  unknown: 'question',
};

interface PointItem extends vscode.QuickPickItem {
  readonly point?: SetupPoint;
}

/** What stands between a person and a checkpoint, and what would mend it. */
export class SetupActions {
  readonly #services: PartServices;

  constructor(services: PartServices) {
    this.#services = services;
  }

  /** Shows point by point how a node is set up. @param argument a row of a context or a node, or nothing */
  async check(argument: unknown): Promise<void> {
    const place = await this.#place(argument, vscode.l10n.t('Check Checkpointing on a Node'));
    if (!place) return;
    const { connection, node } = place;
    const pick = vscode.window.createQuickPick<PointItem>();
    const copy = { iconPath: new vscode.ThemeIcon('copy'), tooltip: vscode.l10n.t('Copy what helps') };
    const document = { iconPath: new vscode.ThemeIcon('go-to-file'), tooltip: vscode.l10n.t('Open as Document') };
    const points: SetupPoint[] = [];
    const controller = new AbortController();
    pick.title = vscode.l10n.t('Checkpointing on {0}', escapeText(node.name));
    pick.placeholder = vscode.l10n.t('Enter copies what helps; the button above shows all as a document');
    pick.busy = true;
    pick.ignoreFocusOut = true;
    pick.matchOnDetail = true;
    pick.buttons = [document];
    pick.onDidHide(() => {
      controller.abort();
      pick.dispose();
    });
    pick.onDidTriggerButton(() => void openReport(points, node));
    pick.onDidTriggerItemButton(({ item }) => void copyPoint(item.point));
    pick.onDidAccept(() => void copyPoint(pick.activeItems[0]?.point));
    pick.show();
    try {
      for await (const point of this.points(connection, node, controller.signal)) {
        points.push(point);
        pick.items = points.map((one) => itemOf(one, copy));
      }
    } catch (error) {
      if (!isCancelled(error)) {
        pick.hide();
        throw error;
      }
    } finally {
      pick.busy = false;
    }
  }

  points(connection: Connection, node: NodeFacts, signal?: AbortSignal): AsyncGenerator<SetupPoint, void> {
    const { cluster, files } = connection;
    const mayLook = this.#services.memory.mayUseHelpers(cluster.name);
    const directory = clusterSettings.directory();
    return checkSetup(cluster, node, { ...(mayLook && { files }), directory, signal });
  }

  /** The manifests that give the rights that this extension uses on a node, to be handed to an administrator. */
  async copyRights(argument: unknown): Promise<void> {
    const place = await this.#place(argument, vscode.l10n.t('Rights for Checkpoints on a Node'));
    if (!place) return;
    await vscode.env.clipboard.writeText(await this.rights(place.connection, place.node));
    vscode.window.setStatusBarMessage(vscode.l10n.t('YAML copied'), 3000);
  }

  async rights({ cluster }: Connection, node: NodeFacts): Promise<string> {
    const user = (await whoAmI(cluster.api)) ?? cluster.user;
    const { namespace } = clusterSettings.helper(cluster.namespace);
    return [checkpointRole(user, node.name), helperRole(user, namespace)].join('---\n');
  }

  async #place(
    argument: unknown,
    title: string,
  ): Promise<{ readonly connection: Connection; readonly node: NodeFacts } | undefined> {
    const { connections } = this.#services;
    if (argument instanceof NodeNode) {
      return { connection: await connections.connect(argument.context), node: argument.facts };
    }
    const context = argument instanceof ContextNode ? argument.context : undefined;
    const name = context ?? vscode.l10n.t('the cluster');
    const { connection, nodes } = await this.#services.activities.waitFor(name, async (signal) => {
      const found = await connections.connect(context);
      return { connection: found, nodes: await knownNodes(found.cluster, signal) };
    });
    const [only] = nodes;
    if (only && nodes.length === 1) return { connection, node: only };
    const items = nodes.map((node) => ({
      label: choiceLabel(node.name),
      description: choiceLabel(`${node.runtimeName} ${node.runtimeVersion}`.trim()),
      node,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title,
      placeHolder: escapeText(connection.cluster.name),
    });
    return chosen && { connection, node: chosen.node };
  }
}

function itemOf(point: SetupPoint, copy: vscode.QuickInputButton): PointItem {
  const { remedy } = point;
  const needed = remedy && point.state !== 'good';
  // One line is all that there is room for: what follows the first sentence stands below it.
  const [first = '', ...others] = words(point.text).split(/(?<=\.) (?=\p{Lu})/u);
  const detail = [...others, ...(needed ? [words(remedy.text)] : [])].join(' ');
  return {
    label: `$(${ICONS[point.state]}) ${first.replaceAll('$(', '(')}`,
    ...(detail !== '' && { detail }),
    ...(remedy?.copy && needed && { buttons: [copy] }),
    alwaysShow: true,
    point,
  };
}

async function copyPoint(point: SetupPoint | undefined): Promise<void> {
  const copy = point?.remedy?.copy;
  if (!copy) return;
  await vscode.env.clipboard.writeText(copy.text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied'), 3000);
}

async function openReport(points: readonly SetupPoint[], node: NodeFacts): Promise<void> {
  const content = setupReport(points, vscode.l10n.t('Checkpointing on {0}', node.name));
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document);
}

/** All points with what helps, as Markdown. */
export function setupReport(points: readonly SetupPoint[], title: string): string {
  const signs: Readonly<Record<SetupState, string>> = { good: '✓', bad: '✗', warning: '!', unknown: '?' };
  const parts = points.flatMap(({ state, text, remedy }) => [
    `- ${signs[state]} ${say(text, translate)}`,
    ...(remedy && state !== 'good' ? ['', `  ${say(remedy.text, translate)}`] : []),
    ...(remedy?.copy && state !== 'good' ? ['', fenced(remedy.copy.form, remedy.copy.text)] : []),
    '',
  ]);
  return `# ${title}\n\n${parts.join('\n')}`;
}

function fenced(form: string, text: string): string {
  const lines = text.trimEnd().split('\n');
  return [`  \`\`\`${form}`, ...lines.map((line) => `  ${line}`), '  ```'].join('\n');
}
