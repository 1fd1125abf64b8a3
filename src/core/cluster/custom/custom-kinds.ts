import { CheckpointError } from '../../errors.ts';
import type { Api } from '../api/api.ts';
import type { Resource } from '../api/resources.ts';

/** Kinds of objects about checkpoints that some clusters have beside the kubelet's own way. */
export type CustomKind = 'pod-checkpoint' | 'chain' | 'schedule' | 'restore';

/** Those that a cluster has, each as it is called there. */
export type CustomKinds = Partial<Readonly<Record<CustomKind, Resource>>>;

/**
 * PodCheckpoint: Kubernetes' own, as KEP-5823 has it. The others: the checkpoint-restore-operator's, api criu.org/v1.
 */
const KNOWN: readonly { readonly kind: CustomKind; readonly group: string; readonly plural: string }[] = [
  { kind: 'pod-checkpoint', group: 'checkpoint.k8s.io', plural: 'podcheckpoints' },
  { kind: 'chain', group: 'criu.org', plural: 'forensicsnapshotchains' },
  { kind: 'schedule', group: 'criu.org', plural: 'checkpointschedules' },
  { kind: 'restore', group: 'criu.org', plural: 'podrestores' },
];

interface ApiGroup {
  readonly preferredVersion?: { readonly version?: string };
  readonly versions?: readonly { readonly version?: string }[];
}

interface ApiResources {
  readonly resources?: readonly { readonly name?: string }[] | null;
}

/** Which of these kinds a cluster has. One that may not be asked has none. */
export async function findCustomKinds(api: Api, signal?: AbortSignal): Promise<CustomKinds> {
  const groups = [...new Set(KNOWN.map(({ group }) => group))];
  const found = await Promise.all(groups.map((group) => kindsOf(api, group, signal)));
  return Object.assign({}, ...found) as CustomKinds;
}

async function kindsOf(api: Api, group: string, signal: AbortSignal | undefined): Promise<CustomKinds> {
  try {
    const { preferredVersion, versions } = await api.send<ApiGroup>({ path: `/apis/${group}`, signal });
    const version = preferredVersion?.version ?? versions?.[0]?.version;
    if (version === undefined) return {};
    const { resources } = await api.send<ApiResources>({ path: `/apis/${group}/${version}`, signal });
    const names = new Set((resources ?? []).map(({ name }) => name));
    const here = KNOWN.filter((known) => known.group === group && names.has(known.plural));
    return Object.fromEntries(here.map(({ kind, plural }) => [kind, { group, version, plural }]));
  } catch (error) {
    // Who is not known, or may not ask, hears of it where the cluster's other things are listed.
    const isNone = (['not-found', 'forbidden', 'unauthorized'] as const).some((one) => CheckpointError.is(error, one));
    if (!isNone) throw error;
    return {};
  }
}
