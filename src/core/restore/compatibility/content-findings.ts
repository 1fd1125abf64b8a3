import { sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts, ExpectedMount } from './checkpoint-facts.ts';
import type { Finding } from './finding.ts';
import type { RestoreChoices, TargetFacts } from './target-facts.ts';
import { isAtLeast, parseVersion } from './version.ts';

/** What the container needs to find again: its image, mounts, files, connections and addresses. */
export function contentFindings(
  checkpoint: CheckpointFacts,
  target: TargetFacts,
  choices: RestoreChoices,
): readonly Finding[] {
  return [
    image(checkpoint, target),
    command(checkpoint, target),
    ...checkpoint.mounts.flatMap((one) => mount(one, target)),
    connections(checkpoint, target, choices),
    fileLocks(checkpoint, target),
    addresses(checkpoint),
    ports(checkpoint, target),
    pod(checkpoint, target),
  ].filter((one) => one !== undefined);
}

function image({ image: facts, engine }: CheckpointFacts, target: TargetFacts): Finding {
  const id = 'image';
  const name = facts?.name ?? facts?.digest ?? facts?.id;
  if (name === undefined) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('Of which container image it was made is not known, so its files cannot be brought back.'),
    };
  }
  if (target.hasImage === true)
    return { id, verdict: 'ok', reason: sentence('The container image {0} is there.', name) };
  if (engine === 'containerd' && facts?.digest === undefined) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence(
        'containerd pulls the container image by its digest, and of {0} none was recorded: it had been imported.',
        name,
      ),
      remedy: sentence('Run the container from an image of a registry, and take the checkpoint then.'),
    };
  }
  if (engine === 'cri-o') return imageOfCrio(name, target);
  if (target.hasImage === false) {
    return {
      id,
      verdict: 'warning',
      reason: sentence(
        'The container image {0} is not there. It must be possible to pull it, and be the same that it was.',
        name,
      ),
      remedy: sentence('Pull or load it before.'),
    };
  }
  return {
    id,
    verdict: 'warning',
    reason: sentence('The container image {0} must be there, or be pulled, and be the same that it was.', name),
  };
}

/** CRI-O looks for it by its id, and pulls none. Source: cri-o server/container_restore.go, and runs with 1.37. */
function imageOfCrio(name: string, { hasImage }: TargetFacts): Finding {
  const id = 'image';
  const remedy = sentence('Pull or load it before, where it is restored: the very same, with the id that it had.');
  return hasImage === false
    ? {
        id,
        verdict: 'blocker',
        reason: sentence('The container image {0} is not there, and CRI-O does not pull it for a restore.', name),
        remedy,
      }
    : {
        id,
        verdict: 'warning',
        reason: sentence('The container image {0} must be there already: CRI-O does not pull it for a restore.', name),
        remedy,
      };
}

/** CRI-O passes on no other than the image's. Source: cri-o server/container_restore.go, and runs with 1.37. */
function command({ engine, image: facts }: CheckpointFacts, { imageHasCommand }: TargetFacts): Finding | undefined {
  if (engine !== 'cri-o' || imageHasCommand !== false) return undefined;
  return {
    id: 'command',
    verdict: 'blocker',
    reason: sentence(
      'The container image {0} names no command: CRI-O takes that of what it restores from the image alone, and refuses to restore without one.',
      facts?.name ?? '?',
    ),
  };
}

/** What the kubelet mounts into every container. */
export const BY_KUBELET: ReadonlySet<string> = new Set(['/etc/hosts', '/dev/termination-log']);

function mount(one: ExpectedMount, target: TargetFacts): readonly Finding[] {
  const id = `mount:${one.destination}`;
  const { destination, source, kind, volume, openFiles, hasContents } = one;
  if (target.kind === 'podman') {
    if (kind === 'volume') {
      return target.takenVolumes?.includes(volume ?? '') === true
        ? [
            {
              id,
              verdict: 'blocker',
              reason: sentence('A volume {0} is there already, and Podman does not restore into it.', volume ?? ''),
              remedy: sentence('Remove or rename that volume, or restore on another machine.'),
            },
          ]
        : [{ id, verdict: 'ok', reason: sentence('The volume {0} is made anew for {1}.', volume ?? '', destination) }];
    }
    return [
      {
        id,
        verdict: 'warning',
        reason: sentence('{1} of that machine is mounted at {0}: it must be there.', destination, source ?? '?'),
        remedy: sentence('Make an empty {0} there if nothing else should be seen.', source ?? '?'),
      },
    ];
  }
  if (BY_KUBELET.has(destination) && target.kind === 'kubernetes') {
    return [{ id, verdict: 'ok', reason: sentence('The kubelet brings its own {0}.', destination) }];
  }
  // Elsewhere an empty place stands for it.
  if (openFiles.length > 0 && !hasContents) {
    return [
      {
        id,
        verdict: 'blocker',
        canBeAgreedTo: true,
        reason: sentence(
          'Processes have files open on the volume at {0}, which the archive does not hold: {1}. CRIU finds none of them in an empty one.',
          destination,
          openFiles.join(', '),
        ),
        remedy: sentence('Give the sandbox a volume with these files at {0}.', destination),
      },
    ];
  }
  return [
    {
      id,
      verdict: hasContents ? 'ok' : 'warning',
      reason: hasContents
        ? sentence('At {0} the sandbox gets the files that the archive holds.', destination)
        : sentence('At {0} the sandbox gets something empty: the archive does not hold what was there.', destination),
    },
  ];
}

