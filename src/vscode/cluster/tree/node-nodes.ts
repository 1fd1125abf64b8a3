import {
  escapeText,
  formatAge,
  formatCount,
  formatExactBytes,
  formatSize,
  formatTime,
} from '../../../protocol/format.ts';
import type { NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import type { NodeArchive, NodeArchives } from '../../../core/cluster/node-files/archive-facts.ts';
import { formatNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { Branch, factTable, NoteNode, type Row, type TreeNode, type Wording } from './node.ts';
import type { TreeHost } from './tree-host.ts';

/** A node, and below it the archives in its folder of checkpoints. */
export class NodeNode extends Branch {
  readonly id: string;
  readonly parent: TreeNode;
  readonly context: string;
  facts: NodeFacts;
  readonly #host: TreeHost;
  #listed: NodeArchives | undefined;
  readonly #archives = new Map<string, ArchiveNode>();

  constructor(parent: TreeNode, context: string, facts: NodeFacts, host: TreeHost) {
    super();
    this.parent = parent;
    this.context = context;
    this.facts = facts;
    this.#host = host;
    this.id = `node:${context}/${facts.name}`;
  }

  override forget(): void {
    super.forget();
    this.#listed = undefined;
  }

  row({ translate }: Wording): Row {
    const { name, uid, runtimeName, runtimeVersion, kubeletVersion, system, kernel, architecture, address } =
      this.facts;
    // Of one that may not be looked at only the name is known.
    const isReady = this.facts.isReady || uid === '';
    const runtime = `${runtimeName} ${runtimeVersion}`.trim();
    const archives = this.#listed?.archives;
    const total = (archives ?? []).reduce((sum, { size }) => sum + size, 0);
    const description = [
      ...(isReady ? [] : [translate('not ready')]),
      ...(runtime === '' ? [] : [escapeText(runtime)]),
      ...(archives ? [archivesText(archives.length, translate), ...(total > 0 ? [formatSize(total)] : [])] : []),
    ];
    const activity = this.#host.activity(this.id);
    const free = this.#listed?.free;
    return {
      label: escapeText(name),
      description: activity ?? description.join(' · '),
      tooltip: factTable([
        [translate('Node'), name],
        [translate('Container runtime'), runtime],
        [translate('Kubelet'), kubeletVersion],
        [translate('System'), system],
        [translate('Kernel'), kernel],
        [translate('Architecture'), architecture],
        [translate('Address'), address],
        [translate('Archives'), archives && `${formatCount(archives.length)} (${formatSize(total)})`],
        [translate('Free'), free === undefined ? undefined : formatSize(free)],
      ]),
      icon: activity === undefined ? 'server' : 'loading~spin',
      ...(!isReady && { color: 'list.warningForeground' }),
      context: 'node',
    };
  }

  protected override async load(): Promise<readonly TreeNode[]> {
    if (!this.#host.mayUseHelpers(this.context)) return [this.#askRow()];
    const { files } = await this.#host.connect(this.context);
    const listed = await files.list(this.facts, this.#host.directory);
    this.#listed = listed;
    setImmediate(() => this.#host.changed(this));
    const paths = new Set(listed.archives.map(({ path }) => path));
    for (const path of this.#archives.keys()) if (!paths.has(path)) this.#archives.delete(path);
    const clock = Date.parse(listed.time) - Date.now();
    const nodes = listed.archives.map((facts) => {
      const node = this.#archives.get(facts.path) ?? new ArchiveNode(this, facts, this.#host);
      node.facts = facts;
      node.clock = clock;
      this.#archives.set(facts.path, node);
      return node;
    });
    nodes.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
    return nodes.length > 0 ? nodes : [this.#emptyRow()];
  }

  #askRow(): TreeNode {
    return new NoteNode(this, 'ask', ({ translate }) => ({
      label: translate('List its archives…'),
      description: translate('starts a small helper pod'),
      tooltip: translate(
        'Nothing but a pod can read the disk of a node. Checkpoint Explorer starts one on this node, which sees the folder of checkpoints read-only and nothing else, and removes it after use.',
      ),
      icon: 'folder-opened',
      context: 'ask',
      command: { name: 'allowHelpers', title: translate('List Archives') },
    }));
  }

  #emptyRow(): TreeNode {
    const { directory } = this.#host;
    return new NoteNode(this, 'none', ({ translate }) => ({
      label: translate('No archives in {0}', directory),
      icon: 'info',
      context: 'none',
    }));
  }
}

/** An archive on a node. */
export class ArchiveNode implements TreeNode {
  readonly expandable = false;
  readonly id: string;
  readonly parent: NodeNode;
  facts: NodeArchive;
  /** Milliseconds by which the node's clock is ahead of this machine's. */
  clock = 0;
  readonly #host: TreeHost;

  constructor(parent: NodeNode, facts: NodeArchive, host: TreeHost) {
    this.parent = parent;
    this.facts = facts;
    this.#host = host;
    this.id = archiveId(parent.context, parent.facts.name, facts.path);
  }

  get locator(): string {
    const { context, facts } = this.parent;
    return formatNodeLocator({ context, node: facts.name, path: this.facts.path });
  }

  /** When it was made, as its name says, or else when it was changed last. */
  get time(): string {
    return this.facts.named?.time ?? this.facts.modified;
  }

  row({ now, locale, translate }: Wording): Row {
    const { name, named, size, path, modified } = this.facts;
    const activity = this.#host.activity(this.id);
    const age = formatAge(this.time, now + this.clock, locale);
    return {
      label: escapeText(named ? `${named.pod} / ${named.namespaceAndContainer}` : name),
      description: activity ?? `${formatSize(size)} · ${age}`,
      tooltip: factTable([
        [translate('Pod'), named?.pod],
        [translate('Namespace and container'), named?.namespaceAndContainer],
        [translate('Checkpointed'), named && formatTime(named.time)],
        [translate('Changed'), formatTime(modified)],
        [translate('Size'), formatExactBytes(size)],
        [translate('Node'), this.parent.facts.name],
        [translate('Path'), path],
      ]),
      icon: activity === undefined ? 'package' : 'loading~spin',
      context: activity === undefined ? 'archive' : 'archive.busy',
      command: { name: 'openArchive', title: translate('Open in Place') },
    };
  }
}

export function archiveId(context: string, node: string, path: string): string {
  return `archive:${context}/${node}${path}`;
}

function archivesText(count: number, translate: Wording['translate']): string {
  return count === 1 ? translate('1 archive') : translate('{0} archives', formatCount(count));
}
