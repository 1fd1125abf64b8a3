import { escapeText, formatCount, formatTime } from '../../../protocol/format.ts';
import type { ContainerFacts, PodFacts } from '../../../core/cluster/inventory/pods.ts';
import { LABELS } from '../../../core/cluster/node-files/helper-manifest.ts';
import { Branch, factTable, shortAge, type BranchNode, type Row, type TreeNode, type Wording } from './node.ts';
import type { TreeHost } from './tree-host.ts';

/** A pod that a command works on. */
export interface PodPlace {
  readonly context: string;
  readonly namespace: string;
}

const RUNNING = 'testing.iconPassed';
const WAITING = 'list.warningForeground';
const FAILED = 'list.errorForeground';
const QUIET = 'disabledForeground';

/** The pods of one workload, of those that were read. */
export class WorkloadNode extends Branch {
  readonly id: string;
  readonly parent: TreeNode;
  readonly place: PodPlace;
  readonly #kind: string;
  readonly #name: string;
  pods: readonly PodNode[] = [];

  constructor(parent: TreeNode, place: PodPlace, kind: string, name: string) {
    super();
    this.parent = parent;
    this.place = place;
    this.#kind = kind;
    this.#name = name;
    this.id = `${parent.id}/${kind}:${name}`;
  }

  protected override load(): Promise<readonly TreeNode[]> {
    return Promise.resolve(this.pods);
  }

  override children(): Promise<readonly TreeNode[]> {
    return this.load();
  }