function connections(
  { connections: all }: CheckpointFacts,
  { kind, engineVersion }: TargetFacts,
  { tcp }: RestoreChoices,
): Finding | undefined {
  const id = 'tcp';
  const [first] = all;
  if (first === undefined) return undefined;
  if (kind === 'podman' && tcp === 'close') {
    const version = parseVersion(engineVersion);
    // Source: podman, cmd/podman/containers/restore.go of 5.6.2 and 5.7.0.
    if (version && !isAtLeast(version, 5, 7)) {
      return {
        id,
        verdict: 'blocker',
        reason: sentence(
          'Podman {0} cannot close established TCP connections when it restores: 5.7 was the first that could.',
          engineVersion ?? '',
        ),
        remedy: sentence('Update Podman, or choose that they are taken up again.'),
      };
    }
    return {
      id,
      verdict: 'ok',
      reason: sentence('Established TCP connections ({0}) are closed: programs see them break off.', all.length),
    };
  }
  if (kind === 'podman' && tcp === 'established') {
    return {
      id,
      verdict: 'warning',
      reason: sentence(
        'Established TCP connections ({0}) are taken up again. That needs the same addresses, and it writes to whoever is there.',
        all.length,
      ),
    };
  }
  if (kind === 'podman') {
    return {
      id,
      verdict: 'blocker',
      reason: sentence(
        'TCP connections were established ({0}, such as {1}), and what becomes of them must be chosen.',
        all.length,
        first,
      ),
      remedy: sentence(
        'Choose whether they are closed or taken up again (--tcp close or established on the command line).',
      ),
    };
  }
  return {
    id,
    verdict: 'blocker',
    canBeAgreedTo: true,
    reason: sentence(
      'TCP connections were established ({0}, such as {1}), and Kubernetes has no way to ask for closing them.',
      all.length,
      first,
    ),
    remedy: sentence('Put “tcp-close” into /etc/criu/runc.conf (or crun.conf) on the node.'),
  };
}

/** Source: podman, cmd/podman/containers/restore.go of 3.4.7 and 4.0.3. */
function fileLocks({ hasFileLocks }: CheckpointFacts, { kind, engineVersion }: TargetFacts): Finding | undefined {
  const version = parseVersion(engineVersion);
  if (!hasFileLocks || kind !== 'podman' || version === undefined || isAtLeast(version, 4, 0)) return undefined;
  return {
    id: 'file-locks',
    verdict: 'blocker',
    reason: sentence(
      'Processes held locks on files, and Podman {0} cannot restore them: 4.0 was the first that could.',
      engineVersion ?? '',
    ),
    remedy: sentence('Update Podman.'),
  };
}

function addresses({ addresses: all }: CheckpointFacts): Finding | undefined {
  if (all.length === 0) return undefined;
  return {
    id: 'addresses',
    verdict: 'ok',
    reason: sentence('It had the address {0}; the sandbox gets another one.', all.join(', ')),
  };
}

function ports({ ports: all }: CheckpointFacts, { kind }: TargetFacts): Finding | undefined {
  if (all.length === 0 || kind !== 'podman') return undefined;
  return {
    id: 'ports',
    verdict: 'ok',
    reason: sentence('Ports that it published ({0}) are not reachable from outside of the sandbox.', all.join(', ')),
  };
}

function pod({ isInPodmanPod }: CheckpointFacts, { kind }: TargetFacts): Finding | undefined {
  if (!isInPodmanPod || kind !== 'podman') return undefined;
  return {
    id: 'pod',
    verdict: 'blocker',
    reason: sentence('It was part of a pod of Podman’s, and such a container can only be restored into a pod.'),
    remedy: sentence('Restore it by hand with --pod, into a pod that shares the same namespaces.'),
  };
}
