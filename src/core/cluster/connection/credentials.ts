import { say, sentence, type Sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import { isPlainHttp, type Impersonation, type UserEntry } from '../kubeconfig/entries.ts';
import type { ResolvedContext } from '../kubeconfig/kubeconfig.ts';
import type { Secrets } from '../../secrets.ts';
import { libraryAuthorization } from './library-auth.ts';
import { readPem, whyNoIdentity } from './pem.ts';
import { CredentialPlugin } from './plugin.ts';

/** What says to a server who asks. */
export interface Credential {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** PEM. */
  readonly certificate?: Buffer;
  readonly key?: Buffer;
}

export interface CredentialSource {
  /** @throws ClusterError `credentials`, `untrusted`; CheckpointError `unreadable`, `not-found`, `cancelled` */
  get(signal?: AbortSignal): Promise<Credential>;
  /** A server did not accept it. @returns whether another {@link get} may give a better one */
  reject(credential: Credential): boolean;
  close(): void;
}

export interface CredentialOptions {
  /** Commands that a kubeconfig names are run only where its folder is trusted. */
  readonly allowPlugins: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly secrets: Secrets;
}

/** The credentials of a context's user. Nothing is read or run before they are asked for. */
export function credentialsOf(resolved: ResolvedContext, options: CredentialOptions): CredentialSource {
  const { user, cluster } = resolved;
  const { secrets } = options;
  secrets.add(user.token, user.basic?.password, ...Object.values(user.authProvider?.config ?? {}).map(asText));
  // What a plugin needs to know may be a credential, too. Other settings of its are words that occur anywhere.
  secrets.add(...(user.plugin?.env ?? []).filter(({ name }) => SECRETIVE.test(name)).map(({ value }) => value));
  secrets.addKey(user.keyData);
  // As kubectl: who speaks to an `http:` server is not told.
  if (isPlainHttp(cluster.server)) return new Fixed({ headers: {} });
  if (user.plugin)
    return new CredentialPlugin(resolved, user.plugin, options, (signal) => baseOf(user, secrets, signal));
  if (user.authProvider) return new FromLibrary(resolved, options);
  return new FromUser(user, secrets);
}

/** Names of environment variables that hold credentials. */
const SECRETIVE = /token|secret|passw|credential|api_?key|access_?key|private/i;

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

class Fixed implements CredentialSource {
  readonly #credential: Credential;

  constructor(credential: Credential) {
    this.#credential = credential;
  }

  get(): Promise<Credential> {
    return Promise.resolve(this.#credential);
  }

  reject(): boolean {
    return false;
  }

  close(): void {
    // Nothing runs.
  }
}

/** Milliseconds for which a file that holds a token is not read again: whatever writes it there replaces it in time. */
const FILE_LIFE = 10_000;

class FromUser implements CredentialSource {
  readonly #user: UserEntry;
  readonly #secrets: Secrets;
  #known: { readonly credential: Credential; readonly until: number } | undefined;

  constructor(user: UserEntry, secrets: Secrets) {
    this.#user = user;
    this.#secrets = secrets;
  }

  async get(signal?: AbortSignal): Promise<Credential> {
    if (this.#known && performance.now() < this.#known.until) return this.#known.credential;
    const credential = await baseOf(this.#user, this.#secrets, signal);
    this.#known = { credential, until: performance.now() + FILE_LIFE };
    return credential;
  }

  /** Files may have been replaced since. */
  reject(credential: Credential): boolean {
    const { tokenFile, certificateFile, keyFile } = this.#user;
    if (this.#known?.credential === credential) this.#known = undefined;
    return tokenFile !== undefined || (certificateFile !== undefined && keyFile !== undefined);
  }

  close(): void {
    this.#known = undefined;
  }
}

/** What stands in the user entry itself, or in the files that it names. */
async function baseOf(user: UserEntry, secrets: Secrets, signal?: AbortSignal): Promise<Credential> {
  const token = await tokenOf(user, signal);
  const certificate = user.certificateData ?? (await readPem(user.certificateFile, signal));
  const key = user.keyData ?? (await readPem(user.keyFile, signal));
  secrets.add(token);
  secrets.addKey(key);
  if ((certificate === undefined) !== (key === undefined)) {
    throw new ClusterError(
      'bad-kubeconfig',
      sentence('The user {0} in the kubeconfig needs both a client certificate and its key.', user.name),
    );
  }
  const flaw = certificate && key && whyNoIdentity(certificate, key);
  if (flaw) throw badUser(user, flaw);
  if (user.impersonate?.user === '')
    throw badUser(user, sentence('it says as-groups, as-uid or as-user-extra, but not as whom'));
  const basic = user.basic && Buffer.from(`${user.basic.username}:${user.basic.password}`).toString('base64');
  secrets.add(basic);
  return {
    headers: {
      ...impersonation(user.impersonate),
      ...(basic !== undefined && { authorization: `Basic ${basic}` }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(certificate && key && { certificate, key }),
  };
}

function badUser({ name }: UserEntry, flaw: Sentence): ClusterError {
  const why = say(flaw);
  return new ClusterError(
    'bad-kubeconfig',
    sentence('The user {0} in the kubeconfig cannot be used: {1}.', name, why),
    {
      brief: brief(sentence('Bad user'), flaw),
    },
  );
}

async function tokenOf({ token, tokenFile }: UserEntry, signal?: AbortSignal): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  try {
    const content = (await readPem(tokenFile, signal)).toString('utf8').trim();
    if (content !== '') return content;
    throw new CheckpointError('unreadable', sentence('The file {0}, which should hold a token, is empty.', tokenFile), {
      where: tokenFile,
    });
  } catch (error) {
    // As kubectl: what stands in the kubeconfig serves until the file is there.
    if (token !== undefined && !isCancelled(error)) return token;
    throw error;
  }
}

/** Kubernetes: "User impersonation". */
function impersonation(as: Impersonation | undefined): Record<string, string | readonly string[]> {
  if (!as) return {};
  return {
    'Impersonate-User': as.user,
    ...(as.uid !== undefined && { 'Impersonate-Uid': as.uid }),
    ...(as.groups.length > 0 && { 'Impersonate-Group': as.groups }),
    ...Object.fromEntries(
      Object.entries(as.extra).map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values]),
    ),
  };
}

/** OIDC and the clouds' older ways, by the client library. */
class FromLibrary implements CredentialSource {
  readonly #resolved: ResolvedContext;
  readonly #options: CredentialOptions;
  #running: Promise<Credential> | undefined;

  constructor(resolved: ResolvedContext, options: CredentialOptions) {
    this.#resolved = resolved;
    this.#options = options;
  }

  get(signal?: AbortSignal): Promise<Credential> {
    this.#running ??= this.#make().finally(() => (this.#running = undefined));
    return orCancelled(this.#running, signal);
  }

  async #make(): Promise<Credential> {
    const { secrets } = this.#options;
    const base = await baseOf(this.#resolved.user, secrets);
    const authorization = await libraryAuthorization(this.#resolved, this.#options);
    secrets.add(authorization?.replace(/^\S+\s+/, ''));
    return {
      ...base,
      headers: { ...base.headers, ...(authorization !== undefined && { authorization }) },
    };
  }

  reject(): boolean {
    return false;
  }

  close(): void {
    this.#running = undefined;
  }
}
