import { CheckpointError, type Reason } from '../../errors.ts';
import { Api } from '../api/api.ts';
import type { NodeEndpoint } from '../checkpoint/node-endpoint.ts';

/** What a kubelet tells of itself; each undefined where it may not be asked, or does not say. */
export interface KubeletFacts {
  /** The feature gate ContainerCheckpoint. */
  readonly gate: boolean | undefined;
  /** Checkpoints since the kubelet was started, and how many of them failed. */
  readonly checkpoints: { readonly made: number; readonly failed: number } | undefined;
  /** Its runtimeRequestTimeout, as it is configured: `2m0s`. */
  readonly requestTimeout: string | undefined;
  /** Bytes that are left where archives go. */
  readonly free: number | undefined;
}

interface Summary {
  readonly node?: { readonly fs?: { readonly availableBytes?: number } };
}

interface Configz {
  readonly kubeletconfig?: { readonly runtimeRequestTimeout?: string };
}

/** Through the API server it takes the right to get nodes/proxy. */
export async function readKubeletFacts(endpoint: NodeEndpoint, signal?: AbortSignal): Promise<KubeletFacts> {
  const api = new Api(endpoint.transport);
  const call = (...parts: readonly string[]) => ({ path: endpoint.path(...parts), signal });
  const [metrics, configz, summary] = await Promise.all([
    optional(api.text(call('metrics'))),
    optional(api.send<Configz>(call('configz'))),
    optional(api.send<Summary>(call('stats', 'summary'))),
  ]);
  return {
    gate: metrics === undefined ? undefined : gateIn(metrics),
    checkpoints: metrics === undefined ? undefined : checkpointsIn(metrics),
    requestTimeout: configz?.kubeletconfig?.runtimeRequestTimeout,
    free: summary?.node?.fs?.availableBytes,
  };
}

const REFUSED: ReadonlySet<Reason> = new Set(['forbidden', 'not-found', 'unavailable']);

/** What one may not know, and what is not understood, is not known. */
async function optional<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (CheckpointError.is(error) && REFUSED.has(error.reason)) return undefined;
    throw error;
  }
}

/** `kubernetes_feature_enabled{name="ContainerCheckpoint",stage="BETA"} 1` */
function gateIn(metrics: string): boolean | undefined {
  const value = /^kubernetes_feature_enabled\{[^}]*name="ContainerCheckpoint"[^}]*\} (\d)/m.exec(metrics)?.[1];
  return value === undefined ? undefined : value === '1';
}

function checkpointsIn(metrics: string): KubeletFacts['checkpoints'] {
  const counter = (name: string): number | undefined => {
    const line = new RegExp(`^${name}\\{[^}]*operation_type="checkpoint_container"[^}]*\\} (\\S+)`, 'm').exec(metrics);
    return line ? Number(line[1]) : undefined;
  };
  const made = counter('kubelet_runtime_operations_total');
  return made === undefined ? undefined : { made, failed: counter('kubelet_runtime_operations_errors_total') ?? 0 };
}
