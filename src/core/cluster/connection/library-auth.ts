import { sentence } from '../../../protocol/sentence.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { ResolvedContext } from '../kubeconfig/kubeconfig.ts';
import type { CredentialOptions } from './credentials.ts';

/** Milliseconds for a token to be fetched from whoever gives it out. */
const PATIENCE = 60_000;

/** Their commands are named in the kubeconfig, or are known to the library; OIDC only asks a server. */
const WITHOUT_COMMAND = new Set(['oidc']);

/** One library configuration a user entry: it remembers tokens until they expire. */
const configurations = new WeakMap<object, Promise<Configuration>>();

interface Configuration {
  applyToHTTPSOptions(options: { headers?: Record<string, string> }): Promise<void>;
}

/**
 * The Authorization header that the client library makes of an `auth-provider`. It takes a third of a second to load
 * and is loaded only for this.
 * @throws ClusterError `credentials`, `untrusted`
 */
export async function libraryAuthorization(
  resolved: ResolvedContext,
  { allowPlugins, secrets }: CredentialOptions,
): Promise<string | undefined> {
  const { context, user } = resolved;
  const name = user.authProvider?.name ?? '';
  if (!allowPlugins && !WITHOUT_COMMAND.has(name)) throw untrusted(context.name, name);
  try {
    let configuration = configurations.get(user);
    if (!configuration) configurations.set(user, (configuration = load(resolved)));
    const options: { headers?: Record<string, string> } = {};
    await withinPatience((await configuration).applyToHTTPSOptions(options));
    return options.headers?.['Authorization'];
  } catch (error) {
    const said = secrets.scrub(error instanceof Error ? error.message : String(error), 500);
    throw new ClusterError(
      'credentials',
      sentence(
        'No token for {0} came from the {1} provider of the kubeconfig: {2}. Log in again.',
        context.name,
        name,
        said,
      ),
      { brief: brief(sentence('Login failed'), sentence('no token from {0}: {1}', name, said)) },
    );
  }
}

async function load({ user }: ResolvedContext): Promise<Configuration> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const configuration = new KubeConfig();
  // The library writes fresh tokens into what it is given.
  const config = { ...user.authProvider?.config };
  configuration.loadFromClusterAndUser(
    // Only the header is of interest: where it goes to is not the library's business.
    { name: 'cluster', server: 'https://localhost', skipTLSVerify: false },
    { name: 'user', authProvider: { name: user.authProvider?.name, config } },
  );
  return configuration;
}

async function withinPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${String(PATIENCE / 1000)} seconds`)), PATIENCE);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A command of a kubeconfig in a folder that is not trusted is not run. */
export function untrusted(context: string, command: string): ClusterError {
  return new ClusterError(
    'untrusted',
    sentence(
      'The credentials of {0} come from the command {1}, which is not run in a workspace that is not trusted. Trust the workspace to use this context.',
      context,
      command,
    ),
    { brief: brief(sentence('Restricted'), sentence('trust the workspace to run {0}', command)) },
  );
}
