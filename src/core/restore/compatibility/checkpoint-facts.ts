import type { Engine } from '../../../protocol/overview.ts';
import type { CheckpointFacts, Demands, ExpectedMount } from '../../../protocol/restore-facts.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { asArray, asObject, asStringMap, asText, asTexts, at, type JsonObject } from '../../checkpoint/json.ts';
import { usedCpuFeatures } from './cpu-features.ts';
import { capabilitiesBeyond } from './capabilities.ts';
import { openPaths } from './open-paths.ts';
import { demandsOfPodman, hasHealthCheck, restartPolicyOf } from './podman-demands.ts';
import { goArchitecture, runtimeName } from '../image/annotations.ts';

export type { CheckpointFacts, Demands, ExpectedMount };

/** Files listed of a mount; more of them say nothing new. */
const MOST_FILES = 20;

/** Destinations that an engine itself brings along for every container. */
const BROUGHT: ReadonlySet<string> = new Set([
  '/dev/shm',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/run/.containerenv',
  '/run/secrets',
]);

/**
 * What only some bring: Podman /etc/hosts, which CRI-O expects from the pod; CRI-O users and groups, wherever a container
 * runs as somebody whom its image does not know. Sources: cri-o server/container_restore.go, and runs.
 */
const BROUGHT_BY: Readonly<Partial<Record<Engine, ReadonlySet<string>>>> = {
  podman: new Set(['/etc/hosts']),
  'cri-o': new Set(['/etc/passwd', '/etc/group']),
};

/** Reads what decides about a restore out of a checkpoint. */
export async function readCheckpointFacts(checkpoint: Checkpoint, signal?: AbortSignal): Promise<CheckpointFacts> {
  const [overview, spec, config, statusDump, notes] = await Promise.all([
    checkpoint.overview(signal),
    checkpoint.metadata.spec(signal),
    checkpoint.metadata.config(signal),
    checkpoint.metadata.statusDump(signal),
    checkpoint.notes(signal),
  ]);
  const sockets = await checkpoint.sockets.list(signal);
  const open = await checkpoint.openFiles.list(undefined, signal);
  const mounts = await expectedMounts(checkpoint, overview.engine, spec, config, open, signal);
  const { criu, image } = overview;
  const architecture = goArchitecture(criu.architecture);
  const runtime = runtimeName(overview.runtime);
  const cpuFeatures = await usedCpuFeatures(checkpoint, signal);
  const pidNamespace = pidNamespaceOf(spec);
  const restartPolicy = overview.engine === 'podman' ? restartPolicyOf(config) : undefined;
  const { archiveState } = checkpoint;
  return {
    ...(archiveState !== undefined && { archiveState }),
    engine: overview.engine,
    ...(overview.engineVersion !== undefined && { engineVersion: overview.engineVersion }),
    ...(overview.container.name !== undefined && { containerName: overview.container.name }),
    ...(runtime !== undefined && { runtime }),
    ...(criu.version !== undefined && { criuVersion: criu.version }),
    ...(architecture !== undefined && { architecture }),
    ...(cpuFeatures && { cpuFeatures }),
    ...(image && { image }),
    memory: overview.sizes.memory,
    hasParent: criu.hasParent === true,
    compressedPages: criu.compressedPages === true,
    doubts: await checkpoint.metadata.doubts(['spec.dump', 'config.dump'], signal),
    isDamaged: notes.some(({ kind }) => kind === 'damaged' || kind === 'truncated' || kind === 'missing'),
    isInPodmanPod: overview.engine === 'podman' && asText(at(config, 'pod')) !== undefined,
    isTerminal: overview.container.terminal === true,
    ...(restartPolicy !== undefined && { restartPolicy }),
    hasHealthCheck: hasHealthCheck(config),
    ...(pidNamespace && { pidNamespace }),
    connections: sockets
      .filter(({ protocol, state }) => protocol.startsWith('tcp') && state === 'ESTABLISHED')
      .map(({ local, remote }) => `${local} ↔ ${remote}`),
    hasFileLocks: open.some(({ locks }) => (locks?.length ?? 0) > 0),
    addresses: overview.networks.flatMap(({ addresses }) => addresses),
    ports: portsOf(config),
    mounts,
    ...(criu.lsm !== undefined && { lsm: criu.lsm }),
    hasUserNamespace: namespacesOf(spec).has('user'),
    demands: {
      ...demandsOf(overview.engine, spec, config, statusDump, mounts),
      ofPodman: overview.engine === 'podman' ? demandsOfPodman(config) : [],
      capabilities: await capabilitiesBeyond(checkpoint, signal),
    },
  };
}

