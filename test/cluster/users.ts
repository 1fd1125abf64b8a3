import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { RequestInfo } from './request-info.ts';
import { refusal, unauthorized, type Refused } from './status.ts';

/** A rule of a role; bound in one namespace, or cluster-wide where it names none. */
export interface Rule {
  readonly verbs: readonly string[];
  /** `pods`, `pods/exec`. */
  readonly resources: readonly string[];
  readonly groups?: readonly string[];
  readonly names?: readonly string[];
  readonly namespace?: string;
}

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly rules: readonly Rule[];
}

/** Like cluster-admin. */
export const ALL: Rule = { verbs: ['*'], resources: ['*'], groups: ['*'] };

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'], rules: [] };

/** What any user may do, as the roles of a fresh cluster have it. */
const EVERYBODY: readonly Rule[] = [
  {
    verbs: ['create'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectreviews'],
    groups: ['authorization.k8s.io', 'authentication.k8s.io'],
  },
];

const OPEN_PATHS = /^\/(?:healthz|livez|readyz|version)$/;
const DISCOVERY = /^\/(?:api|apis|openapi)(?:\/|$)/;

/** Who may ask and what. */
export class Users {
  readonly #byToken = new Map<string, User>();
  readonly #byName = new Map<string, User>();

  add(user: User, token?: string): void {
    this.#byName.set(user.name, user);
    if (token !== undefined) this.#byToken.set(token, user);
  }

  /** A token that is not good any more. */
  revoke(token: string): void {
    this.#byToken.delete(token);
  }

  /** @throws Refused 401 */
  authenticate(request: IncomingMessage): User {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const user = this.#byToken.get(/^Bearer (.+)$/.exec(header)?.[1] ?? '');
      if (user) return user;
      throw unauthorized();
    }
    const socket = request.socket as unknown as Pick<TLSSocket, 'authorized' | 'getPeerCertificate'>;
    // What shows no certificate has an empty one.
    const { subject } = socket.getPeerCertificate() as { subject?: { CN?: unknown; O?: unknown } };
    if (subject === undefined) return ANONYMOUS;
    if (!socket.authorized || typeof subject.CN !== 'string') throw unauthorized();
    const groups = [subject.O].flat().filter((group): group is string => typeof group === 'string');
    const known = this.#byName.get(subject.CN);
    return { name: subject.CN, groups, rules: known?.rules ?? [] };
  }

  mayUse(user: User, info: Omit<RequestInfo, 'rest' | 'version'>): boolean {
    if (user.groups.includes('system:masters')) return true;
    const resource = info.subresource === undefined ? info.resource : `${info.resource}/${info.subresource}`;
    const rules = user === ANONYMOUS ? user.rules : [...user.rules, ...EVERYBODY];
    return rules.some(
      (rule) =>
        has(rule.verbs, info.verb) &&
        has(rule.resources, resource) &&
        has(rule.groups ?? [''], info.group) &&
        (rule.names === undefined || rule.names.includes(info.name ?? '')) &&
        (rule.namespace === undefined || rule.namespace === info.namespace),
    );
  }

  /** Addresses that are no resource: discovery and health. */
  mayReadPath(user: User, path: string): boolean {
    return OPEN_PATHS.test(path) || (user !== ANONYMOUS && DISCOVERY.test(path));
  }
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

/** As the API server words it. */
export function forbidden(user: User, info: Omit<RequestInfo, 'rest' | 'version'>): Refused {
  const { group, resource, subresource, name, verb, namespace } = info;
  const kind = group === '' ? resource : `${resource}.${group}`;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const subject = name === undefined ? kind : `${kind} "${name}"`;
  const remark = user === ANONYMOUS && subresource === 'proxy' ? ': proxy subresource changed to unsafeproxy' : '';
  return refusal(
    403,
    'Forbidden',
    `${subject} is forbidden: User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}${remark}`,
    { ...(name !== undefined && { name }), ...(group !== '' && { group }), kind: resource },
  );
}

export function forbiddenPath(user: User, verb: string, path: string): Refused {
  return refusal(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${verb} path "${path}"`, {});
}
