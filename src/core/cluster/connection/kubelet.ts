import { say, sentence } from '../../../protocol/sentence.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { ResolvedContext } from '../kubeconfig/kubeconfig.ts';
import { Secrets } from '../../secrets.ts';
import type { ConnectOptions } from './connect.ts';
import { credentialsOf, type CredentialSource } from './credentials.ts';
import { connectionFailed } from './failure.ts';
import { readPem, whyNoIdentity } from './pem.ts';
import { proxyFor } from './proxy.ts';
import { lookAtCertificate, type CertificateFacts } from './tls.ts';
import { HttpTransport, type Transport } from './transport.ts';

/** Where a node's kubelet listens itself. */
export interface KubeletAddress {
  readonly node: string;
  readonly host: string;
  /** 10250 unless configured. */
  readonly port: number;
}

export interface KubeletOptions extends ConnectOptions {
  /** SHA-256 of the kubelet's certificate, `AA:BB:…`, as a person has accepted it. */
  readonly fingerprint: string;
  /** PEM files of a client certificate for kubelets; without it the context's own credentials are shown. */
  readonly identity?: { readonly certificateFile: string; readonly keyFile: string };
}

/**
 * The way to a kubelet past the API server. Its certificate is mostly signed by itself, so it is known by its
 * fingerprint, which is compared before anything is sent.
 */
export function connectToKubelet(
  resolved: ResolvedContext,
  address: KubeletAddress,
  options: KubeletOptions,
): Transport {
  const { allowPlugins, environment = process.env, fingerprint, identity } = options;
  const secrets = new Secrets();
  const server = serverOf(address);
  return new HttpTransport({
    peer: { kind: 'kubelet', name: address.node, address: server.host },
    server,
    trust: { by: 'fingerprint', fingerprint },
    credentials: identity ? new FromFiles(identity) : credentialsOf(resolved, { allowPlugins, environment, secrets }),
    proxy: proxyFor(server, undefined, environment),
    secrets,
    compress: false,
  });
}

/**
 * What a kubelet shows of itself, for a person to decide about. Nothing is sent to it.
 * @throws ClusterError `unreachable`, `tls`
 */
export async function lookAtKubelet(
  address: KubeletAddress,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<CertificateFacts> {
  const server = serverOf(address);
  try {
    return await lookAtCertificate(address, proxyFor(server, undefined, environment));
  } catch (error) {
    throw connectionFailed(error, { kind: 'kubelet', name: address.node, address: server.host }, new Secrets());
  }
}

function serverOf({ host, port }: KubeletAddress): URL {
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${String(port)}`);
}

class FromFiles implements CredentialSource {
  readonly #files: NonNullable<KubeletOptions['identity']>;

  constructor(files: NonNullable<KubeletOptions['identity']>) {
    this.#files = files;
  }

  async get(): ReturnType<CredentialSource['get']> {
    const { certificateFile, keyFile } = this.#files;
    const [certificate, key] = await Promise.all([certificateFile, keyFile].map((path) => readPem(path)));
    const flaw = certificate && key && whyNoIdentity(certificate, key);
    if (flaw) {
      const text = sentence(
        'The client certificate for kubelets cannot be used: {0} ({1}).',
        say(flaw),
        certificateFile,
      );
      throw new ClusterError('credentials', text, { brief: brief(sentence('Bad certificate'), flaw) });
    }
    return { headers: {}, ...(certificate && { certificate }), ...(key && { key }) };
  }

  reject(): boolean {
    return false;
  }

  close(): void {
    // Nothing runs.
  }
}
