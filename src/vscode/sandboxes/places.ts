import type { TargetFacts, TargetKind } from '../../core/restore/compatibility/target-facts.ts';
import { Machine, type Prefix } from '../../core/restore/sandbox/command.ts';
import { CrioSandbox } from '../../core/restore/sandbox/crio.ts';
import type { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../core/restore/sandbox/podman.ts';
import type { Sandbox, SandboxRecord, Subject } from '../../core/restore/sandbox/sandbox.ts';

export interface PlaceOptions {
  readonly prefix: Prefix;
  readonly network: 'nowhere' | 'as-it-was';
  readonly journal: SandboxJournal;
}

type Make = (options: PlaceOptions) => Sandbox;

/** Where one can restore to: a row for each way. */
const WAYS: Readonly<Partial<Record<TargetKind, Make>>> = {
  podman: ({ prefix, network, journal }) => new PodmanSandbox({ machine: new Machine(prefix), journal, network }),
  crio: ({ prefix, journal }) => new CrioSandbox({ machine: new Machine(prefix), journal }),
};

/** A place as it was found, or why there is none. */
export type Place = { readonly sandbox: Sandbox } & ({ readonly target: TargetFacts } | { readonly missing: unknown });

export function isThere(place: Place): place is Extract<Place, { target: TargetFacts }> {
  return 'target' in place;
}

/** Looks at all places at once. @throws only where it is cancelled */
export async function detectPlaces(
  options: PlaceOptions,
  subject: Subject,
  signal: AbortSignal,
): Promise<readonly Place[]> {
  return Promise.all(
    Object.values(WAYS).map(async (make): Promise<Place> => {
      const sandbox = make(options);
      try {
        return { sandbox, target: await sandbox.detect(subject, signal) };
      } catch (missing) {
        if (signal.aborted) throw missing;
        return { sandbox, missing };
      }
    }),
  );
}

/** The place of a sandbox that there is: where it was made, whatever the settings say now. */
export function placeOf({ kind, prefix = [] }: SandboxRecord, options: PlaceOptions): Sandbox | undefined {
  return WAYS[kind]?.({ ...options, prefix });
}
