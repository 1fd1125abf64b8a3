import { sentence } from '../../../protocol/sentence.ts';
import type { CheckpointFacts } from './checkpoint-facts.ts';
import type { Finding } from './finding.ts';
import type { TargetFacts } from './target-facts.ts';
import { compareVersions, isAtLeast, parseVersion } from './version.ts';

const NAMES: Readonly<Record<string, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
  criu: 'CRIU',
};

/** Who made it and who would restore it: engines, their versions and settings, the OCI runtime. */
export function engineFindings(checkpoint: CheckpointFacts, target: TargetFacts): readonly Finding[] {
  const all = [engine(checkpoint, target), restores(target), signatures(target), runtime(checkpoint, target)];
  return all.filter((one) => one !== undefined);
}

/** Each engine reads what it wrote itself and nothing else. */
function engine(checkpoint: CheckpointFacts, target: TargetFacts): Finding {
  const id = 'engine';
  const made = NAMES[checkpoint.engine] ?? checkpoint.engine;
  const restorer = target.engine ?? (target.kind === 'podman' ? 'podman' : undefined);
  if (checkpoint.engine === 'criu' || checkpoint.engine === 'docker') {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('No engine made an archive of this: {0} images alone are not enough for one to restore.', made),
      remedy: sentence('Take the checkpoint with Podman, CRI-O or containerd.'),
    };
  }
  if (restorer === undefined) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('Which engine would restore it is not known; it must be {0}.', made),
    };
  }
  if (restorer === checkpoint.engine) {
    return { id, verdict: 'ok', reason: sentence('{0} made it, and {0} would restore it.', made) };
  }
  return {
    id,
    verdict: 'blocker',
    reason: sentence('{0} made it, and {1} does not understand archives of {0}.', made, NAMES[restorer] ?? restorer),
    remedy:
      checkpoint.engine === 'podman'
        ? sentence('Restore it with Podman.')
        : sentence('Restore it on a node whose container runtime is {0}.', made),
  };
}

/** Whether that version, as it is configured, restores at all. */
function restores(target: TargetFacts): Finding | undefined {
  const engine = target.engine ?? (target.kind === 'podman' ? 'podman' : target.kind === 'crio' ? 'cri-o' : undefined);
  switch (engine) {
    case 'containerd':
      return containerd(target);
    case 'cri-o':
      return crio(target);
    case 'podman':
      return podman(target);
    case undefined:
      return undefined;
  }
}

/** Source: containerd RELEASES.md and release notes of 2.2.7, 2.3.4 and 2.4. */
function containerd({ engineVersion, restoreViaCreate }: TargetFacts): Finding {
  const id = 'restores';
  const version = parseVersion(engineVersion);
  if (!version) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('Which version of containerd is there is not known. Only 2.1 to 2.3 restore.'),
    };
  }
  const shown = engineVersion ?? '';
  if (!isAtLeast(version, 2, 1)) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('containerd {0} does not restore: 2.1 was the first that did.', shown),
      remedy: sentence('Choose a node with containerd 2.1, 2.2 or 2.3.'),
    };
  }
  if (isAtLeast(version, 2, 4)) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('containerd {0} does not restore any more: 2.4 took it out.', shown),
      remedy: sentence('Choose a node with containerd 2.1, 2.2 or 2.3, or use the checkpoint-restore-operator.'),
    };
  }
  const isOffByDefault = isAtLeast(version, 2, 3, 4) || (version[1] === 2 && isAtLeast(version, 2, 2, 7));
  if (!isOffByDefault || restoreViaCreate === true) {
    return { id, verdict: 'ok', reason: sentence('containerd {0} restores from an image.', shown) };
  }
  return {
    id,
    verdict: restoreViaCreate === false ? 'blocker' : 'warning',
    reason: sentence('containerd {0} restores only where it is turned on, and it is off by default.', shown),
    remedy: sentence(
      'Set enable_experimental_restore_via_create = true below [plugins."io.containerd.cri.v1.runtime"] in the node’s configuration of containerd.',
    ),
  };
}

