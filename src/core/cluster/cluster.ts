import { Api } from './api/api.ts';
import { connectTo, type ConnectOptions } from './connection/connect.ts';
import { isPlainHttp } from './kubeconfig/entries.ts';
import type { Kubeconfig } from './kubeconfig/kubeconfig.ts';
import { hostOf } from '../secrets.ts';

/** A context of the kubeconfig, for a list of them: nothing was asked of its cluster. */
export interface ContextFacts {
  readonly name: string;
  readonly isCurrent: boolean;
  readonly cluster: string;
  readonly user: string;
  /** The namespace that kubectl takes where none is named; `default` if the context has none. */
  readonly namespace: string;
  /** `HOST:PORT`; undefined where the context names a cluster that the kubeconfig does not have. */
  readonly server: string | undefined;
  /** True where the kubeconfig turns the verification of the server's certificate off: to be shown. */
  readonly isUnverified: boolean;
  /** True where it has no TLS at all. */
  readonly isPlain: boolean;
  /** The kubeconfig that it stands in. */
  readonly file: string;
}

export function listContexts(kubeconfig: Kubeconfig): readonly ContextFacts[] {
  return kubeconfig.contexts.map(({ name, cluster, user, namespace, file }) => {
    const entry = kubeconfig.cluster(cluster);
    return {
      name,
      isCurrent: name === kubeconfig.currentContext,
      cluster,
      user,
      namespace: namespace ?? 'default',
      server: entry === undefined || entry.server === '' ? undefined : hostOf(entry.server),
      isUnverified: entry !== undefined && (entry.insecureSkipTlsVerify || isPlainHttp(entry.server)),
      isPlain: entry !== undefined && isPlainHttp(entry.server),
      file,
    };
  });
}

/** A context that is in use. Nothing is sent to it before something is asked. */
export interface Cluster {
  /** The context's name. */
  readonly name: string;
  readonly namespace: string;
  /** The name of the kubeconfig's user entry: says in a record who asked. */
  readonly user: string;
  readonly server: string;
  readonly isUnverified: boolean;
  /** True where it has no TLS at all: then it is told no credentials. */
  readonly isPlain: boolean;
  readonly api: Api;
  close(): void;
}

/**
 * Takes a context into use.
 * @param name the current one if it is not given
 * @throws ClusterError `no-kubeconfig`, `bad-kubeconfig`; CheckpointError `not-found`, `unreadable`
 */
export async function openCluster(
  kubeconfig: Kubeconfig,
  name: string | undefined,
  options: ConnectOptions,
): Promise<Cluster> {
  const resolved = kubeconfig.resolve(name);
  const { context, cluster, user } = resolved;
  const transport = await connectTo(resolved, options);
  return {
    name: context.name,
    namespace: context.namespace ?? 'default',
    user: user.name,
    server: transport.peer.address,
    isUnverified: cluster.insecureSkipTlsVerify || isPlainHttp(cluster.server),
    isPlain: isPlainHttp(cluster.server),
    api: new Api(transport),
    close: () => transport.close(),
  };
}
