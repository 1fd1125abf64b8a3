import {
  checkServerIdentity,
  connect,
  getCACertificates,
  type ConnectionOptions,
  type PeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { isIP, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';
import { CONNECT_TIMEOUT, dial, keepOpen, type Target } from './dial.ts';
import { InPlace } from './in-place.ts';
import type { Proxy } from './proxy.ts';

/** How a server is known to be the one that is meant. */
export type Trust =
  /** By an authority: the kubeconfig's, or where it names none, those of this system. */
  | { readonly by: 'authority'; readonly ca?: Buffer; readonly serverName?: string }
  /** By its certificate's SHA-256 fingerprint (`AA:BB:…`), which a person has looked at. */
  | { readonly by: 'fingerprint'; readonly fingerprint: string }
  /** Not at all, because the kubeconfig says `insecure-skip-tls-verify`. */
  | { readonly by: 'nothing'; readonly serverName?: string };

export interface ClientIdentity {
  readonly certificate?: Buffer;
  readonly key?: Buffer;
}

/**
 * Connects to a server and makes sure that it is the right one, before anything is sent to it.
 * @throws what TLS and the network say, as they are, and ClusterError `tls` for a fingerprint that is another one
 */
export async function connectSecurely(
  target: Target,
  trust: Trust,
  identity: ClientIdentity,
  proxy: Proxy | undefined,
): Promise<TLSSocket> {
  // Node reads in place only where it makes the connection itself.
  const way: Way = proxy ? { socket: await dial(target, proxy) } : { host: target.host, port: target.port };
  const secured = await handshake(way, target.signal, {
    ...tlsOptions(target, trust),
    ...(identity.certificate && { cert: identity.certificate }),
    ...(identity.key && { key: identity.key }),
  });
  if (trust.by === 'fingerprint') requireFingerprint(secured, target, trust.fingerprint);
  return secured;
}

/** What TLS is spoken over: a connection that is there, or one that is to be made. */
type Way = { readonly socket: Duplex } | { readonly host: string; readonly port: number };

function tlsOptions({ host }: Target, trust: Trust): ConnectionOptions {
  const name = (trust.by === 'fingerprint' ? undefined : trust.serverName) ?? host;
  const names: ConnectionOptions = {
    // An address must not be sent; it is checked all the same.
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_asked, certificate) => checkServerIdentity(name, certificate),
  };
  if (trust.by !== 'authority') return { ...names, rejectUnauthorized: false };
  return { ...names, rejectUnauthorized: true, ca: trust.ca ?? systemAuthorities() };
}

let authorities: (string | Buffer)[] | undefined;

/** Those that Node brings along and those that this system trusts, as kubectl does. */
function systemAuthorities(): (string | Buffer)[] {
  authorities ??= [...getCACertificates('default'), ...getCACertificates('system')];
  return authorities;
}

function handshake(way: Way, signal: AbortSignal | undefined, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const reading = new InPlace();
    // Documented, and missing in the types of Node.
    const all: ConnectionOptions & Pick<SocketConstructorOpts, 'onread'> = {
      ...options,
      ...way,
      ALPNProtocols: ['http/1.1'],
      onread: reading.onread,
    };
    let secured: TLSSocket;
    try {
      secured = connect(all);
    } catch (error) {
      // A certificate or a key that is no PEM.
      if ('socket' in way) way.socket.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    reading.of(secured);
    const giveUp = (): void => {
      const missing = secured.connecting ? 'connect timed out' : 'no TLS handshake';
      secured.destroy(Object.assign(new Error(missing), { code: 'ETIMEDOUT' }));
    };
    let timer = setTimeout(giveUp, CONNECT_TIMEOUT);
    signal?.addEventListener('abort', giveUp, { once: true });
    const ended = (): void => failed(Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' }));
    const failed = (error: Error): void => {
      settle();
      secured.destroy();
      reject(error);
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      secured.off('error', failed);
      secured.off('close', ended);
    };
    secured.on('error', failed);
    secured.on('close', ended);
    if (!('socket' in way)) {
      secured.once('connect', () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, CONNECT_TIMEOUT);
        keepOpen(secured);
      });
    }
    secured.once('secureConnect', () => {
      settle();
      resolve(secured);
    });
  });
}

function requireFingerprint(socket: TLSSocket, { host, port }: Target, expected: string): void {
  const { fingerprint256 } = socket.getPeerCertificate();
  if (fingerprint256 === expected.toUpperCase()) return;
  socket.destroy();
  throw new ClusterError(
    'tls',
    sentence(
      'The certificate of {0} is not the one that was accepted before: its fingerprint is {1}. If it was renewed, accept it again; if not, somebody else may be answering.',
      `${host}:${String(port)}`,
      fingerprint256,
    ),
  );
}

/** A server's certificate, to be shown to the person who decides about it. */
export interface CertificateFacts {
  /** SHA-256, `AA:BB:…`. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** Names and addresses that it is for, as in the certificate: `DNS:node-1, IP Address:10.0.0.1`. */
  readonly names: string;
  /** RFC 3339. */
  readonly validFrom: string;
  readonly validTo: string;
}

/** Looks at a server's certificate. Nothing is sent to the server, and nobody who asks is named to it. */
export async function lookAtCertificate(target: Target, proxy?: Proxy): Promise<CertificateFacts> {
  const socket = await connectSecurely(target, { by: 'nothing' }, {}, proxy);
  try {
    return describe(socket.getPeerCertificate());
  } finally {
    socket.destroy();
  }
}

function describe(certificate: PeerCertificate): CertificateFacts {
  const { fingerprint256, subject, issuer, subjectaltname = '', valid_from: from, valid_to: to } = certificate;
  const name = (parts: PeerCertificate['subject']): string =>
    Object.entries(parts)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(', ');
  return {
    fingerprint: fingerprint256,
    subject: name(subject),
    issuer: name(issuer),
    names: subjectaltname,
    validFrom: new Date(from).toISOString(),
    validTo: new Date(to).toISOString(),
  };
}
