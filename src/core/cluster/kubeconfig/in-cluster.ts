import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeconfigFile } from './entries.ts';

/** Where a pod finds who it is (Kubernetes: "Accessing the Kubernetes API from a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What the context is called: a pod is told none. */
const NAME = 'in-cluster';

/** Stands in for a kubeconfig inside of a pod; undefined where there is no cluster around this process. */
export function inClusterFile(
  environment: NodeJS.ProcessEnv,
  folder: string = SERVICE_ACCOUNT,
): KubeconfigFile | undefined {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  const tokenFile = join(folder, 'token');
  if (host === '' || port === '' || contentOf(tokenFile) === undefined) return undefined;
  const namespace = contentOf(join(folder, 'namespace'))?.trim() ?? '';
  return {
    path: folder,
    currentContext: NAME,
    clusters: [
      {
        name: NAME,
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        caFile: join(folder, 'ca.crt'),
        insecureSkipTlsVerify: false,
        disableCompression: false,
      },
    ],
    users: [{ name: NAME, tokenFile }],
    contexts: [{ name: NAME, cluster: NAME, user: NAME, file: folder, ...(namespace !== '' && { namespace }) }],
  };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
