import type { Engine, NetworkFacts, Overview } from '../protocol/overview.ts';
import type { MountFacts } from '../protocol/mounts.ts';
import type { OpenFileDetail } from '../protocol/open-files.ts';
import type { Note } from '../protocol/note.ts';
import type { SocketDetail } from '../protocol/sockets.ts';
import type { ProcessFacts, TaskState } from '../protocol/processes.ts';
import { say } from '../protocol/sentence.ts';
import { filesOfProcesses } from './files-json.ts';
import { LazyList, snakeCase, type Json, type JsonObject } from './json.ts';
import { JsonStream, StreamedObject } from './json-stream.ts';
import type { ProcessNode } from './process-tree.ts';
import { socketJson, socketsOfProcesses } from './sockets-json.ts';

/** What `inspect` was asked for. */
export interface Sections {
  readonly statistics: boolean;
  readonly metadata: boolean;
  readonly processes: boolean;
  readonly commandLines: boolean;
  readonly environment: boolean;
  readonly files: boolean;
  readonly sockets: boolean;
  readonly mounts: boolean;
}

/** The answers, as far as they were asked for. */
export interface Inspected {
  readonly locator: string;
  readonly overview: Overview;
  readonly roots?: readonly ProcessNode[];
  /** In the order of {@link processesOf}. */
  readonly files?: AsyncIterable<OpenFileDetail>;
  readonly sockets?: readonly SocketDetail[];
  readonly mounts?: readonly MountFacts[];
  /** Asked last: every answer may bring notes. */
  readonly notes: () => Promise<readonly Note[]>;
}

export const ENGINES: Readonly<Record<Engine, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
  criu: 'CRIU',
};

/**
 * One element of `inspect --format json`: checkpointctl's keys with its values and in its order (Source: its
 * internal/json.go), then this program's own. Times are checkpointctl's to the second; `times` has them exactly.
 */
export function inspectJson(inspected: Inspected, sections: Sections): StreamedObject {
  const { locator, overview, roots, files, sockets, mounts, notes } = inspected;
  return new StreamedObject({
    ...checkpointctlHead(overview),
    ...(sections.statistics && { statistics: statistics(overview) }),
    ...(sections.metadata && { metadata: metadata(overview) }),
    ...(roots && { process_tree: roots[0] && processJson(roots[0], sections) }),
    ...(roots && files && { file_descriptors: new JsonStream(filesOfProcesses(processesOf(roots), files)) }),
    ...(roots && sockets && { sockets: socketsOfProcesses(pidsOf(roots), sockets) }),
    ...(mounts && { mounts: specMounts(mounts) }),
    ...(roots && roots.length > 1 && { other_process_trees: processTrees(roots.slice(1), sections) }),
    ...(mounts && {
      mount_table: mounts
        .filter(({ seenIn }) => seenIn === 'both' || seenIn === 'image')
        .map((mount) => snakeCase(mount) ?? null),
    }),
    ...(sockets && { other_sockets: sockets.filter(({ holders }) => holders.length === 0).map(socketJson) }),
    ...ownHead(overview, locator),
    notes: new JsonStream(eachNote(notes)),
  });
}

/** What is wrong, asked for when all before it is written: it is known when everything was read. */
export async function* eachNote(notes: () => Promise<readonly Note[]>): AsyncGenerator<Json> {
  yield* notesJson(await notes());
}

/** In ascending order. */
function pidsOf(roots: readonly ProcessNode[]): readonly number[] {
  return processesOf(roots)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

/** Each before its children, tree by tree. */
export function processesOf(roots: readonly ProcessNode[]): readonly ProcessFacts[] {
  return roots.flatMap((root) => root.topDown().map(({ facts }) => facts));
}

export function notesJson(notes: readonly Note[]): readonly Json[] {
  return notes.map(({ kind, where, offset, text }) => ({ kind, where, offset, message: say(text) }));
}

function checkpointctlHead(overview: Overview): JsonObject {
  const { container, image, runtime, engine, networks, sizes } = overview;
  return {
    container_name: container.name ?? '',
    image: image?.name ?? '',
    id: container.id ?? '',
    runtime: runtime ?? '',
    created: created(overview) ?? '',
    checkpointed: toSeconds(overview.checkpointed),
    engine: ENGINES[engine],
    ip: joined(networks.flatMap(({ addresses }) => addresses.map((address) => address.replace(/\/.*$/, '')))),
    mac: joined(networks.flatMap(({ mac }) => mac ?? [])),
    networks: networksJson(networks),
    checkpoint_size: {
      total_size: sizes.imageDirectory || undefined,
      memory_pages_size: sizes.memory || undefined,
      amd_gpu_memory_pages_size: sizes.gpuMemory || undefined,
      root_fs_diff_size: sizes.rootfsDiff || undefined,
    },
  };
}

function ownHead(overview: Overview, locator: string): JsonObject {
  return {
    locator,
    wrapping: overview.wrapping,
    compression: overview.compression,
    engine_version: overview.engineVersion,
    pod: snakeCase(overview.pod),
    container: snakeCase(overview.container),
    container_image: snakeCase(overview.image),
    times: {
      created: overview.created,
      checkpointed: overview.checkpointed,
      checkpointed_from: overview.checkpointedFrom,
      restored: overview.restored,
    },
    host_name: overview.hostName,
    domain_name: overview.domainName,
    criu: snakeCase(overview.criu),
    sizes: snakeCase(overview.sizes),
    completeness: overview.completeness.map(({ part, state, text }) => ({ part, state, message: say(text) })),
  };
}

/**
 * When the container was made, as checkpointctl has it: CRI-O's annotation as it stands, the other engines' time to
 * the second.
 */
export function created({ engine, created: time, annotations }: Overview): string | undefined {
  const annotated = annotations.find(({ key }) => key === 'io.kubernetes.cri-o.Created')?.value;
  return engine === 'cri-o' ? (annotated ?? time) : toSeconds(time);
}

function toSeconds(time: string | undefined): string | undefined {
  return time?.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+/, '$1');
}