  row({ translate }: Wording): Row {
    const running = this.pods.filter(({ isRunning }) => isRunning).length;
    return {
      label: escapeText(this.#name),
      description: `${this.#kind} · ${String(running)}/${String(this.pods.length)}`,
      tooltip: factTable([
        [this.#kind, this.#name],
        [translate('Namespace'), this.place.namespace],
        [translate('Pods'), formatCount(this.pods.length)],
        [translate('Running'), formatCount(running)],
      ]),
      icon: 'layers',
      context: running > 0 ? 'workload.running' : 'workload.stopped',
    };
  }
}

export class PodNode implements BranchNode {
  readonly expandable = true;
  readonly id: string;
  parent: TreeNode;
  readonly place: PodPlace;
  facts: PodFacts;
  readonly #host: TreeHost;
  readonly #containers = new Map<string, ContainerNode>();

  constructor(parent: TreeNode, place: PodPlace, facts: PodFacts, host: TreeHost) {
    this.parent = parent;
    this.place = place;
    this.facts = facts;
    this.#host = host;
    this.id = podId(place.context, place.namespace, facts.name);
  }

  /** Whether any of its containers can be checkpointed. */
  get isRunning(): boolean {
    return this.facts.containers.some(({ state }) => state === 'running');
  }

  /** In the order in which they start. */
  children(): Promise<readonly TreeNode[]> {
    const names = new Set(this.facts.containers.map(({ name }) => name));
    for (const name of this.#containers.keys()) if (!names.has(name)) this.#containers.delete(name);
    return Promise.resolve(
      this.facts.containers.map((container) => {
        const known = this.#containers.get(container.name) ?? new ContainerNode(this, container.name, this.#host);
        this.#containers.set(container.name, known);
        return known;
      }),
    );
  }

  forget(): void {
    // Containers are known with their pod.
  }

  /** What could be created for it: for menus. */
  #objects(): string {
    const { chain, schedule } = this.#host.kinds.get(this.place.context) ?? {};
    return `${chain ? '+chain' : ''}${schedule ? '+schedule' : ''}`;
  }

  row({ now, translate }: Wording): Row {
    const { name, node, status, restarts, created, containers, workload, uid } = this.facts;
    const ready = containers.filter((one) => one.ready && one.kind !== 'init').length;
    const all = containers.filter(({ kind }) => kind === 'regular' || kind === 'sidecar').length;
    const isHelper = this.facts.labels[LABELS.managedBy.key] === LABELS.managedBy.value;
    const description = [
      ...(isHelper ? [translate('helper pod')] : []),
      ...(status === 'Running' ? [] : [escapeText(status)]),
      ...(restarts > 0 ? [`↻ ${formatCount(restarts)}`] : []),
      ...(node === undefined ? [] : [escapeText(node)]),
      shortAge(created, now),
    ];
    const activity = this.#host.activity(this.id);
    return {
      label: escapeText(name),
      description: activity ?? description.filter((part) => part !== '').join(' · '),
      tooltip: factTable([
        [translate('Pod'), name],
        [translate('Namespace'), this.place.namespace],
        [translate('State'), status],
        [translate('Ready'), `${String(ready)}/${String(all)}`],
        [translate('Restarts'), formatCount(restarts)],
        [translate('Node'), node],
        [translate('Workload'), workload && `${workload.kind} ${workload.name}`],
        [translate('Created'), created === '' ? undefined : formatTime(created)],
        [translate('UID'), uid],
      ]),
      icon: activity !== undefined ? 'loading~spin' : this.isRunning ? 'circle-large-filled' : 'circle-large-outline',
      ...(activity === undefined && { color: podColor(status, this.isRunning) }),
      context: `${activity !== undefined ? 'pod.busy' : this.isRunning ? 'pod.running' : 'pod.stopped'}${this.#objects()}`,
    };
  }
}

export class ContainerNode implements TreeNode {
  readonly expandable = false;
  readonly id: string;
  readonly parent: PodNode;
  readonly name: string;
  readonly #host: TreeHost;

  constructor(parent: PodNode, name: string, host: TreeHost) {
    this.parent = parent;
    this.name = name;
    this.#host = host;
    this.id = `${parent.id}/${name}`;
  }

  get facts(): ContainerFacts | undefined {
    return this.parent.facts.containers.find(({ name }) => name === this.name);
  }

  row(wording: Wording): Row {
    const { facts } = this;
    const activity = this.#host.activity(this.id);
    if (!facts) return { label: escapeText(this.name), description: '', tooltip: '', icon: 'vm', context: 'container' };
    return {
      label: escapeText(this.name),
      description: activity ?? containerDescription(facts, wording),
      tooltip: containerTooltip(facts, this.parent.facts, wording),
      icon: activity === undefined ? containerIcon(facts) : 'loading~spin',
      ...(activity === undefined && { color: containerColor(facts) }),
      context:
        activity !== undefined
          ? 'container.busy'
          : facts.state === 'running'
            ? 'container.running'
            : 'container.stopped',
    };
  }
}

export function podId(context: string, namespace: string, pod: string): string {
  return `pod:${context}/${namespace}/${pod}`;
}

function containerDescription(facts: ContainerFacts, { now, translate }: Wording): string {
  const { kind, state, reason, restarts, startedAt, exitCode } = facts;
  const kinds = {
    regular: '',
    init: translate('init'),
    sidecar: translate('sidecar'),
    ephemeral: translate('ephemeral'),
  };
  const why = reason ?? '';
  const states = {
    running: translate('running'),
    waiting: why === '' ? translate('waiting') : translate('waiting: {0}', escapeText(why)),
    terminated:
      exitCode === undefined || exitCode === 0 ? translate('ended') : translate('ended with code {0}', exitCode),
    unknown: translate('not created yet'),
  };
  return [
    states[state],
    ...(restarts > 0 ? [`↻ ${formatCount(restarts)}`] : []),
    ...(state === 'running' ? [shortAge(startedAt, now)] : []),
    kinds[kind],
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function containerTooltip(facts: ContainerFacts, pod: PodFacts, wording: Wording): string {
  const { translate } = wording;
  const { name, image, imageId, id, startedAt, restarts, message } = facts;
  return factTable([
    [translate('Container'), name],
    [translate('Pod'), `${pod.namespace}/${pod.name}`],
    [translate('State'), containerDescription(facts, wording)],
    [translate('Message'), message],
    [translate('Container image'), image],
    [translate('Image ID'), imageId],
    [translate('ID'), id],
    [translate('Started'), startedAt === undefined ? undefined : formatTime(startedAt)],
    [translate('Restarts'), formatCount(restarts)],
    [translate('Node'), pod.node],
  ]);
}

function containerIcon({ state }: ContainerFacts): string {
  return state === 'running' ? 'vm-running' : state === 'terminated' ? 'vm' : 'vm-outline';
}

function containerColor({ state, exitCode, kind }: ContainerFacts): string {
  if (state === 'running') return RUNNING;
  if (state === 'terminated') return exitCode === 0 || kind === 'init' ? QUIET : FAILED;
  return WAITING;
}

function podColor(status: string, isRunning: boolean): string {
  if (status === 'Running') return RUNNING;
  if (status === 'Succeeded' || status === 'Completed') return QUIET;
  return isRunning || /^(?:Pending|Init:\d|ContainerCreating|PodInitializing|Terminating)/.test(status)
    ? WAITING
    : FAILED;
}
