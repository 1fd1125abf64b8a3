import type { Secrets } from '../../secrets.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Login } from './credentials.ts';
import { readText, RegistryError, refusalOf, unreachable } from './failure.ts';
import type { Answer, HttpClient } from './http.ts';
import { isLoopback } from './reference.ts';

export interface AuthorizationOptions {
  readonly host: string;
  /** `repository:NAME:pull,push`, and more, one after the other. */
  readonly scopes: readonly string[];
  readonly secrets: Secrets;
  /** Asked at most once, and only when the registry wants to know. */
  readonly login: (signal?: AbortSignal) => Promise<Login | undefined>;
  readonly allowPlain: boolean;
}

/** What is sent along so that a registry lets one in: nothing at first, then what it asks for. */
export class Authorization {
  readonly #client: HttpClient;
  readonly #options: AuthorizationOptions;
  #header: string | undefined;
  #login: Promise<Login | undefined> | undefined;

  constructor(client: HttpClient, options: AuthorizationOptions) {
    this.#client = client;
    this.#options = options;
  }

  get header(): string | undefined {
    return this.#header;
  }

  /** Asked once, and once more after it failed. @throws CheckpointError `credentials`, `cancelled` */
  login(signal?: AbortSignal): Promise<Login | undefined> {
    this.#login ??= this.#options.login(signal).catch((error: unknown) => {
      this.#login = undefined;
      throw error;
    });
    return this.#login;
  }

  /**
   * Meets what a 401 asks for.
   * @returns false where there is nothing new to try
   * @throws RegistryError, and CheckpointError `credentials`
   */
  async meet(answer: Answer, signal?: AbortSignal): Promise<boolean> {
    const challenges = parseChallenges(answer.headers['www-authenticate'] ?? '');
    const bearer = challenges.find(({ scheme, realm }) => scheme === 'bearer' && realm !== undefined);
    const before = this.#header;
    const login = await this.login(signal);
    if (bearer) this.#header = `Bearer ${await this.#token(bearer, login, signal)}`;
    else if (challenges.some(({ scheme }) => scheme === 'basic') && login && login.identityToken === undefined) {
      this.#header = basic(login);
    }
    return this.#header !== before;
  }

  /** Source: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication". */
  async #token(challenge: Challenge, login: Login | undefined, signal?: AbortSignal): Promise<string> {
    const { host, secrets, scopes } = this.#options;
    const realm = this.#realm(challenge);
    const parameters = new URLSearchParams(realm.search);
    if (challenge.service !== undefined) parameters.set('service', challenge.service);
    const wanted = [...new Set([...scopes, ...(challenge.scope === undefined ? [] : [challenge.scope])])];
    let answer: Answer;
    try {
      if (login?.identityToken !== undefined) {
        parameters.set('grant_type', 'refresh_token');
        parameters.set('refresh_token', login.identityToken);
        parameters.set('client_id', 'checkpoint-explorer');
        parameters.set('scope', wanted.join(' '));
        const body = Buffer.from(parameters.toString());
        answer = await this.#client.send({
          method: 'POST',
          url: new URL(`${realm.origin}${realm.pathname}`),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: { length: body.length, chunks: () => [body] },
          signal,
        });
      } else {
        for (const scope of wanted) parameters.append('scope', scope);
        const url = new URL(realm);
        url.search = parameters.toString();
        answer = await this.#client.send({
          method: 'GET',
          url,
          headers: login ? { authorization: basic(login) } : {},
          signal,
        });
      }
    } catch (error) {
      throw unreachable(realm.host, error);
    }
    if (answer.status !== 200) throw await refusalOf(answer, host, 'a token', secrets, login);
    const token = tokenIn(await readText(answer, 256 * 1024));
    if (token === undefined) {
      throw new RegistryError('unavailable', sentence('{0} gave no token for the registry {1}.', realm.host, host), {
        host,
      });
    }
    secrets.add(token);
    return token;
  }

  /** Where tokens are given out. A password is not sent there for everybody to read. */
  #realm({ realm = '' }: Challenge): URL {
    const { host, allowPlain } = this.#options;
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && (allowPlain || isLoopback(url.host)));
    if (url && isSafe) return url;
    throw new RegistryError(
      'tls',
      sentence('The registry {0} wants the password sent to {1}, which is not protected.', host, url?.host ?? '?'),
      { host },
    );
  }
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: access } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    // A line break would end the header.
    return [token, access].find((one): one is string => typeof one === 'string' && /^[\x21-\x7e]+$/.test(one));
  } catch {
    return undefined;
  }
}
