/** The API server's own answers that are no objects, in its words. */

export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code: number;
}

/** Thrown by a handler: becomes the answer. */
export class Refused extends Error {
  readonly body: StatusBody;

  constructor(body: StatusBody) {
    super(body.message ?? '');
    this.body = body;
  }
}

/** Thrown for what a kubelet refuses: its own text goes through the API server as it is. */
export class RefusedByKubelet extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export function refusal(code: number, reason: string, message: string, details?: object): Refused {
  return new Refused({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  });
}

export function notFound(kind: string, name: string): Refused {
  return refusal(404, 'NotFound', `${kind} "${name}" not found`, { name, kind });
}

/** For an address that leads nowhere the server says it in its own words too. */
export function noSuchResource(): Refused {
  return refusal(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function badRequest(message: string): Refused {
  return refusal(400, 'BadRequest', message);
}

export function conflict(kind: string, name: string, why: string): Refused {
  return refusal(409, 'Conflict', `Operation cannot be fulfilled on ${kind} "${name}": ${why}`, { name, kind });
}

export function alreadyExists(kind: string, name: string): Refused {
  return refusal(409, 'AlreadyExists', `${kind} "${name}" already exists`, { name, kind });
}

export function unauthorized(): Refused {
  return refusal(401, 'Unauthorized', 'Unauthorized');
}

/** A server that is going or coming, or a node that cannot be reached. */
export function unavailable(message: string): Refused {
  return refusal(503, 'ServiceUnavailable', message);
}

export function expired(message: string, again?: string): Refused {
  const { body } = refusal(410, 'Expired', message);
  return new Refused({ ...body, metadata: again === undefined ? {} : { continue: again } });
}
