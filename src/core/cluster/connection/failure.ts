import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled, type Reason } from '../../errors.ts';
import { brief, ClusterError, type Brief } from '../cluster-error.ts';
import type { Secrets } from '../../secrets.ts';

/** What is spoken to, for a sentence about it: `the API server of kind-dev` at `127.0.0.1:6443`. */
export interface Peer {
  /** The API server of a context, or the kubelet of a node. */
  readonly kind: 'server' | 'kubelet';
  /** The context's or the node's name. */
  readonly name: string;
  /** `HOST:PORT`. */
  readonly address: string;
}

interface Explained {
  readonly reason: Reason;
  readonly text: Sentence;
  readonly brief: Brief;
}

/** Turns what the network or TLS says into a sentence; what is explained already passes. */
export function connectionFailed(error: unknown, peer: Peer, secrets: Secrets, signal?: AbortSignal): CheckpointError {
  if (signal?.aborted || isCancelled(error)) return cancelled();
  if (error instanceof CheckpointError) return error;
  const { code, message } = firstOf(error);
  const said = secrets.scrub(message, 500);
  const { reason, text, brief } = explain(code, said, peer);
  return new ClusterError(reason, text, { brief, where: peer.name, said, isPassing: reason === 'unreachable' });
}

/** Where a name has several addresses, one error stands for the attempts at each. */
function firstOf(error: unknown): { code: string; message: string } {
  const one: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  if (!(one instanceof Error)) return { code: '', message: String(one) };
  const code = 'code' in one && typeof one.code === 'string' ? one.code : '';
  return { code, message: one.message };
}

function explain(code: string, said: string, peer: Peer): Explained {
  const who = peer.kind === 'server' ? peer.name : `kubelet ${peer.name}`;
  const { address } = peer;
  const trust = TRUST[code];
  if (trust !== undefined) {
    return {
      reason: 'tls',
      text: sentence(
        'The certificate that {0} shows for {1} is not trusted: {2}. Check certificate-authority in the kubeconfig, or that nothing stands between you and the cluster.',
        address,
        who,
        trust.why,
      ),
      brief: brief(trust.label, sentence('the certificate of {0}; check certificate-authority', address)),
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      reason: 'tls',
      text: sentence(
        'The certificate that {0} shows for {1} is for another name. If the address is right, set tls-server-name in the kubeconfig. ({2})',
        address,
        who,
        said,
      ),
      brief: brief(sentence('Another name'), sentence('in the certificate of {0}; check tls-server-name', address)),
    };
  }
  // By what is said: Node may have the same code, EPROTO, for it as for all else.
  if (/alert (?:bad certificate|unknown ca|certificate (?:required|expired|revoked|unknown))/.test(said)) {
    const why = opensslReason(said);
    return {
      reason: 'unauthorized',
      text: sentence('{0} does not accept the client certificate: {1}. It may have expired.', who, why),
      brief: brief(sentence('Not logged in'), sentence('client certificate not accepted: {0}', why)),
    };
  }
  if (/wrong version number/i.test(said)) {
    return {
      reason: 'tls',
      text: sentence(
        '{0} at {1} does not speak TLS: something else answers there. Check the address in the kubeconfig (https, and the port).',
        who,
        address,
      ),
      brief: brief(sentence('No TLS'), sentence('at {0}; check the address', address)),
    };
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code.startsWith('ERR_OSSL')) {
    return {
      reason: 'tls',
      text: sentence('{0} at {1} does not speak TLS as expected: {2}.', who, address, opensslReason(said)),
      brief: brief(sentence('TLS failed'), sentence('at {0}: {1}', address, opensslReason(said))),
    };
  }
  // Node's reader of HTTP, and zlib's of what should be compressed.
  if (code.startsWith('HPE_') || code.startsWith('Z_')) {
    const why = said.replace(/^Parse Error: /, '');
    return {
      reason: 'unavailable',
      text: sentence(
        '{0} at {1} does not speak HTTP as expected: {2}. Something else may answer there: check the address in the kubeconfig.',
        who,
        address,
        why,
      ),
      brief: brief(sentence('No HTTP'), sentence('at {0}: {1}', address, why)),
    };
  }
  return unreachable(code, said, who, address);
}

