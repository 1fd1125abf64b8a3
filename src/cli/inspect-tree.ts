import { formatDuration, formatSize } from '../protocol/format.ts';
import type { MountFacts } from '../protocol/mounts.ts';
import { remarksOf } from '../protocol/open-file-words.ts';
import type { OpenFileDetail, OpenFileFacts } from '../protocol/open-files.ts';
import type { NetworkFacts, Overview } from '../protocol/overview.ts';
import { stateText, type SocketFacts } from '../protocol/sockets.ts';
import { sayAsItIs } from '../protocol/sentence.ts';
import { commandLine, created, ENGINES, type Inspected, type Sections } from './inspect-json.ts';
import { branch, leaf, type TreeNode } from './layout.ts';
import type { ProcessNode } from './process-tree.ts';

/** One checkpoint as checkpointctl draws it, with what more is known. */
export async function inspectTree(inspected: Inspected, sections: Sections): Promise<TreeNode> {
  const { overview, roots, sockets = [], mounts } = inspected;
  const held = { files: await filesByProcess(inspected.files), sockets: socketsByProcess(sockets) };
  const notes = await inspected.notes();
  const others = sockets.filter(({ holders }) => holders.length === 0);
  const { container, image, runtime, sizes, criu } = overview;
  return branch(
    container.name ?? 'Container',
    leaf('Image', image?.name),
    leaf('Image digest', image?.digest),
    leaf('ID', container.id),
    leaf('Runtime', runtime),
    leaf('Created', created(overview)),
    leaf(
      overview.checkpointedFrom === 'entries' ? "Checkpointed (by the archive's time stamps)" : 'Checkpointed',
      overview.checkpointed,
    ),
    leaf('Restored', overview.restored),
    leaf('Engine', [ENGINES[overview.engine], overview.engineVersion ?? ''].join(' ').trim()),
    leaf('Host name', overview.hostName),
    leaf('Architecture', criu.architecture),
    leaf('CRIU', criu.version),
    leaf('Kernel', criu.kernel),
    networkTree(overview.networks),
    branch(
      `Checkpoint size: ${formatSize(sizes.imageDirectory)}`,
      sizes.memory > 0 ? leaf('Memory pages size', formatSize(sizes.memory)) : undefined,
      sizes.gpuMemory > 0 ? leaf('AMD GPU memory pages size', formatSize(sizes.gpuMemory)) : undefined,
    ),
    sizes.rootfsDiff > 0 ? leaf('Root FS diff size', formatSize(sizes.rootfsDiff)) : undefined,
    sizes.volumes > 0 ? leaf('Volumes size', formatSize(sizes.volumes)) : undefined,
    sections.statistics ? statisticsTree(overview) : undefined,
    sections.metadata ? metadataTree(overview) : undefined,
    roots && { label: 'Process tree', children: roots.map((root) => processBranch(root, sections, held)) },
    others.length > 0
      ? {
          label: 'Sockets that no process has open',
          children: others.map((socket) => ({ label: socketLabel(socket) })),
        }
      : undefined,
    mounts && { label: 'Overview of mounts', children: mounts.map(mountBranch) },
    notes.length > 0
      ? { label: 'Notes', children: notes.map((note) => ({ label: `${note.kind}: ${sayAsItIs(note.text)}` })) }
      : undefined,
  );
}

function networkTree(networks: readonly NetworkFacts[]): TreeNode | undefined {
  if (networks.length === 0) return undefined;
  return branch(
    'Network interfaces',
    ...networks.map(({ network, interface: device, addresses, mac, gateway }) =>
      branch(
        device === undefined ? network : `${network} (${device})`,
        ...addresses.map((address) => leaf('IP', address)),
        leaf('MAC', mac),
        leaf('Gateway', gateway),
      ),
    ),
  );
}

function statisticsTree({ statistics }: Overview): TreeNode {
  if (!statistics) return branch('CRIU dump statistics: none (there is no stats-dump)');
  const time = (label: string, value: number | undefined) =>
    leaf(label, value === undefined ? undefined : formatDuration(value));
  return branch(
    'CRIU dump statistics',
    time('Freezing time', statistics.freezingTime),
    time('Frozen time', statistics.frozenTime),
    time('Memdump time', statistics.memdumpTime),
    time('Memwrite time', statistics.memwriteTime),
    leaf('Pages scanned', statistics.pagesScanned),
    leaf('Pages written', statistics.pagesWritten),
  );
}

function metadataTree({ pod, annotations, labels }: Overview): TreeNode {
  const pairs = (list: Overview['labels']) => list.map(({ key, value }) => embedded(key, value));
  return branch(
    'Metadata',
    leaf('Pod name', pod?.name),
    leaf('Kubernetes namespace', pod?.namespace),
    leaf('Pod UID', pod?.uid),
    annotations.length > 0 ? branch('Annotations', ...pairs(annotations)) : undefined,
    labels.length > 0 ? branch('Labels', ...pairs(labels)) : undefined,
  );
}