interface OpenFile {
  readonly path?: string;
  readonly deleted?: unknown;
  readonly kind: string;
}

async function expectedMounts(
  checkpoint: Checkpoint,
  engine: Engine,
  spec: JsonObject | undefined,
  config: JsonObject | undefined,
  open: readonly OpenFile[],
  signal: AbortSignal | undefined,
): Promise<readonly ExpectedMount[]> {
  const isOurs = (destination: string): boolean =>
    !BROUGHT.has(destination) && BROUGHT_BY[engine]?.has(destination) !== true;
  const contents = new Set(
    (await checkpoint.mounts(signal)).flatMap((mount) => (mount.contents === undefined ? [] : mount.destination)),
  );
  const files = new Map(
    (await checkpoint.metadata.bindMounts(signal)).map((bind) => [asText(bind['destination']), bind['file_type']]),
  );
  const volumes = new Map(
    asArray(at(config, 'namedVolumes')).map((volume) => [asText(at(volume, 'dest')), asText(at(volume, 'volumeName'))]),
  );
  const found = new Map<string, ExpectedMount>();
  for (const mount of asArray(at(spec, 'mounts'))) {
    const destination = asText(at(mount, 'destination'));
    const options = asTexts(at(mount, 'options'));
    const isBind = at(mount, 'type') === 'bind' || options.includes('bind') || options.includes('rbind');
    if (destination === undefined || !isBind || !isOurs(destination)) continue;
    const source = asText(at(mount, 'source'));
    const volume = volumes.get(destination);
    found.set(destination, {
      destination,
      ...(source !== undefined && { source }),
      kind: volume === undefined ? 'bind' : 'volume',
      isFile: files.get(destination) === 'file' || FILES.has(destination),
      isReadOnly: options.includes('ro'),
      ...(volume !== undefined && { volume }),
      hasContents: contents.has(destination),
      openFiles: [],
    });
  }
  for (const [destination, volume] of volumes) {
    if (destination === undefined || volume === undefined || found.has(destination)) continue;
    const hasContents = contents.has(destination);
    found.set(destination, {
      destination,
      kind: 'volume',
      isFile: false,
      isReadOnly: false,
      volume,
      hasContents,
      openFiles: [],
    });
  }
  return [...found.values()].map((mount) => ({ ...mount, openFiles: openBelow(mount.destination, open) }));
}

const FILES: ReadonlySet<string> = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/termination-log']);

function openBelow(destination: string, open: readonly OpenFile[]): readonly string[] {
  const paths = open
    .filter(({ path, deleted }) => deleted === undefined && path !== undefined)
    .map(({ path = '' }) => path)
    .filter(
      (path) => path === destination || path.startsWith(destination.endsWith('/') ? destination : `${destination}/`),
    );
  return [...new Set(paths)].sort().slice(0, MOST_FILES);
}

function namespacesOf(spec: JsonObject | undefined): ReadonlySet<string> {
  return new Set(asArray(at(spec, 'linux', 'namespaces')).flatMap((one) => asText(at(one, 'type')) ?? []));
}

/** In a pod's it is joined by its path. Source: OCI runtime specification, Linux namespaces. */
function pidNamespaceOf(spec: JsonObject | undefined): CheckpointFacts['pidNamespace'] {
  const one = asArray(at(spec, 'linux', 'namespaces')).find((namespace) => at(namespace, 'type') === 'pid');
  if (one === undefined) return undefined;
  return at(one, 'path') === undefined ? 'own' : 'of-pod';
}

