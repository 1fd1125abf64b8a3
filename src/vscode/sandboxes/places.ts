import type { TargetFacts, TargetKind } from '../../core/restore/compatibility/target-facts.ts';
import { Machine, type Prefix } from '../../core/restore/sandbox/command.ts';
import { CrioSandbox } from '../../core/restore/sandbox/crio.ts';
import type { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../core/restore/sandbox/podman.ts';
import { PodSandbox } from '../../core/restore/sandbox/pod-sandbox.ts';
import type { MadeSandbox, Sandbox, SandboxRecord, Subject } from '../../core/restore/sandbox/sandbox.ts';
import type { Clusters } from './cluster-place.ts';

export interface PlaceOptions {
  readonly prefix: Prefix;
  readonly network: 'nowhere' | 'as-it-was';
  readonly journal: SandboxJournal;
}

type Make = (options: PlaceOptions) => Sandbox;

/** Machines that one can restore to: a row for each way. In a cluster there is more to choose, see `cluster-place.ts`. */
const WAYS: Readonly<Record<Exclude<TargetKind, 'kubernetes'>, Make>> = {
  podman: ({ prefix, network, journal }) => new PodmanSandbox({ machine: new Machine(prefix), journal, network }),
  crio: ({ prefix, journal }) => new CrioSandbox({ machine: new Machine(prefix), journal }),
};

/** A machine as it was found. */
export interface MachinePlace {
  readonly kind: TargetKind;
  readonly sandbox: Sandbox;
  readonly target: TargetFacts;
}

/** A place to choose: a machine, the clusters of the kubeconfig, or why there is none. */
export type Place =
  | MachinePlace
  | { readonly kind: 'kubernetes'; /** The current one. */ readonly context: string }
  | { readonly kind: TargetKind; readonly missing: unknown };

export function isThere(place: Place): place is MachinePlace {
  return 'target' in place;
}

export function canBeChosen(place: Place): boolean {
  return !('missing' in place);
}

/** Looks at all machines at once. @throws only where it is cancelled */
export async function detectPlaces(
  options: PlaceOptions,
  subject: Subject,
  signal: AbortSignal,
): Promise<readonly Place[]> {
  return Promise.all(
    Object.values(WAYS).map(async (make): Promise<Place> => {
      const sandbox = make(options);
      const { kind } = sandbox;
      try {
        return { kind, sandbox, target: await sandbox.detect(subject, signal) };
      } catch (missing) {
        if (signal.aborted) throw missing;
        return { kind, missing };
      }
    }),
  );
}

/**
 * The place of a sandbox that there is: where it was made, whatever the settings say now.
 * @throws ClusterError where its cluster is not known any more
 */
export async function placeOf(
  { kind, prefix = [], context }: SandboxRecord,
  options: PlaceOptions,
  clusters: Clusters,
): Promise<MadeSandbox> {
  if (kind !== 'kubernetes') return WAYS[kind]({ ...options, prefix });
  const { cluster } = await clusters.connect(context ?? '');
  return new PodSandbox({ cluster, journal: options.journal });
}
