import type { Kind } from './kube.ts';

function operator(plural: string, kind: string): Kind {
  return { group: 'criu.org', version: 'v1', plural, kind, namespaced: true };
}

/** The checkpoint-restore-operator's kinds, as of its 0.1.0. */
export const OPERATOR_KINDS: readonly Kind[] = [
  operator('forensicsnapshotchains', 'ForensicSnapshotChain'),
  operator('checkpointschedules', 'CheckpointSchedule'),
  operator('podrestores', 'PodRestore'),
];

/** Kubernetes' own, as KEP-5823 has it. */
export const POD_CHECKPOINTS: Kind = {
  group: 'checkpoint.k8s.io',
  version: 'v1alpha1',
  plural: 'podcheckpoints',
  kind: 'PodCheckpoint',
  namespaced: true,
};