function joined(values: readonly string[]): string | undefined {
  return values.length > 0 ? values.join(', ') : undefined;
}

/** Podman's alone: the other engines do not say which interface has an address. */
function networksJson(networks: readonly NetworkFacts[]): Json | undefined {
  const byName = new Map<string, Map<string, JsonObject>>();
  for (const { network, interface: device, addresses, mac, gateway } of networks) {
    if (device === undefined) continue;
    const devices = byName.get(network) ?? new Map<string, JsonObject>();
    devices.set(device, { ip: addresses.at(-1), mac, gateway });
    byName.set(network, devices);
  }
  return byName.size === 0 ? undefined : [...byName].map(([name, interfaces]) => ({ name, interfaces }));
}

function statistics({ statistics: facts }: Overview): Json | undefined {
  return snakeCase(facts);
}

function metadata({ pod, annotations, labels }: Overview): JsonObject {
  const map = (pairs: Overview['annotations']) =>
    pairs.length > 0 ? new Map(pairs.map(({ key, value }) => [key, value])) : undefined;
  return {
    pod_name: pod?.name,
    kubernetes_namespace: pod?.namespace,
    annotations: map(annotations),
    labels: map(labels),
  };
}

/** As go-criu names them. CRIU writes a zombie as dead, and so it is called there. */
const STATES: Readonly<Record<TaskState, string>> = {
  running: 'Alive',
  stopped: 'Stopped',
  zombie: 'Dead',
  unknown: 'Unknown',
};

/** Each made when it is written: there may be a hundred thousand. */
function processTrees(nodes: readonly ProcessNode[], sections: Sections): LazyList {
  return new LazyList({
    *[Symbol.iterator]() {
      for (const node of nodes) yield processJson(node, sections);
    },
  });
}

function processJson({ facts, children }: ProcessNode, sections: Sections): JsonObject {
  const { commandLines, environment } = sections;
  return {
    pid: facts.pid,
    command: facts.comm ?? '',
    ...(commandLines && { cmdline: facts.arguments && commandLine(facts.arguments) }),
    task_state: STATES[facts.state],
    ...(environment && facts.environment && environmentJson(facts.environment)),
    children: children.length > 0 ? processTrees(children, sections) : undefined,
    ppid: facts.ppid,
    pgid: facts.pgid,
    sid: facts.sid,
    state: facts.state,
    state_number: facts.stateNumber,
    exit_code: facts.exitCode,
    ...(commandLines && { arguments: facts.arguments, arguments_bytes: facts.argumentBytes }),
    ...(environment && { environment_bytes: facts.environmentBytes }),
    executable: facts.executable,
    working_directory: facts.workingDirectory,
    root_directory: facts.rootDirectory,
    umask: facts.umask,
    uids: facts.uids,
    gids: facts.gids,
    groups: facts.groups,
    threads: facts.threads.map((thread) => snakeCase(thread) ?? null),
    mapped_bytes: facts.mappedBytes,
    dumped_bytes: facts.dumpedBytes,
    mount_namespace: facts.mountNamespace,
  };
}

/** With a blank after each argument: the bytes of the argument area, NUL made blank. */
export function commandLine(args: readonly string[]): string {
  return args.map((argument) => `${argument} `).join('');
}

/**
 * As a map, sorted, which is checkpointctl's form. Of several values of one name the last counts there; where the map
 * does not say everything (such a name, an entry without `=`), `environment` has all entries as they stood.
 */
function environmentJson(entries: readonly string[]): JsonObject {
  const variables = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  const sorted = new Map([...variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return {
    environment_variables: sorted.size > 0 ? sorted : undefined,
    environment: sorted.size === entries.length ? undefined : entries,
  };
}

/** The mounts that the OCI spec asks for, in its order: what checkpointctl shows. */
function specMounts(mounts: readonly MountFacts[]): Json {
  const asked = new Map<number, JsonObject>();
  for (const { spec, destination, seenIn } of mounts) {
    // Several mount namespaces may each have it.
    if (!spec || asked.has(spec.index)) continue;
    const { type = '', source = '', options } = spec;
    asked.set(spec.index, { destination, type, source, options, present: seenIn === 'both' });
  }
  return [...asked].sort(([a], [b]) => a - b).map(([, mount]) => mount);
}
