import { Buffer } from 'node:buffer';
import { encodeImage } from './image.ts';
import type { SyntheticProcess } from './processes.ts';

/** Who wrote the archive. `criu`: nobody but CRIU, images at the top and nothing beside them. */
export type Engine = 'podman' | 'cri-o' | 'containerd' | 'criu';

/** A container's names, as its metadata gives them. */
export interface SyntheticContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageDigest: string;
  readonly runtime: string;
  readonly hostname: string;
  /** RFC 3339. */
  readonly created: string;
  readonly checkpointed: string;
  readonly pod: string;
  readonly namespace: string;
  readonly podUid: string;
}

export const defaultContainer: SyntheticContainer = {
  id: 'c65dd6a6a9c91ef499cad66e42990d262a80e5a94dbe175292e6c3b9aae6c835',
  name: 'orders',
  image: 'registry.example.com/shop/orders:4.2',
  imageDigest: '3cdd022d719ecd69852b395af6c10d7984d00954db8028f4a1b4539df7abe6ff',
  runtime: 'crun',
  hostname: 'orders-7d4b9c6f5-x2x7q',
  created: '2026-11-23T22:24:31.957976048Z',
  checkpointed: '2026-11-23T22:41:07.012345678Z',
  pod: 'orders-7d4b9c6f5-x2x7q',
  namespace: 'shop',
  podUid: 'd08c5499-ea18-4ae1-a63b-140ba79bc6b5',
};

type Files = readonly (readonly [name: string, content: Uint8Array])[];

/** What lies beside the images, in the engine's order: before the images, and after them. */
export function makeMetadata(
  engine: Engine,
  container: SyntheticContainer,
  processes: readonly SyntheticProcess[],
): { readonly before: Files; readonly after: Files } {
  const root = processes[0];
  const spec = json(specOf(engine, container, root));
  const log = Buffer.from('2026-11-23T22:24:32.000000000Z stdout F ready\n');
  switch (engine) {
    case 'podman':
      return {
        before: [
          ['config.dump', json(podmanConfig(container, root))],
          ['spec.dump', spec],
          ['network.status', Buffer.from('null')],
          ['stats-dump', statistics()],
          ['ctr.log', log],
        ],
        after: [],
      };
    case 'cri-o':
      return {
        before: [
          ['stats-dump', statistics()],
          ['dump.log', dumpLog()],
        ],
        after: [
          ['config.dump', json(reducedConfig(container))],
          ['spec.dump', spec],
          [
            'bind.mounts',
            json([{ source: '/etc/hosts', destination: '/etc/hosts', file_type: 'file', permissions: 420 }]),
          ],
          ['io.kubernetes.cri-o.LogPath', log],
        ],
      };
    case 'containerd':
      return {
        before: [],
        after: [
          ['config.dump', json(reducedConfig(container))],
          ['container.log', log],
          ['dump.log', dumpLog()],
          ['spec.dump', spec],
          ['stats-dump', statistics()],
          [
            'status',
            json({
              Version: 'v1',
              Pid: 17_045,
              CreatedAt: 1_795_472_550_346_991,
              StartedAt: 1_795_472_550_411_494,
              FinishedAt: 0,
            }),
          ],
          ['status.dump', json(containerdStatus(container))],
        ],
      };
    case 'criu':
      return { before: [], after: [] };
  }
}

