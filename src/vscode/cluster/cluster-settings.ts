import * as vscode from 'vscode';
import { HELPER_DEFAULTS, type HelperSettings } from '../../core/cluster/node-files/helper-manifest.ts';
import { CHECKPOINTS } from '../../core/cluster/node-files/node-files.ts';
import { SECTION } from '../settings.ts';

export const KUBECONFIG = 'kubeconfig';

/** How a person reaches a kubelet past the API server. */
export interface KubeletAccess {
  /** `HOST` or `HOST:PORT`; the node's own address if it is not given. */
  readonly address?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** The settings about clusters, as the rest uses them. A settings file may hold anything; read anew at each use. */
export const clusterSettings = {
  /** Undefined: as kubectl finds it. */
  kubeconfig(): string | undefined {
    return text(KUBECONFIG);
  },

  grouping(): 'pod' | 'workload' {
    return read('clusters.groupBy') === 'workload' ? 'workload' : 'pod';
  },

  pageSize(): number {
    return integer('clusters.pageSize', 10, 5000, 500);
  },

  /** Seconds that a node may take for a checkpoint; undefined: as its kubelet is configured. */
  checkpointTimeout(): number | undefined {
    const seconds = integer('checkpoint.timeout', 0, 86_400, 0);
    return seconds === 0 ? undefined : seconds;
  },

  /** Checkpoints that are made at once on one node. */
  perNode(): number {
    return integer('checkpoint.perNode', 1, 16, 2);
  },

  /** Where kubelets put archives on nodes. */
  directory(): string {
    const directory = text('checkpoint.directory');
    return directory?.startsWith('/') === true ? directory.replace(/\/+$/, '') || '/' : CHECKPOINTS;
  },

  /** @param namespace where helper pods go unless a setting says otherwise */
  helper(namespace: string): HelperSettings {
    const selector = object('helper.nodeSelector');
    const secret = text('helper.imagePullSecret');
    const tolerations = read('helper.tolerations');
    return {
      ...HELPER_DEFAULTS,
      image: text('helper.image') ?? HELPER_DEFAULTS.image,
      namespace: text('helper.namespace') ?? namespace,
      placement: read('helper.placement') === 'selector' ? 'selector' : 'name',
      ...(selector && {
        nodeSelector: Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, String(value)])),
      }),
      ...(Array.isArray(tolerations) && tolerations.length > 0 && { tolerations: tolerations as object[] }),
      ...withResources(),
      ...(secret !== undefined && { imagePullSecret: secret }),
      lifetime: integer('helper.lifetime', 60, 86_400, HELPER_DEFAULTS.lifetime),
    };
  },

  /** Which kubelets are asked themselves: by `CONTEXT/NODE`, or `CONTEXT` for all of its nodes. */
  kubelet(context: string, node: string): KubeletAccess | undefined {
    const all = object('kubelets') ?? {};
    const found = all[`${context}/${node}`] ?? all[context];
    return typeof found === 'object' && found !== null ? access(found) : undefined;
  },

  async chooseKubeconfig(path: string): Promise<void> {
    await vscode.workspace.getConfiguration(SECTION).update(KUBECONFIG, path, vscode.ConfigurationTarget.Global);
  },
};

/** What of it is text. */
function access(found: object): KubeletAccess {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => typeof value === 'string' && value !== ''));
}

function withResources(): Partial<HelperSettings> {
  const resources = object('helper.resources');
  return resources && Object.keys(resources).length > 0 ? { resources } : {};
}

function read(name: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(name);
}

function text(name: string): string | undefined {
  const value = read(name);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function integer(name: string, least: number, most: number, otherwise: number): number {
  const value = read(name);
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(most, Math.max(least, Math.round(value)))
    : otherwise;
}

function object(name: string): Record<string, unknown> | undefined {
  const value = read(name);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
