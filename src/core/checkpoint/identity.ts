import type {
  ContainerFacts,
  ContainerImageFacts,
  Engine,
  KeyValue,
  NetworkFacts,
  PodFacts,
} from '../../protocol/overview.ts';
import type { Layout } from '../archive/layout.ts';
import {
  asArray,
  asNumber,
  asObject,
  asStringMap,
  asText,
  asTexts,
  at,
  parseEmbedded,
  type JsonObject,
} from './json.ts';
import type { Metadata } from './metadata.ts';

/** Whose checkpoint this is, as far as the engine's files tell. */
export interface Identity {
  readonly container: ContainerFacts;
  readonly pod?: PodFacts;
  readonly image?: ContainerImageFacts;
  readonly runtime?: string;
  readonly engineVersion?: string;
  readonly created?: string;
  readonly checkpointed?: string;
  readonly restored?: string;
  readonly hostName?: string;
  readonly networks: readonly NetworkFacts[];
  readonly annotations: readonly KeyValue[];
  readonly labels: readonly KeyValue[];
}

/** All that the engine's files say, read and ready to be joined. */
interface Sources {
  readonly engine: Engine;
  readonly spec: JsonObject | undefined;
  readonly config: JsonObject | undefined;
  readonly status: JsonObject | undefined;
  readonly statusDump: JsonObject | undefined;
  readonly network: JsonObject | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
}

/** Joins spec.dump, config.dump, status, status.dump and network.status; of Docker what it kept beside the images. */
export async function readIdentity(
  metadata: Metadata,
  { engine, imagesPrefix }: Layout,
  signal?: AbortSignal,
): Promise<Identity> {
  const [spec, config, status, statusDump, network, docker] = await Promise.all([
    metadata.spec(signal),
    metadata.config(signal),
    metadata.status(signal),
    metadata.statusDump(signal),
    metadata.networkStatus(signal),
    engine === 'docker' ? metadata.docker(imagesPrefix, signal) : undefined,
  ]);
  const annotations = asStringMap(at(spec, 'annotations'));
  const labels = readLabels(annotations, config, statusDump);
  const from: Sources = { engine, spec, config, status, statusDump, network, annotations, labels };
  return compact({
    container: readContainer(from),
    pod: readPod(from),
    image: readImage(from),
    runtime: asText(at(config, 'runtime')) ?? asText(at(config, 'ociRuntime')),
    engineVersion: annotations.get('io.container.manager.version'),
    created:
      asTime(at(config, 'createdTime')) ??
      fromNanoseconds(at(statusDump, 'created_at')) ??
      fromNanoseconds(at(status, 'CreatedAt')) ??
      asTime(annotations.get('io.kubernetes.cri-o.Created')),
    checkpointed: asTime(at(config, 'checkpointedTime')) ?? asTime(at(docker, 'created')),
    restored: asTime(at(config, 'restoredTime')),
    hostName: asText(at(spec, 'hostname')),
    networks: readNetworks(from),
    annotations: keyValues(allAnnotations(annotations, statusDump)),
    labels: keyValues(labels),
  }) as Identity;
}

function readContainer({ engine, spec, config, statusDump, annotations, labels }: Sources): ContainerFacts {
  // A restored container's annotations name its first engine's bookkeeping ("containerd"): status.dump knows better.
  const name =
    asText(at(statusDump, 'metadata', 'name')) ??
    labels.get('io.kubernetes.container.name') ??
    annotations.get('io.kubernetes.container.name') ??
    asText(at(parseEmbedded(annotations.get('io.kubernetes.cri-o.Metadata')), 'name')) ??
    annotations.get('io.kubernetes.cri.container-name') ??
    asText(at(config, 'name'));
  const user = asObject(at(spec, 'process', 'user'));
  return compact({
    name,
    id: asText(at(config, 'id')) ?? asText(at(statusDump, 'id')) ?? annotations.get('io.kubernetes.cri-o.ContainerID'),
    command: nonEmpty(asTexts(at(spec, 'process', 'args'))),
    workingDirectory: asText(at(spec, 'process', 'cwd')),
    user: user ? `${String(asNumber(user['uid']) ?? 0)}:${String(asNumber(user['gid']) ?? 0)}` : undefined,
    terminal: at(spec, 'process', 'terminal') === true ? true : undefined,
    logPath:
      asText(at(statusDump, 'log_path')) ??
      annotations.get('io.kubernetes.cri-o.LogPath') ??
      (engine === 'podman' ? asText(at(config, 'logPath')) : undefined),
    restartCount: toCount(
      annotations.get('io.kubernetes.container.restartCount') ??
        asStringMap(at(statusDump, 'annotations')).get('io.kubernetes.container.restartCount'),
    ),
  }) as ContainerFacts;
}

