import { escapeText } from '../../../protocol/format.ts';
import type { ContextFacts } from '../../../core/cluster/cluster.ts';
import { findCustomKinds } from '../../../core/cluster/custom/custom-kinds.ts';
import { listNamespaces } from '../../../core/cluster/inventory/namespaces.ts';
import { reasonOf } from '../../failure.ts';
import { CustomFolder } from './custom-nodes.ts';
import { Branch, factTable, NoteNode, type Row, type TreeNode, type Wording } from './node.ts';
import { NamespaceNode } from './namespace-node.ts';
import { NodesFolder } from './node-nodes.ts';
import type { TreeHost } from './tree-host.ts';

/** A context of the kubeconfig. Its cluster is asked when it is unfolded, and never before. */
export class ContextNode extends Branch {
  readonly id: string;
  readonly parent = undefined;
  readonly context: string;
  facts: ContextFacts;
  readonly #host: TreeHost;
  readonly #namespaces = new Map<string, NamespaceNode>();
  readonly #nodes: NodesFolder;
  #failure: string | undefined;

  constructor(facts: ContextFacts, host: TreeHost) {
    super();
    this.facts = facts;
    this.context = facts.name;
    this.#host = host;
    this.id = `context:${facts.name}`;
    this.#nodes = new NodesFolder(this, facts.name, host);
  }

  override forget(): void {
    super.forget();
    this.#failure = undefined;
    for (const namespace of this.#namespaces.values()) namespace.forget();
    this.#nodes.forget();
  }

  row({ translate }: Wording): Row {
    const { name, isCurrent, namespace, isUnverified, server, cluster, user, file } = this.facts;
    const state = this.#failure === undefined ? undefined : stateText(this.#failure, translate);
    const description = [
      ...(isCurrent ? [translate('current')] : []),
      ...(namespace === 'default' ? [] : [escapeText(namespace)]),
      ...(isUnverified ? [translate('TLS not verified')] : []),
      ...(state === undefined ? [] : [state]),
    ];
    return {
      label: escapeText(name),
      description: description.join(' · '),
      tooltip: factTable([
        [translate('Context'), name],
        [translate('Cluster'), cluster],
        [translate('Server'), server],
        [translate('User'), user],
        [translate('Namespace'), namespace],
        [
          translate('TLS'),
          isUnverified ? translate('The kubeconfig says not to verify who answers: anybody may.') : undefined,
        ],
        [translate('State'), state],
        [translate('Kubeconfig'), file],
      ]),
      icon: isUnverified ? 'unlock' : 'server-environment',
      ...(state !== undefined && { color: 'disabledForeground' }),
      ...(state === undefined && isUnverified && { color: 'list.warningForeground' }),
      context: state === undefined ? 'context' : 'context.failed',
    };
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    const { cluster } = await this.#host.connect(this.context);
    const pinned = this.#host.pinned(this.context);
    const known = [this.facts.namespace, ...pinned];
    const [{ namespaces, isComplete }, kinds] = await Promise.all([
      listNamespaces(cluster.api, known),
      // Nothing but these rows hangs on it.
      findCustomKinds(cluster.api).catch(() => ({})),
    ]);
    this.#host.kinds.set(this.context, kinds);
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      setImmediate(() => this.#host.changed(this));
    }
    const names = new Set(namespaces.map(({ name }) => name));
    for (const [name, namespace] of this.#namespaces) {
      if (names.has(name)) continue;
      // Nobody watches what is gone.
      namespace.forget();
      this.#namespaces.delete(name);
    }
    const nodes = [...names].map((name) => {
      const node = this.#namespaces.get(name) ?? new NamespaceNode(this, this.context, name, this.#host);
      this.#namespaces.set(name, node);
      return node;
    });
    // The pinned ones first, in the order in which they were pinned.
    nodes.sort((a, b) => rank(pinned, a) - rank(pinned, b));
    return [
      ...nodes,
      ...(isComplete ? [] : [incompleteRow(this)]),
      ...(Object.keys(kinds).length > 0 ? [new CustomFolder(this, this.context, kinds, this.#host)] : []),
      this.#nodes,
    ];
  }

  protected override failed(error: unknown): readonly TreeNode[] {
    this.#failure = reasonOf(error);
    setImmediate(() => this.#host.changed(this));
    return super.failed(error);
  }
}

function rank(pinned: readonly string[], { place }: NamespaceNode): number {
  const at = pinned.indexOf(place.namespace);
  return at < 0 ? pinned.length : at;
}

function incompleteRow(parent: ContextNode): NoteNode {
  return new NoteNode(parent, 'incomplete', ({ translate }) => ({
    label: translate('Add a namespace…'),
    description: translate('you may not list them'),
    tooltip: translate('You may not list the namespaces of this cluster. Those that you name are shown.'),
    icon: 'add',
    context: 'incomplete',
    command: { name: 'addNamespace', title: translate('Add Namespace') },
  }));
}

/** A word for the row; the sentence stands below it. */
function stateText(reason: string, translate: Wording['translate']): string {
  switch (reason) {
    case 'unreachable':
      return translate('unreachable');
    case 'timeout':
      return translate('does not answer');
    case 'unauthorized':
    case 'credentials':
      return translate('not logged in');
    case 'forbidden':
      return translate('forbidden');
    case 'tls':
      return translate('not trusted');
    case 'untrusted':
      return translate('restricted');
    default:
      return translate('not available');
  }
}
