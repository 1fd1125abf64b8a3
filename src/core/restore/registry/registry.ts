import { sentence } from '../../../protocol/sentence.ts';
import { isCancelled } from '../../errors.ts';
import { Secrets } from '../../secrets.ts';
import { DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST } from '../image/media-types.ts';
import { Authorization } from './authorization.ts';
import { findLogin, type Login } from './credentials.ts';
import { readText, RegistryError, refusalOf, unreachable } from './failure.ts';
import { HttpClient, type Answer, type Call } from './http.ts';
import { formatReference, isLoopback, type ImageReference } from './reference.ts';

export interface RegistrySettings {
  /** Certificates that are trusted besides those of this system, PEM. */
  readonly ca?: Buffer | undefined;
  /** HTTP without TLS, also to other machines than this one. */
  readonly allowPlain?: boolean;
  /** A file with credentials, instead of those of podman and docker. */
  readonly credentialsFile?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Access extends RegistrySettings {
  readonly push: boolean;
  /** Repositories of the same registry that blobs may be taken from. */
  readonly mountFrom?: readonly string[];
}

export type Request = Omit<Call, 'url'> & {
  /** A path below `/v2/`, or where the registry said to go on. */
  readonly to: string | URL;
  /** For messages: what is asked for. */
  readonly what: string;
};

const ACCEPT = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX].join(', ');
const LONGEST_MANIFEST = 4 * 1024 * 1024;
const MOST_REDIRECTS = 5;

/** One repository of a registry (OCI distribution-spec 1.1). All of it throws RegistryError, and `cancelled`. */
export class Registry {
  readonly reference: ImageReference;
  readonly secrets = new Secrets();
  readonly #client: HttpClient;
  readonly #authorization: Authorization;
  readonly #allowPlain: boolean;
  #base: Promise<URL> | undefined;

  constructor(reference: ImageReference, access: Access) {
    const { host, name } = reference;
    this.reference = reference;
    this.#allowPlain = access.allowPlain ?? false;
    this.#client = new HttpClient(access.ca, access.environment);
    const login = (signal?: AbortSignal): Promise<Login | undefined> =>
      findLogin(host, name, {
        signal,
        environment: access.environment ?? process.env,
        secrets: this.secrets,
        file: access.credentialsFile,
      });
    const scopes = [`repository:${name}:${access.push ? 'pull,push' : 'pull'}`];
    for (const from of access.mountFrom ?? []) scopes.push(`repository:${from}:pull`);
    this.#authorization = new Authorization(this.#client, {
      host,
      scopes,
      secrets: this.secrets,
      login,
      allowPlain: this.#allowPlain,
    });
  }

  get name(): string {
    return formatReference(this.reference);
  }

  /** Sends a request, logging in where that is asked for. Any other status than 401 is an answer. */
  async send(request: Request): Promise<Answer> {
    const { host } = this.reference;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#follow(request);
      if (answer.status !== 401) return answer;
      answer.discard();
      const hasNew = attempt < 2 && (await this.#authorization.meet(answer, request.signal));
      if (hasNew) continue;
      const login = await this.#authorization.login(request.signal);
      throw await refusalOf(await this.#follow(request), host, request.what, this.secrets, login);
    }
  }

  /** @throws RegistryError for every other status than these */
  async expect(request: Request, ...statuses: readonly number[]): Promise<Answer> {
    const answer = await this.send(request);
    if (statuses.includes(answer.status)) return answer;
    throw await refusalOf(answer, this.reference.host, request.what, this.secrets);
  }

  /** A manifest or an index, with its digest as the registry says it. */
  async manifest(version: string, signal?: AbortSignal): Promise<{ bytes: Buffer; mediaType: string }> {
    const what = `${this.reference.name}:${version}`;
    const path = `${this.reference.name}/manifests/${version}`;
    const answer = await this.expect({ method: 'GET', to: path, headers: { accept: ACCEPT }, what, signal }, 200);
    const text = await this.#body(readText(answer, LONGEST_MANIFEST + 1));
    if (text.length > LONGEST_MANIFEST) {
      answer.discard();
      throw new RegistryError('too-large', sentence('The manifest of {0} is longer than any engine accepts.', what), {
        host: this.reference.host,
      });
    }
    return { bytes: Buffer.from(text), mediaType: (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '' };
  }

  /** Whether a blob is there. */
  async has(digest: string, signal?: AbortSignal): Promise<boolean> {
    const path = `${this.reference.name}/blobs/${digest}`;
    const answer = await this.expect({ method: 'HEAD', to: path, what: digest, signal }, 200, 404);
    answer.discard();
    return answer.status === 200;
  }

  close(): void {
    this.#client.close();
  }

  /** Storage is often elsewhere: redirects of reading requests are followed. */
  async #follow(request: Request): Promise<Answer> {
    const { to, what, ...call } = request;
    let url = typeof to === 'string' ? new URL(to, await this.base(call.signal)) : to;
    for (let hop = 0; ; hop++) {
      this.#requireProtected(url);
      const { header } = this.#authorization;
      // Whoever else stores the blobs is not told who one is.
      const isOwn = url.origin === (await this.base(call.signal)).origin;
      const headers = { ...call.headers, ...(isOwn && header !== undefined && { authorization: header }) };
      const answer = await this.#body(this.#client.send({ ...call, url, headers }));
      const { location } = answer.headers;
      const isReading = call.method === 'GET' || call.method === 'HEAD';
      if (!isReading || ![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      answer.discard();
      if (hop >= MOST_REDIRECTS || !URL.canParse(location, url.href)) {
        throw new RegistryError('unavailable', sentence('The registry {0} leads in circles for {1}.', url.host, what), {
          host: this.reference.host,
        });
      }
      url = new URL(location, url);
    }
  }

  /** Where the registry is: with TLS, or on this machine and where it is allowed without. */
  base(signal?: AbortSignal): Promise<URL> {
    this.#base ??= this.#findBase(signal).catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    });
    return this.#base;
  }

  async #findBase(signal?: AbortSignal): Promise<URL> {
    const { host } = this.reference;
    const address = host === 'docker.io' ? 'registry-1.docker.io' : host;
    const secure = new URL(`https://${address}/v2/`);
    if (!this.#allowPlain && !isLoopback(host)) return secure;
    try {
      (await this.#client.send({ method: 'GET', url: secure, signal })).discard();
      return secure;
    } catch (error) {
      const failure = unreachable(host, error);
      // A certificate that is not trusted is no reason to do without.
      if (isCancelled(failure) || (failure.reason === 'tls' && !isNoTls(error))) throw failure;
    }
    const plain = new URL(`http://${address}/v2/`);
    (await this.#body(this.#client.send({ method: 'GET', url: plain, signal }))).discard();
    return plain;
  }

  #requireProtected(url: URL): void {
    if (url.protocol === 'https:') return;
    if (url.protocol === 'http:' && (this.#allowPlain || isLoopback(url.host))) return;
    const { host } = this.reference;
    throw new RegistryError('tls', sentence('The registry {0} leads to {1}, which is not protected.', host, url.host), {
      host,
    });
  }

  async #body<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw unreachable(this.reference.host, error);
    }
  }
}

/** What OpenSSL says of a server that does not answer in TLS. */
function isNoTls(error: unknown): boolean {
  return /EPROTO|WRONG_VERSION|ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/.test(
    String((error as { code?: unknown }).code),
  );
}