function readPod({ annotations, labels, config }: Sources): PodFacts | undefined {
  const pod = compact({
    name:
      labels.get('io.kubernetes.pod.name') ??
      annotations.get('io.kubernetes.pod.name') ??
      annotations.get('io.kubernetes.cri.sandbox-name'),
    namespace:
      labels.get('io.kubernetes.pod.namespace') ??
      annotations.get('io.kubernetes.pod.namespace') ??
      annotations.get('io.kubernetes.cri.sandbox-namespace'),
    uid:
      labels.get('io.kubernetes.pod.uid') ??
      annotations.get('io.kubernetes.pod.uid') ??
      annotations.get('io.kubernetes.cri.sandbox-uid'),
    sandboxId:
      annotations.get('io.kubernetes.cri-o.SandboxID') ??
      annotations.get('io.kubernetes.cri.sandbox-id') ??
      asText(at(config, 'pod')),
  });
  return Object.keys(pod).length > 0 ? (pod as PodFacts) : undefined;
}

function readImage({ config, statusDump, annotations }: Sources): ContainerImageFacts | undefined {
  const reference = asText(at(config, 'rootfsImageRef')) ?? asText(at(statusDump, 'image_ref'));
  const image = compact({
    name:
      asText(at(config, 'rootfsImageName')) ??
      asText(at(statusDump, 'image', 'image')) ??
      annotations.get('io.kubernetes.cri-o.ImageName') ??
      annotations.get('io.kubernetes.cri.image-name'),
    digest:
      digestOf(reference) ??
      digestOf(annotations.get('io.kubernetes.cri-o.ImageRepoDigests')) ??
      digestOf(annotations.get('io.kubernetes.cri-o.ImageRef')),
    id:
      imageId(asText(at(config, 'rootfsImageID'))) ??
      imageId(asText(at(config, 'rootfsImage'))) ??
      imageId(annotations.get('io.kubernetes.cri-o.Image')),
  });
  return Object.keys(image).length > 0 ? (image as ContainerImageFacts) : undefined;
}

/** Labels are a map in libpod's and containerd's files and a JSON string in CRI-O's annotations. */
function readLabels(
  annotations: ReadonlyMap<string, string>,
  config: JsonObject | undefined,
  statusDump: JsonObject | undefined,
): ReadonlyMap<string, string> {
  const all = [
    at(statusDump, 'labels'),
    at(config, 'labels'),
    parseEmbedded(annotations.get('io.kubernetes.cri-o.Labels')),
  ];
  return all.map(asStringMap).find((map) => map.size > 0) ?? new Map();
}

function allAnnotations(
  spec: ReadonlyMap<string, string>,
  statusDump: JsonObject | undefined,
): ReadonlyMap<string, string> {
  return new Map([...asStringMap(at(statusDump, 'annotations')), ...spec]);
}

function readNetworks({ network, annotations }: Sources): readonly NetworkFacts[] {
  const fromPodman = Object.entries(network ?? {}).flatMap(([name, value]) =>
    Object.entries(asObject(at(value, 'interfaces')) ?? {}).map(([device, facts]) => {
      const subnets = asArray(at(facts, 'subnets'));
      return compact({
        network: name,
        interface: device,
        addresses: subnets.flatMap((subnet) => asText(at(subnet, 'ipnet')) ?? []),
        gateway: subnets.map((subnet) => asText(at(subnet, 'gateway'))).find((gateway) => gateway !== undefined),
        mac: asText(at(facts, 'mac_address')),
      }) as NetworkFacts;
    }),
  );
  // CRI-O records only the pod's addresses: IP.0, IP.1.
  const crio = [...annotations]
    .filter(([key]) => /^io\.kubernetes\.cri-o\.IP\.\d+$/.test(key))
    .map(([, address]) => address);
  return crio.length > 0 ? [...fromPodman, { network: 'pod', addresses: crio }] : fromPodman;
}

/** The Go zero time stands for "never". */
function asTime(value: unknown): string | undefined {
  const text = asText(value);
  return text === undefined || text.startsWith('0001-01-01') || Number.isNaN(Date.parse(text)) ? undefined : text;
}

/** Nanoseconds since 1970 in a JSON number have lost their last digits: milliseconds are what is left of them. */
function fromNanoseconds(value: unknown): string | undefined {
  const nanoseconds = asNumber(value);
  if (nanoseconds === undefined || nanoseconds <= 0) return undefined;
  const date = new Date(nanoseconds / 1e6);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function digestOf(reference: string | undefined): string | undefined {
  return reference === undefined ? undefined : /sha256:[0-9a-f]{64}/.exec(reference)?.[0];
}

function imageId(value: string | undefined): string | undefined {
  return value !== undefined && /^(sha256:)?[0-9a-f]{64}$/.test(value) ? value : undefined;
}

function toCount(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function nonEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length > 0 ? items : undefined;
}

function keyValues(map: ReadonlyMap<string, string>): readonly KeyValue[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
}

/** Leaves out members that are not known, as the protocol's types ask. */
function compact<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<T>;
}