/** What Podman itself makes for a container: whatever else a mount names lies on the host. */
function isOwnPath(path: string, id: string | undefined): boolean {
  if (id === undefined || !/^[0-9a-f]{64}$/.test(id) || path.split('/').includes('..')) return false;
  return new RegExp(`^/(?:var/lib|run)/containers/(?:[\\w.-]+/)*overlay-containers/${id}/userdata/`).test(path);
}

/** Keys that Podman, crun or runc act upon, rather than keep. */
const ACTED_UPON =
  /^(?:run\.oci\.|cdi\.k8s\.io\/|org\.criu\.config$|module\.wasm|org\.systemd\.property\.(?!KillSignal$|TimeoutStopUSec$|CollectMode$))/;

/**
 * The same of those annotations that CRI-O and containerd take over into the container that they restore: devices (CDI),
 * settings of the runtime, of systemd and of CRI-O itself. Sources: CRI-O, pkg/annotations; containerd's advisory on
 * CVE-2026-53492.
 */
const TAKEN_OVER =
  /^(?:cdi\.k8s\.io\/|run\.oci\.|module\.wasm|org\.criu\.config$|org\.systemd\.property\.|io\.containers\.|io\.kubernetes\.cri-o\.|io\.katacontainers\.|[\w.-]*crio\.io(?:\/|$))/;

/** The annotations of the container that is restored which somebody acts upon. */
function annotationsOf(
  engine: Engine,
  spec: JsonObject | undefined,
  statusDump: JsonObject | undefined,
): readonly string[] {
  const own = asStringMap(at(spec, 'annotations'));
  if (engine === 'containerd') return [...asStringMap(at(statusDump, 'annotations')).keys()].filter(isTakenOver);
  if (engine !== 'cri-o') return [...own.keys()].filter((key) => ACTED_UPON.test(key));
  // CRI-O keeps those of the container as JSON in one of its own.
  try {
    return Object.keys(asObject(JSON.parse(own.get('io.kubernetes.cri-o.Annotations') ?? '{}')) ?? {}).filter(
      isTakenOver,
    );
  } catch {
    return [];
  }
}

function isTakenOver(key: string): boolean {
  return TAKEN_OVER.test(key);
}

function demandsOf(
  engine: Engine,
  spec: JsonObject | undefined,
  config: JsonObject | undefined,
  statusDump: JsonObject | undefined,
  mounts: readonly ExpectedMount[],
): Omit<Demands, 'ofPodman' | 'capabilities'> {
  const hooks = Object.values(asObject(at(spec, 'hooks')) ?? {})
    .flatMap(asArray)
    .map((hook) => [asText(at(hook, 'path')) ?? '?', ...asTexts(at(hook, 'args')).slice(1)].join(' '));
  // What a spec asks for can also stand in the engine's own description, which is what is used then.
  const specs = [spec, asObject(at(config, 'spec'))];
  const namespaces = namespacesOf(spec);
  const expected = engine === 'criu' || engine === 'docker' || !spec ? [] : ['network', 'pid', 'ipc', 'mount'];
  return {
    hooks: [...new Set(hooks)],
    hostPaths: mounts.flatMap(({ source, kind }) =>
      kind === 'bind' && source !== undefined && !isOwnPath(source, asText(at(config, 'id'))) ? [source] : [],
    ),
    devices: [
      ...new Set(
        specs.flatMap((one) =>
          asArray(at(one, 'linux', 'devices')).flatMap((device) => asText(at(device, 'path')) ?? []),
        ),
      ),
    ],
    hostNamespaces: expected.filter((name) => !namespaces.has(name)),
    isPrivileged:
      at(config, 'privileged') === true ||
      asStringMap(at(spec, 'annotations')).get('io.podman.annotations.privileged') === 'TRUE',
    annotations: annotationsOf(engine, spec, statusDump),
    openPaths: openPaths(engine, spec),
  };
}

function portsOf(config: JsonObject | undefined): readonly string[] {
  const text = (value: unknown): string =>
    typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  return asArray(at(config, 'newPortMappings') ?? at(config, 'portMappings')).map((port) => {
    const address = text(at(port, 'host_ip'));
    return `${address === '' ? '' : `${address}:`}${text(at(port, 'host_port'))}→${text(at(port, 'container_port'))}`;
  });
}