/** Some annotations hold JSON: that is drawn as a branch of its own. */
function embedded(key: string, value: string): TreeNode {
  if (!/^[[{]/.test(value)) return { label: `${key}: ${value}` };
  try {
    return jsonBranch(key, JSON.parse(value), 0);
  } catch {
    // It only looked like JSON.
    return { label: `${key}: ${value}` };
  }
}

const MAX_DEPTH = 20;

function jsonBranch(label: string, value: unknown, depth: number): TreeNode {
  if (typeof value !== 'object' || value === null) return { label: `${label}: ${String(value)}` };
  if (depth > MAX_DEPTH) return { label: `${label}: …` };
  const members = Array.isArray(value)
    ? value.map((item: unknown, index) => [`[${String(index)}]`, item] as const)
    : Object.entries(value);
  return branch(label, ...members.map(([key, member]) => jsonBranch(key, member, depth + 1)));
}

/** Processes are drawn bottom up, without recursion. */
function processBranch(root: ProcessNode, sections: Sections, held: Held): TreeNode {
  const drawn = new Map<ProcessNode, TreeNode>();
  for (const node of root.bottomUp()) {
    drawn.set(
      node,
      oneProcess(
        node,
        node.children.map((child) => drawn.get(child)),
        sections,
        held.files.get(node.facts.pid) ?? [],
        held.sockets.get(node.facts.pid) ?? [],
      ),
    );
  }
  return drawn.get(root) ?? { label: '' };
}

function oneProcess(
  { facts }: ProcessNode,
  children: readonly (TreeNode | undefined)[],
  { commandLines, environment }: Sections,
  files: readonly string[],
  sockets: readonly string[],
): TreeNode {
  const state =
    facts.state === 'running'
      ? ''
      : ` (${facts.state}${facts.stateNumber === undefined ? '' : ` ${String(facts.stateNumber)}`})`;
  const name =
    commandLines && facts.arguments && facts.arguments.length > 0 ? commandLine(facts.arguments) : (facts.comm ?? '');
  return branch(
    `[${String(facts.pid)}${state}]  ${name}`,
    environment && facts.environment && facts.environment.length > 0
      ? { label: 'Environment variables', children: facts.environment.map((label) => ({ label })) }
      : undefined,
    facts.threads.length > 1
      ? {
          label: 'Threads',
          children: facts.threads.map(({ tid, comm }) => ({ label: `[${String(tid)}]  ${comm ?? ''}` })),
        }
      : undefined,
    files.length > 0 ? { label: 'Open files', children: files.map((label) => ({ label })) } : undefined,
    sockets.length > 0 ? { label: 'Open sockets', children: sockets.map((label) => ({ label })) } : undefined,
    ...children,
  );
}

/** What each process has open, by pid. */
type Labels = ReadonlyMap<number, readonly string[]>;

interface Held {
  readonly files: Labels;
  readonly sockets: Labels;
}

async function filesByProcess(files: AsyncIterable<OpenFileDetail> | undefined): Promise<Labels> {
  const labels = new Map<number, string[]>();
  for await (const { file } of files ?? []) {
    const list = labels.get(file.pid) ?? [];
    labels.set(file.pid, list);
    list.push(fileLabel(file));
  }
  return labels;
}

function fileLabel(file: OpenFileFacts): string {
  const remarks = remarksOf(file).map(sayAsItIs);
  const remark = remarks.length > 0 ? `  (${remarks.join(', ')})` : '';
  return `[${file.type} ${String(file.fd)}]  ${file.target}${remark}`;
}

function socketsByProcess(sockets: readonly SocketFacts[]): Labels {
  const labels = new Map<number, string[]>();
  for (const socket of sockets) {
    for (const { fd, pids } of socket.holders) {
      for (const pid of pids) {
        const list = labels.get(pid) ?? [];
        labels.set(pid, list);
        list.push(`[${String(fd)}]  ${socketLabel(socket)}`);
      }
    }
  }
  return labels;
}

function socketLabel(socket: SocketFacts): string {
  const { protocol, local, remote, receiveQueue = 0, hasContents } = socket;
  const unread = hasContents && receiveQueue > 0 ? `  (${formatSize(receiveQueue)} unread)` : '';
  return `${protocol} ${stateText(socket)}  ${local === '' ? '*' : local}${remote === '' ? '' : ` -> ${remote}`}${unread}`;
}

function mountBranch({ destination, type, source, spec, options, seenIn }: MountFacts): TreeNode {
  return branch(
    `Destination: ${destination}`,
    leaf('Type', spec?.type ?? type),
    leaf('Source', spec?.source ?? source),
    leaf('Options', options.join(',')),
    seenIn === 'spec' ? { label: 'Asked for by the OCI spec, but not there' } : undefined,
    seenIn === 'image' ? { label: 'Not in the OCI spec' } : undefined,
  );
}
