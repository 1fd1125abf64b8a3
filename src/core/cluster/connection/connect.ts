import { sentence } from '../../../protocol/sentence.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { ClusterEntry } from '../kubeconfig/entries.ts';
import type { ResolvedContext } from '../kubeconfig/kubeconfig.ts';
import { hostOf, Secrets } from '../../secrets.ts';
import { credentialsOf } from './credentials.ts';
import { holdsCertificate, readPem } from './pem.ts';
import { proxyFor } from './proxy.ts';
import type { Trust } from './tls.ts';
import { HttpTransport, type Transport } from './transport.ts';

export interface ConnectOptions {
  /** False in an untrusted workspace: then no command of a kubeconfig is run. */
  readonly allowPlugins: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * The way to a context's API server. Nothing is sent and no plugin runs before the first request.
 * @throws ClusterError `bad-kubeconfig`; CheckpointError `not-found`, `unreadable` for the authority's file
 */
export async function connectTo(resolved: ResolvedContext, options: ConnectOptions): Promise<Transport> {
  const { context, cluster } = resolved;
  const environment = options.environment ?? process.env;
  const secrets = new Secrets();
  const server = serverOf(context.name, cluster, secrets);
  return new HttpTransport({
    peer: { kind: 'server', name: context.name, address: hostOf(cluster.server) },
    server,
    trust: await trustOf(context.name, cluster),
    credentials: credentialsOf(resolved, { allowPlugins: options.allowPlugins, environment, secrets }),
    proxy: proxyFor(server, cluster.proxyUrl, environment),
    secrets,
    compress: !cluster.disableCompression,
  });
}

function serverOf(context: string, { server, name }: ClusterEntry, secrets: Secrets): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url && ['http:', 'https:'].includes(url.protocol)) {
    secrets.add(url.password);
    url.username = '';
    url.password = '';
    return url;
  }
  throw new ClusterError(
    'bad-kubeconfig',
    sentence('The server of the cluster {0}, which the context {1} uses, is not an address.', name, context),
    { brief: brief(sentence('Not an address'), sentence('the server of {0} in the kubeconfig', name)) },
  );
}

async function trustOf(context: string, cluster: ClusterEntry): Promise<Trust> {
  const { caData, caFile, insecureSkipTlsVerify, tlsServerName } = cluster;
  const name = tlsServerName === undefined ? {} : { serverName: tlsServerName };
  if (insecureSkipTlsVerify) {
    // As kubectl: which of the two is meant cannot be guessed.
    if (!caData && caFile === undefined) return { by: 'nothing', ...name };
    throw new ClusterError(
      'bad-kubeconfig',
      sentence(
        'The cluster {0} of the context {1} has both certificate-authority and insecure-skip-tls-verify. Remove one of them.',
        cluster.name,
        context,
      ),
      { brief: brief(sentence('Trusted how?'), sentence('certificate-authority or insecure-skip-tls-verify')) },
    );
  }
  const ca = caData ?? (await readPem(caFile));
  if (ca && !holdsCertificate(ca)) {
    throw new ClusterError(
      'bad-kubeconfig',
      sentence(
        'The certificate-authority of the cluster {0}, which the context {1} uses, holds no certificate in PEM form. Mend it in the kubeconfig.',
        cluster.name,
        context,
      ),
      { brief: brief(sentence('No authority'), sentence('certificate-authority holds no certificate')) },
    );
  }
  return { by: 'authority', ...(ca && { ca }), ...name };
}
