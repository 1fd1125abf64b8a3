import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled, type Reason } from '../../errors.ts';
import { ClusterError } from '../cluster-error.ts';
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
}

/** Turns what the network or TLS says into a sentence; what is explained already passes. */
export function connectionFailed(error: unknown, peer: Peer, secrets: Secrets, signal?: AbortSignal): CheckpointError {
  if (signal?.aborted || isCancelled(error)) return cancelled();
  if (error instanceof CheckpointError) return error;
  const { code, message } = firstOf(error);
  const said = secrets.scrub(message, 500);
  const { reason, text } = explain(code, said, peer);
  return new ClusterError(reason, text, { where: peer.name, said, isPassing: reason === 'unreachable' });
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
        trust,
      ),
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
    };
  }
  if (/ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_(?:REQUIRED|EXPIRED|REVOKED|UNKNOWN))/.test(code)) {
    return {
      reason: 'unauthorized',
      text: sentence('{0} does not accept the client certificate: {1}. It may have expired.', who, said),
    };
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code.startsWith('ERR_OSSL')) {
    return {
      reason: 'tls',
      text: sentence('{0} at {1} does not speak TLS as expected: {2}.', who, address, said),
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
      };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return {
        reason: 'unreachable',
        text: sentence('The connection to {0} at {1} broke off. Try again.', who, address),
      };
    default:
      return {
        reason: 'unreachable',
        text: sentence('{0} at {1} cannot be reached: {2}.', who, address, said),
      };
  }
}

/** Why a certificate is not trusted, by OpenSSL's verification codes as Node names them. */
const TRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet; compare the clocks',
  CERT_REVOKED: 'it was revoked',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  CERT_UNTRUSTED: 'it is marked as not to be trusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by nobody but itself',
  INVALID_CA: 'its issuer is no certificate authority',
  INVALID_PURPOSE: 'it is not meant for servers',
  SELF_SIGNED_CERT_IN_CHAIN: 'an authority that is not known signed it',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is not known',
  CERT_CHAIN_TOO_LONG: 'its chain of issuers is too long',
  PATH_LENGTH_EXCEEDED: 'its chain of issuers is too long',
};

/** Nothing came for so long. */
export function timedOut(peer: Peer, milliseconds: number): ClusterError {
  return new ClusterError(
    'timeout',
    peer.kind === 'server'
      ? sentence(
          'The API server of {0} at {1} did not answer within {2} seconds. It may be busy, or the network slow.',
          peer.name,
          peer.address,
          Math.round(milliseconds / 1000),
        )
      : sentence(
          'The kubelet of {0} at {1} did not answer within {2} seconds.',
          peer.name,
          peer.address,
          Math.round(milliseconds / 1000),
        ),
    { where: peer.name, isPassing: true },
  );
}