function specOf(engine: Engine, container: SyntheticContainer, root: SyntheticProcess | undefined): object {
  const { hostname } = container;
  return {
    ociVersion: '1.2.1',
    process: {
      user: { uid: root?.uid ?? 0, gid: root?.gid ?? 0 },
      args: root?.arguments ?? [],
      env: root?.environment ?? [],
      cwd: root?.workingDirectory ?? '/',
      capabilities: {
        bounding: ['CAP_CHOWN', 'CAP_KILL'],
        effective: ['CAP_CHOWN', 'CAP_KILL'],
        permitted: ['CAP_CHOWN', 'CAP_KILL'],
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 20_000, soft: 20_000 }],
    },
    root: { path: '/var/lib/containers/storage/overlay/5b199f10a599/merged' },
    hostname,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/etc/hosts',
        type: 'bind',
        source: '/run/containers/storage/overlay-containers/c65dd6a6a9c9/userdata/hosts',
        options: ['bind', 'rprivate'],
      },
      {
        destination: '/dev/shm',
        type: 'bind',
        source: '/var/lib/containers/storage/overlay-containers/c65dd6a6a9c9/userdata/shm',
        options: ['bind', 'nosuid'],
      },
    ],
    annotations: annotationsOf(engine, container),
    linux: {
      cgroupsPath: `/libpod_parent/libpod-${container.id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys'],
      readonlyPaths: ['/proc/bus', '/proc/fs'],
      // As long as a real one: the engines write out their whole default profile.
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        architectures: ['SCMP_ARCH_X86_64'],
        syscalls: [
          { names: Array.from({ length: 380 }, (_, number) => `synthetic_call_${number}`), action: 'SCMP_ACT_ALLOW' },
        ],
      },
    },
  };
}

function annotationsOf(engine: Engine, container: SyntheticContainer): Record<string, string> {
  const labels = kubernetesLabels(container);
  switch (engine) {
    case 'cri-o':
      return {
        ...labels,
        'io.container.manager': 'cri-o',
        'io.kubernetes.cri-o.ContainerID': container.id,
        'io.kubernetes.cri-o.ContainerType': 'container',
        'io.kubernetes.cri-o.Created': container.created,
        'io.kubernetes.cri-o.Image': container.imageDigest,
        'io.kubernetes.cri-o.ImageName': container.image,
        'io.kubernetes.cri-o.IP.0': '10.88.0.37',
        'io.kubernetes.cri-o.Labels': JSON.stringify(labels),
        'io.kubernetes.cri-o.Metadata': JSON.stringify({ name: container.name }),
        'io.kubernetes.cri-o.Name': kubernetesName(container),
      };
    case 'containerd':
      return {
        'io.kubernetes.cri.container-name': container.name,
        'io.kubernetes.cri.container-type': 'container',
        'io.kubernetes.cri.image-name': container.image,
        'io.kubernetes.cri.sandbox-name': container.pod,
        'io.kubernetes.cri.sandbox-namespace': container.namespace,
        'io.kubernetes.cri.sandbox-uid': container.podUid,
      };
    case 'podman':
    case 'criu':
      return { 'io.container.manager': 'libpod', 'org.opencontainers.image.stopSignal': '15' };
  }
}

function podmanConfig(container: SyntheticContainer, root: SyntheticProcess | undefined): object {
  return {
    spec: specOf('podman', container, root),
    id: container.id,
    name: container.name,
    CreateCommand: ['podman', 'run', '-d', '--name', container.name, container.image],
    RawImageName: container.image,
    rootfsImageID: container.imageDigest,
    rootfsImageName: container.image,
    command: root?.arguments ?? [],
    labels: { 'org.example.team': 'orders' },
    createdTime: container.created,
    logDriver: 'k8s-file',
    runtime: container.runtime,
  };
}

/** What CRI-O and containerd keep of a container's configuration. */
function reducedConfig(container: SyntheticContainer): object {
  return {
    id: container.id,
    name: kubernetesName(container),
    rootfsImage: container.image,
    rootfsImageRef: `${container.image.split(':')[0] ?? ''}@sha256:${container.imageDigest}`,
    rootfsImageName: container.image,
    runtime: container.runtime,
    createdTime: container.created,
    checkpointedTime: container.checkpointed,
    restoredTime: '0001-01-01T00:00:00Z',
    restored: false,
  };
}

function containerdStatus(container: SyntheticContainer): object {
  return {
    id: container.id,
    metadata: { name: container.name },
    state: 1,
    image: { image: container.image },
    image_ref: `${container.image.split(':')[0] ?? ''}@sha256:${container.imageDigest}`,
    labels: kubernetesLabels(container),
    annotations: { 'io.kubernetes.container.restartCount': '0' },
    log_path: `/var/log/pods/${container.namespace}_${container.pod}_${container.podUid}/${container.name}/0.log`,
  };
}

function kubernetesLabels(container: SyntheticContainer): Record<string, string> {
  return {
    'io.kubernetes.container.name': container.name,
    'io.kubernetes.pod.name': container.pod,
    'io.kubernetes.pod.namespace': container.namespace,
    'io.kubernetes.pod.uid': container.podUid,
  };
}

function kubernetesName({ name, pod, namespace, podUid }: SyntheticContainer): string {
  return `k8s_${name}_${pod}_${namespace}_${podUid}_0`;
}

function statistics(): Uint8Array {
  const dump = {
    freezing_time: 122_877,
    frozen_time: 1_425_327,
    memdump_time: 194_398,
    memwrite_time: 23_764,
    pages_scanned: 6877,
    pages_skipped_parent: 0,
    pages_written: 4764,
    irmap_resolve: 0,
    pages_lazy: 0,
  };
  return encodeImage('STATS', [{ dump }]);
}

function dumpLog(): Buffer {
  return Buffer.from('(00.000000) Version: 4.2.1 (gitid 0)\n(00.000010) Dumping finished successfully\n');
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}
