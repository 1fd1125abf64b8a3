import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts } from './checkpoint-facts.ts';
import type { Finding } from './finding.ts';
import type { TargetFacts } from './target-facts.ts';
import { isAtLeast, parseVersion } from './version.ts';

/** What a restore of evidence that somebody else may have made can do. */
export function riskFindings(checkpoint: CheckpointFacts, target: TargetFacts): readonly Finding[] {
  return [
    untrusted(),
    ...weaknesses(target),
    ...(target.kind === 'crio' ? [podNetwork()] : []),
    ...(target.kind === 'podman'
      ? [...demands(checkpoint), ...startedAnew(checkpoint)]
      : asked([
          annotations(checkpoint.demands),
          ...capabilities(checkpoint.demands),
          ...openPaths(checkpoint.demands),
        ])),
  ];
}

/** The interface knows a network of pods and the host's own, and nothing between. Source: CRI, NamespaceMode. */
function podNetwork(): Finding {
  return {
    id: 'network',
    verdict: 'warning',
    reason: sentence(
      'The sandbox gets the network that pods get on that machine: nothing keeps it from reaching whatever they reach.',
    ),
    remedy: sentence('Restore evidence only where that network leads nowhere.'),
  };
}

function untrusted(): Finding {
  return {
    id: 'untrusted',
    verdict: 'warning',
    reason: sentence(
      'A restore runs what is in the archive, with the rights that the archive asks for. Whoever had the container, or the file since, decided what that is.',
    ),
    remedy: sentence('Restore evidence only on a machine that may be lost, without a way into other networks.'),
  };
}

/** Sources: the security advisories of containerd, moby#52929. */
function weaknesses({ engine, engineVersion }: TargetFacts): readonly Finding[] {
  if (engine !== 'containerd') return [];
  const version = parseVersion(engineVersion);
  const isFixed =
    version !== undefined &&
    (isAtLeast(version, 2, 3, 2) ||
      (version[1] === 2 && isAtLeast(version, 2, 2, 5)) ||
      (version[1] === 1 && isAtLeast(version, 2, 1, 9)));
  if (isFixed) {
    return [
      {
        id: 'cve',
        verdict: 'ok',
        reason: sentence(
          'containerd {0} has the fixes for what archives could do to a node until 2026.',
          engineVersion ?? '',
        ),
      },
    ];
  }
  return [
    {
      id: 'cve',
      verdict: 'blocker',
      canBeAgreedTo: true,
      reason: sentence(
        'An archive made for it can take over this node: containerd {0} lets it read files of the host through its log (CVE-2026-53489), ask for devices by an annotation (CVE-2026-53492), and replace other images (CVE-2026-50195, CVE-2026-53488).',
        engineVersion ?? '?',
      ),
      remedy: sentence('Update containerd to 2.3.2, 2.2.5 or 2.1.9, or restore only archives that you made yourself.'),
    },
  ];
}

/** What an archive asks for: the finding's id, the items, and how it is said of them. */
type Demand = readonly [id: string, items: readonly string[], reason: (list: string) => Sentence];

function asked(all: readonly Demand[]): Finding[] {
  return all
    .filter(([, items]) => items.length > 0)
    .map(([id, items, reason]) => ({ id, verdict: 'blocker', canBeAgreedTo: true, reason: reason(listed(items)) }));
}

function annotations({ annotations: keys }: CheckpointFacts['demands']): Demand {
  return [
    'annotations',
    keys,
    (list) => sentence('The archive has annotations that the engine, the runtime or CRIU act upon: {0}', list),
  ];
}

/** A privileged container has them all, and is told of as such. */
function capabilities({ capabilities: names, isPrivileged }: CheckpointFacts['demands']): readonly Demand[] {
  if (isPrivileged) return [];
  return [
    [
      'capabilities',
      names,
      (list) =>
        sentence(
          'Its processes have, or may get, capabilities that the engine gives to no container by itself, and a restore gives them back: {0}',
          list,
        ),
    ],
  ];
}

/** A privileged container has all of them open, and is told of as such. */
function openPaths({ openPaths: paths, isPrivileged }: CheckpointFacts['demands']): readonly Demand[] {
  if (isPrivileged) return [];
  return [
    [
      'open-paths',
      paths,
      (list) =>
        sentence(
          'The archive asks that these paths, which engines hide from containers or make read-only, stay open to it: {0}',
          list,
        ),
    ],
  ];
}

/** Podman does on the host what the archive's files say. */
function demands({ demands: all }: CheckpointFacts): readonly Finding[] {
  const namespaces = all.hostNamespaces.filter((name) => name !== 'network');
  const found = asked([
    [
      'hooks',
      all.hooks,
      (list) => sentence('The archive asks for programs to be run on the host, outside of the container: {0}', list),
    ],
    [
      'host-paths',
      all.hostPaths,
      (list) => sentence('The archive asks for these paths of the host to be mounted: {0}', list),
    ],
    ['devices', all.devices, (list) => sentence('The archive asks for devices of the host: {0}', list)],
    [
      'privileged',
      all.isPrivileged ? ['privileged'] : [],
      () => sentence('The container is privileged: it can take over the host.'),
    ],
    [
      'of-podman',
      all.ofPodman,
      (list) => sentence('The archive’s own description for Podman asks for more of the host: {0}', list),
    ],
    annotations(all),
    ...capabilities(all),
    ...openPaths(all),
    ['host-namespaces', namespaces, (list) => sentence('The container shares namespaces with the host: {0}', list)],
  ]);
  if (all.hostNamespaces.includes('network')) {
    found.push({
      id: 'host-network',
      verdict: 'warning',
      reason: sentence(
        'The container used the host’s network. Here it gets an empty one, unless the network is asked for.',
      ),
    });
  }
  return found;
}

/**
 * A restore itself starts no health check: timers of systemd for them are made where Podman starts a container, and they
 * run what is to be run from outside of the sandbox. Sources: libpod, container_internal.go and healthcheck_linux.go.
 */
function startedAnew({ restartPolicy, hasHealthCheck }: CheckpointFacts): readonly Finding[] {
  if (restartPolicy !== undefined) {
    return [
      {
        id: 'restart',
        verdict: 'warning',
        reason: sentence(
          'Its restart policy is {0}: when it ends, or the machine starts, Podman starts it anew from its image, with its health check if it has one, and after a start of the machine with the network that it had.',
          restartPolicy.slice(0, 100),
        ),
        remedy: sentence('Remove the sandbox when it is not needed any more, and before the machine is started anew.'),
      },
    ];
  }
  if (!hasHealthCheck) return [];
  return [
    {
      id: 'health-check',
      verdict: 'ok',
      reason: sentence('Its health check does not run in the sandbox, unless somebody starts the container anew.'),
    },
  ];
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, 10).map((item) => (item.length > 300 ? `${item.slice(0, 300)}…` : item));
  return items.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}