function unreachable(code: string, said: string, who: string, address: string): Explained {
  switch (code) {
    case 'ECONNREFUSED':
      return {
        reason: 'unreachable',
        text: sentence('{0} cannot be reached: nothing listens at {1}. Is the cluster running?', who, address),
        brief: brief(sentence('Nothing listens'), sentence('at {0}; is the cluster running?', address)),
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        reason: 'unreachable',
        text: sentence(
          '{0} cannot be reached: the name in {1} cannot be looked up. Check the network, the VPN and the kubeconfig.',
          who,
          address,
        ),
        brief: brief(
          sentence('Name not found'),
          sentence('{0}; check the network, the VPN and the kubeconfig', address),
        ),
      };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return {
        reason: 'unreachable',
        text: sentence(
          '{0} cannot be reached: {1} does not answer. Check the network, the VPN and firewalls.',
          who,
          address,
        ),
        brief: brief(sentence('No answer'), sentence('from {0}; check the network, the VPN and firewalls', address)),
      };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return {
        reason: 'unreachable',
        text: sentence('The connection to {0} at {1} broke off. Try again.', who, address),
        brief: brief(sentence('Connection lost'), sentence('to {0}; try again', address)),
      };
    default:
      return {
        reason: 'unreachable',
        text: sentence('{0} at {1} cannot be reached: {2}.', who, address, said),
        brief: brief(sentence('Unreachable'), sentence('{0}: {1}', address, said)),
      };
  }
}

/** Why a certificate is not trusted: in the middle of a sentence, and in two words. */
interface Distrust {
  readonly why: string;
  readonly label: Sentence;
}

function distrust(why: string, label: Sentence): Distrust {
  return { why, label };
}

const UNKNOWN = distrust('its issuer is not known', sentence('Unknown issuer'));
const TOO_LONG = distrust('its chain of issuers is too long', sentence('Chain too long'));

/** By OpenSSL's verification codes as Node names them. */
const TRUST: Readonly<Record<string, Distrust>> = {
  CERT_HAS_EXPIRED: distrust('it has expired', sentence('Has expired')),
  CERT_NOT_YET_VALID: distrust('it is not valid yet; compare the clocks', sentence('Not valid yet')),
  CERT_REVOKED: distrust('it was revoked', sentence('Was revoked')),
  CERT_SIGNATURE_FAILURE: distrust('its signature is wrong', sentence('Wrong signature')),
  CERT_UNTRUSTED: distrust('it is marked as not to be trusted', sentence('Not trusted')),
  DEPTH_ZERO_SELF_SIGNED_CERT: distrust('it is signed by nobody but itself', sentence('Self-signed')),
  INVALID_CA: distrust('its issuer is no certificate authority', sentence('No authority')),
  INVALID_PURPOSE: distrust('it is not meant for servers', sentence('Not for servers')),
  SELF_SIGNED_CERT_IN_CHAIN: distrust('an authority that is not known signed it', sentence('Unknown issuer')),
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN,
  CERT_CHAIN_TOO_LONG: TOO_LONG,
  PATH_LENGTH_EXCEEDED: TOO_LONG,
};

/** OpenSSL's own sentence out of a line of its error queue: `400D…:error:0A00010B:SSL routines:FUNCTION:WHY:FILE:LINE:`. */
function opensslReason(line: string): string {
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(line)?.[1] ?? line;
}

/** Nothing came for so long. */
export function timedOut(peer: Peer, milliseconds: number): ClusterError {
  const seconds = Math.round(milliseconds / 1000);
  return new ClusterError(
    'timeout',
    peer.kind === 'server'
      ? sentence(
          'The API server of {0} at {1} did not answer within {2} seconds. It may be busy, or the network slow.',
          peer.name,
          peer.address,
          seconds,
        )
      : sentence('The kubelet of {0} at {1} did not answer within {2} seconds.', peer.name, peer.address, seconds),
    {
      brief: brief(sentence('No answer'), sentence('from {0} within {1} seconds', peer.address, seconds)),
      where: peer.name,
      isPassing: true,
    },
  );
}
