import type { Engine } from '../../../protocol/overview.ts';
import { asTexts, at, type JsonObject } from '../../checkpoint/json.ts';

/**
 * What all engines hide from containers that are not privileged, and what they make read-only, in each of their
 * versions that restores. Sources: Kubernetes, pkg/securitycontext; containers-common, pkg/config; moby, oci/defaults.
 */
const HIDDEN: readonly string[] = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
];
const READ_ONLY: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
 * Of these paths those that the archive has the engine leave open. Podman restores the container's own specification.
 * CRI-O takes both lists out of it in place of the pod's, where the archive has them. Source: cri-o,
 * server/container_restore.go. containerd does neither.
 */
export function openPaths(engine: Engine, spec: JsonObject | undefined): readonly string[] {
  if (!spec || (engine !== 'podman' && engine !== 'cri-o')) return [];
  const lacking = (usual: readonly string[], name: string): readonly string[] => {
    const list = at(spec, 'linux', name);
    if ((list === undefined || list === null) && engine === 'cri-o') return [];
    const asked = new Set(asTexts(list));
    return usual.filter((path) => !asked.has(path));
  };
  return [...lacking(HIDDEN, 'maskedPaths'), ...lacking(READ_ONLY, 'readonlyPaths')];
}