/** Source: CRI-O, crio.conf.d(5), crio.checkpoint_restore, and server/container_restore.go. */
function crio({ engineVersion, containerLevel }: TargetFacts): Finding {
  const id = 'restores';
  if (containerLevel === 'none' || containerLevel === 'checkpoint_only') {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('CRI-O is configured not to restore: container_level_enabled is {0}.', containerLevel),
      remedy: sentence('Set container_level_enabled = "checkpoint_restore" below [crio.checkpoint_restore].'),
    };
  }
  const version = parseVersion(engineVersion);
  if (version && !isAtLeast(version, 1, 25)) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('CRI-O {0} does not restore: 1.25 was the first.', engineVersion ?? ''),
    };
  }
  if (version && !isAtLeast(version, 1, 30)) {
    return {
      id,
      verdict: 'warning',
      reason: sentence(
        'CRI-O {0} restores only where enable_criu_support is set, which it is not by default.',
        engineVersion ?? '',
      ),
      remedy: sentence('Set enable_criu_support = true below [crio.runtime].'),
    };
  }
  if (!version) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('Which version of CRI-O is there, and whether it restores, is not known.'),
    };
  }
  if (containerLevel === 'checkpoint_restore') {
    return { id, verdict: 'ok', reason: sentence('CRI-O {0} is configured to restore.', engineVersion ?? '') };
  }
  return {
    id,
    verdict: 'ok',
    reason: sentence('CRI-O {0} restores unless its configuration says otherwise.', engineVersion ?? ''),
  };
}

/**
 * With any policy about signatures CRI-O restores no image, and its own packages come with one; what is restored from a
 * file is not asked about. No question to a cluster tells. Source: CRI-O, server/container_restore.go.
 */
function signatures({ kind, engine }: TargetFacts): Finding | undefined {
  if (kind !== 'kubernetes' || engine !== 'cri-o') return undefined;
  return {
    id: 'signatures',
    verdict: 'warning',
    reason: sentence(
      'CRI-O restores no image where it has a policy about signatures (signature_policy, or one for the namespace). Whether it has one cannot be seen from here.',
    ),
    remedy: sentence(
      'Look on the node with: crio status config. To have none, set signature_policy = "" below [crio.image] in a file below /etc/crio/crio.conf.d, and restart CRI-O.',
    ),
  };
}

function podman({ isRoot, engineVersion }: TargetFacts): Finding {
  const id = 'restores';
  if (isRoot === false) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('Podman restores only for root.'),
      remedy: sentence('Name a command prefix that becomes root, for example sudo.'),
    };
  }
  return engineVersion === undefined
    ? { id, verdict: 'warning', reason: sentence('Podman’s version is not known.') }
    : { id, verdict: 'ok', reason: sentence('Podman {0} restores for root.', engineVersion) };
}

/** Source: podman, pkg/checkpoint; containers of one runtime have mounts and cgroups that the other does not make. */
function runtime(checkpoint: CheckpointFacts, target: TargetFacts): Finding | undefined {
  const id = 'runtime';
  if (checkpoint.runtime === undefined) return undefined;
  if (target.runtime === undefined) {
    return {
      id,
      verdict: 'warning',
      reason: sentence('It was dumped through {0}; which runtime would restore it is not known.', checkpoint.runtime),
    };
  }
  if (target.runtime === checkpoint.runtime) {
    return {
      id,
      verdict: 'ok',
      reason: sentence('It was dumped through {0}, which would also restore it.', target.runtime),
    };
  }
  return {
    id,
    // Podman takes the archive's runtime if it has it.
    verdict: 'blocker',
    reason: sentence(
      'It was dumped through {0} and would be restored through {1}: that does not work.',
      checkpoint.runtime,
      target.runtime,
    ),
    remedy: sentence('Make {0} available where it is restored.', checkpoint.runtime),
  };
}

/** CRIU reads what older versions wrote, and not always what newer ones did. */
export function criuFinding(checkpoint: CheckpointFacts, target: TargetFacts): Finding | undefined {
  const id = 'criu';
  const [made, there] = [parseVersion(checkpoint.criuVersion), parseVersion(target.criuVersion)];
  if (!there) {
    return target.kind === 'podman'
      ? { id, verdict: 'warning', reason: sentence('Which CRIU would restore it is not known.') }
      : undefined;
  }
  if (!isAtLeast(there, 3, 11)) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('CRIU {0} is too old for engines to restore with it.', target.criuVersion ?? ''),
    };
  }
  if (made && compareVersions(there, made) < 0) {
    return {
      id,
      verdict: 'warning',
      reason: sentence(
        'CRIU {0} dumped it, and the older {1} would restore it.',
        checkpoint.criuVersion ?? '',
        target.criuVersion ?? '',
      ),
      remedy: sentence('Use a CRIU that is at least as new.'),
    };
  }
  if (checkpoint.compressedPages && !isAtLeast(there, 4, 2)) {
    return {
      id,
      verdict: 'blocker',
      reason: sentence('Its memory is compressed, which CRIU {0} cannot read.', target.criuVersion ?? ''),
    };
  }
  return { id, verdict: 'ok', reason: sentence('CRIU {0} would restore it.', target.criuVersion ?? '') };
}
