import type { Engine, Overview } from '../../../protocol/overview.ts';

/**
 * By which annotations engines know that an image is a checkpoint. Each engine looks at its own family: containerd 2.1 to
 * 2.3 at `org.criu.checkpoint.container.name`, CRI-O at `io.kubernetes.cri-o.annotations.checkpoint.name`, Podman at
 * `io.podman.annotations.checkpoint.runtime.name`, which must also be its own runtime. Sources: checkpointctl
 * lib/annotations.go; cri-o server/container_restore.go; podman libpod/define/annotations.go and cmd/podman/utils.
 */
const CRIU = 'org.criu.checkpoint.';
const CRIO = 'io.kubernetes.cri-o.annotations.checkpoint.';
const PODMAN = 'io.podman.annotations.checkpoint.';

/** Longer values are left out: nothing that an engine wrote is as long, and no engine would read it. */
const LONGEST = 1024;

/** As checkpointctl spells them. */
const ENGINES: Readonly<Partial<Record<Engine, string>>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
};

/**
 * The annotations of a checkpoint's image, sorted by name. What is not known is left out.
 * @param name what the engines are to call the container, if not as the checkpoint does
 */
export function annotationsOf(overview: Overview, name = overview.container.name): Readonly<Record<string, string>> {
  const { engine, engineVersion, pod, image, criu } = overview;
  const runtime = runtimeName(overview.runtime);
  const arch = goArchitecture(criu.architecture);
  const all: Readonly<Record<string, string | undefined>> = {
    [`${CRIU}engine.name`]: ENGINES[engine],
    [`${CRIU}engine.version`]: engineVersion,
    [`${CRIU}container.name`]: name,
    [`${CRIU}pod.name`]: pod?.name,
    [`${CRIU}pod.namespace`]: pod?.namespace,
    [`${CRIU}pod.uid`]: pod?.uid,
    [`${CRIU}rootfsImageName`]: image?.name,
    [`${CRIU}rootfsImageSha`]: image?.digest,
    [`${CRIU}rootfsImageID`]: image?.id,
    [`${CRIU}runtime.name`]: runtime,
    [`${CRIU}criu.version`]: criu.version,
    [`${CRIU}host.arch`]: arch,
    [`${CRIU}host.kernel`]: criu.kernel,
    [`${CRIO}name`]: name,
    [`${CRIO}rootfsImageName`]: image?.name,
    [`${CRIO}rootfsImageID`]: image?.id,
    [`${CRIO}criu.version`]: criu.version,
    [`${PODMAN}name`]: name,
    [`${PODMAN}rootfsImageName`]: image?.name,
    [`${PODMAN}rootfsImageID`]: image?.id,
    [`${PODMAN}criu.version`]: criu.version,
    [`${PODMAN}runtime.name`]: runtime,
    [`${PODMAN}host.arch`]: arch,
    [`${PODMAN}host.kernel`]: criu.kernel,
  };
  const known = Object.entries(all).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '' && entry[1].length <= LONGEST,
  );
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `runc` or `crun`; containerd names its shim, `io.containerd.runc.v2`. */
export function runtimeName(runtime: string | undefined): string | undefined {
  return runtime === undefined ? undefined : (/^io\.containerd\.(\w+)\.v\d+$/.exec(runtime)?.[1] ?? runtime);
}

/** CRIU's name for a machine in the words of Go, which images use; undefined where it does not tell which of several. */
export function goArchitecture(architecture: string | undefined): string | undefined {
  return architecture === undefined ? undefined : GO[architecture];
}

const GO: Readonly<Record<string, string>> = {
  'x86-64': 'amd64',
  arm: 'arm',
  aarch64: 'arm64',
  // CRIU dumps little-endian ones only.
  ppc64: 'ppc64le',
  s390: 's390x',
  loongarch64: 'loong64',
  riscv64: 'riscv64',
};
