import type { TargetKind } from '../../core/restore/compatibility/target-facts.ts';

/** What the places are called to which one can restore. */
export const PLACE_NAMES: Readonly<Record<TargetKind, string>> = {
  podman: 'Podman',
  crio: 'CRI-O',
  kubernetes: 'Kubernetes',
};
