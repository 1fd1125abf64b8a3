import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { errorCode } from '../../bytes/file-source.ts';
import type { Secrets } from '../../secrets.ts';
import { CheckpointError, type Reason } from '../../errors.ts';
import type { Login } from './credentials.ts';
import type { Answer } from './http.ts';

/** Why a registry did not do something. Nothing in it holds a credential. */
export class RegistryError extends CheckpointError {
  /** The answer's HTTP status; undefined where none came. */
  readonly status: number | undefined;
  /** True for what another attempt may mend by itself. */
  readonly isPassing: boolean;

  constructor(
    reason: Reason,
    text: Sentence,
    facts: { readonly host: string; readonly status?: number; readonly isPassing?: boolean },
  ) {
    super(reason, text, { where: facts.host });
    this.status = facts.status;
    this.isPassing = facts.isPassing ?? false;
  }
}

const LONGEST_TEXT = 64 * 1024;

/** The beginning of an answer's body. */
export async function readText(answer: Answer, limit = LONGEST_TEXT): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer.chunks()) {
    parts.push(part);
    length += part.length;
    if (length >= limit) break;
  }
  return Buffer.concat(parts).toString('utf8').slice(0, limit);
}

/**
 * What an answer means that is not the one hoped for. Its body is read.
 * @param login that was sent along
 */
export async function refusalOf(
  answer: Answer,
  host: string,
  what: string,
  secrets: Secrets,
  login?: Pick<Login, 'from'>,
): Promise<RegistryError> {
  const { status } = answer;
  const said = secrets.scrub(messageIn(await readText(answer).catch(() => '')), 500);
  const facts = { host, status, isPassing: status === 429 || status >= 500 };
  switch (status) {
    case 401:
      return new RegistryError(
        'unauthorized',
        login
          ? sentence(
              'The registry {0} refuses the credentials that {1} has for it: they are wrong or have expired, or they do not allow this. {2}',
              host,
              login.from,
              said,
            )
          : sentence(
              'The registry {0} wants to know who you are, and no credentials for it were found: log in with podman login or docker login. {1}',
              host,
              said,
            ),
        facts,
      );
    case 403:
      return new RegistryError('forbidden', sentence('The registry {0} does not allow it: {1}', host, said), facts);
    case 404:
      return new RegistryError(
        'not-found',
        sentence('The registry {0} does not have {1}. {2}', host, what, said),
        facts,
      );
    case 413:
      return new RegistryError(
        'rejected',
        sentence('The registry {0}, or a proxy before it, does not take as much at once. {1}', host, said),
        facts,
      );
    default:
      return new RegistryError(
        status === 429 || status >= 500 ? 'unavailable' : 'rejected',
        sentence('The registry {0} answered {1} when asked for {2}. {3}', host, status, what, said),
        facts,
      );
  }
}

/** Source: OCI distribution-spec 1.1, "Error Codes". */
function messageIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly ({ code?: unknown; message?: unknown } | null)[] };
    const first = errors?.[0];
    if (first) return [first.code, first.message].filter((part) => typeof part === 'string').join(': ');
  } catch {
    // Not a registry's own words.
  }
  return /^\s*</.test(text) ? '' : text.trim().replace(/\s+/g, ' ');
}

/** What the network or TLS said. */
export function unreachable(host: string, error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error;
  const code = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME/.test(code)) {
    return new RegistryError(
      'tls',
      sentence(
        'The certificate of the registry {0} is not trusted ({1}). If it has an authority of its own, name the file of that one’s certificate: in the settings, or with --ca or CHECKPOINT_EXPLORER_REGISTRY_CA on the command line.',
        host,
        code,
      ),
      { host },
    );
  }
  if (/EPROTO|SSL|WRONG_VERSION/.test(code)) {
    return new RegistryError(
      'tls',
      sentence(
        'The registry {0} does not speak TLS, or not as it should ({1}). If it speaks plain HTTP, that has to be allowed: in the settings, or with --plain-http on the command line.',
        host,
        code,
      ),
      { host },
    );
  }
  return new RegistryError('unreachable', silence(host, code), {
    host,
    isPassing: !/ENOTFOUND|ECONNREFUSED/.test(code),
  });
}

function silence(host: string, code: string): Sentence {
  switch (code) {
    case 'ECONNREFUSED':
      return sentence('The registry {0} cannot be reached: nothing listens there.', host);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return sentence('The registry {0} cannot be reached: its name cannot be looked up.', host);
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return sentence('The registry {0} cannot be reached: it does not answer.', host);
    case 'ECONNRESET':
    case 'EPIPE':
      return sentence('The connection to the registry {0} broke off.', host);
    default:
      return sentence('The registry {0} cannot be reached: {1}.', host, code);
  }
}
