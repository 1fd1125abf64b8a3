import { basename } from 'node:path/posix';
import { escapeText, formatTime } from '../../../protocol/format.ts';
import type { CustomKind, CustomKinds } from '../../../core/cluster/custom/custom-kinds.ts';
import {
  listCustomObjects,
  type CustomArchive,
  type CustomFacts,
} from '../../../core/cluster/custom/custom-objects.ts';
import { verifyChain } from '../../../core/cluster/custom/verify-chain.ts';
import { formatNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { Branch, factTable, NoteNode, shortAge, type Row, type TreeNode, type Wording } from './node.ts';
import type { TreeHost } from './tree-host.ts';

/** The objects about checkpoints that a cluster has beside the kubelet's own way. */
export class CustomFolder extends Branch {
  readonly id: string;
  readonly parent: TreeNode;
  readonly context: string;
  readonly kinds: CustomKinds;
  readonly #host: TreeHost;

  constructor(parent: TreeNode, context: string, kinds: CustomKinds, host: TreeHost) {
    super();
    this.parent = parent;
    this.context = context;
    this.kinds = kinds;
    this.#host = host;
    this.id = `custom:${context}`;
  }

  row({ translate }: Wording): Row {
    return {
      label: translate('Checkpoint Objects'),
      description: '',
      tooltip: translate('Objects about checkpoints that this cluster has: chains, schedules, restores'),
      icon: 'symbol-object',
      context: 'customs',
    };
  }

  protected override load(): Promise<readonly TreeNode[]> {
    const kinds = Object.keys(this.kinds) as CustomKind[];
    return Promise.resolve(kinds.map((kind) => new CustomKindNode(this, kind, this.#host)));
  }
}

/** All objects of one kind. */
class CustomKindNode extends Branch {
  readonly id: string;
  readonly parent: CustomFolder;
  readonly kind: CustomKind;
  readonly #host: TreeHost;

  constructor(parent: CustomFolder, kind: CustomKind, host: TreeHost) {
    super();
    this.parent = parent;
    this.kind = kind;
    this.#host = host;
    this.id = `${parent.id}/${kind}`;
  }

  row({ translate }: Wording): Row {
    const labels: Readonly<Record<CustomKind, string>> = {
      'pod-checkpoint': translate('Pod Checkpoints'),
      chain: translate('Forensic Chains'),
      schedule: translate('Checkpoint Schedules'),
      restore: translate('Pod Restores'),
    };
    return { label: labels[this.kind], description: '', tooltip: '', icon: ICONS[this.kind], context: 'custom-kind' };
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    const { context, kinds } = this.parent;
    const resource = kinds[this.kind];
    if (!resource) return [];
    const { api } = (await this.#host.connect(context)).cluster;
    const objects = await listCustomObjects(api, this.kind, resource);
    if (objects.length > 0) return objects.map((facts) => new CustomNode(this, context, facts));
    return [
      new NoteNode(this, 'none', ({ translate }) => ({ label: translate('None'), icon: 'info', context: 'none' })),
    ];
  }
}

/** One object; below it the archives that it stands for. */
export class CustomNode extends Branch {
  readonly id: string;
  readonly parent: TreeNode;
  readonly context: string;
  readonly facts: CustomFacts;

  constructor(parent: TreeNode, context: string, facts: CustomFacts) {
    super();
    this.parent = parent;
    this.context = context;
    this.facts = facts;
    this.id = `${parent.id}/${facts.namespace}/${facts.name}`;
  }

  row({ now, translate }: Wording): Row {
    const { kind, namespace, name, state, message, created, archives } = this.facts;
    const verdict = kind === 'chain' && archives.length > 0 ? verifyChain(archives).state : undefined;
    const verdicts = {
      whole: translate('links fit'),
      incomplete: translate('links with gaps'),
      broken: translate('links broken'),
    };
    const description = [
      escapeText(state),
      ...(verdict === undefined ? [] : [verdicts[verdict]]),
      shortAge(created, now),
    ];
    return {
      label: escapeText(`${namespace}/${name}`),
      description: description.filter((part) => part !== '').join(' · '),
      tooltip: factTable([
        [translate('Name'), name],
        [translate('Namespace'), namespace],
        [translate('State'), state],
        [translate('Message'), message],
        [translate('Chain'), verdict && verdicts[verdict]],
        [translate('Created'), created === '' ? undefined : formatTime(created)],
      ]),
      icon: verdict === 'broken' ? 'warning' : ICONS[kind],
      ...(verdict === 'broken' && { color: 'list.errorForeground' }),
      context: `custom.${kind}`,
    };
  }

  protected override load(): Promise<readonly TreeNode[]> {
    const { archives } = this.facts;
    if (archives.length > 0)
      return Promise.resolve(archives.map((one, index) => new CustomArchiveNode(this, one, index)));
    return Promise.resolve([
      new NoteNode(this, 'none', ({ translate }) => ({
        label: translate('No archives'),
        icon: 'info',
        context: 'none',
      })),
    ]);
  }
}

/** An archive that an object stands for; where it names no node, it is where its pod is. */
export class CustomArchiveNode implements TreeNode {
  readonly expandable = false;
  readonly id: string;
  readonly parent: CustomNode;
  readonly facts: CustomArchive;

  constructor(parent: CustomNode, facts: CustomArchive, index: number) {
    this.parent = parent;
    this.facts = facts;
    this.id = `${parent.id}/${String(index)}`;
  }

  get locator(): string | undefined {
    const { node } = this.facts;
    return node === undefined ? undefined : this.locatorOn(node);
  }

  locatorOn(node: string): string {
    return formatNodeLocator({ context: this.parent.context, node, path: this.facts.path });
  }

  row({ now, translate }: Wording): Row {
    const { path, node, pod, container, time, sha256 } = this.facts;
    return {
      label: escapeText([pod, container].filter((part) => part !== undefined).join(' / ') || basename(path)),
      description: [node ?? '', shortAge(time, now)].filter((part) => part !== '').join(' · '),
      tooltip: factTable([
        [translate('Pod'), pod],
        [translate('Container'), container],
        [translate('Checkpointed'), time === undefined ? undefined : formatTime(time)],
        [translate('Node'), node],
        [translate('Path'), path],
        [translate('SHA-256'), sha256],
      ]),
      icon: 'package',
      context: 'custom-archive',
      command: { name: 'openArchive', title: translate('Open in Place') },
    };
  }
}

const ICONS: Readonly<Record<CustomKind, string>> = {
  'pod-checkpoint': 'device-camera',
  chain: 'link',
  schedule: 'calendar',
  restore: 'debug-restart',
};
