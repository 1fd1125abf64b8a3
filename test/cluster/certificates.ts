import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, integer, octets, oid, pem, sequence, set, tagged, text, time } from './der.ts';

/** A certificate and its key, PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface Request {
  /** The common name: for Kubernetes the user. */
  readonly name: string;
  /** The organisations: for Kubernetes the groups. */
  readonly groups?: readonly string[];
  /** DNS names and addresses; with any it is a server's certificate. */
  readonly hosts?: readonly string[];
  /** Days from today; a negative number makes one that has expired. */
  readonly days?: number;
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const DAY = 24 * 60 * 60 * 1000;

/** Gives out certificates (X.509 version 3, P-256), each time with keys made just now. */
export class Authority {
  readonly certificate: string;
  readonly #name: Buffer;
  readonly #key: KeyObject;

  constructor(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = distinguishedName({ name });
    this.#key = privateKey;
    this.certificate = this.#certify(publicKey, this.#name, 3650, [
      extension('2.5.29.19', true, sequence(boolean(true))),
      // keyCertSign, cRLSign
      extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1)),
    ]);
  }

  issue(request: Request): Issued {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { hosts = [], days = 365 } = request;
    const purpose = hosts.length > 0 ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
    const certificate = this.#certify(publicKey, distinguishedName(request), days, [
      extension('2.5.29.19', true, sequence()),
      // digitalSignature
      extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
      extension('2.5.29.37', false, sequence(oid(purpose))),
      ...(hosts.length > 0 ? [extension('2.5.29.17', false, sequence(...hosts.map(alternativeName)))] : []),
    ]);
    return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  #certify(key: KeyObject, subject: Buffer, days: number, extensions: readonly Buffer[]): string {
    const now = Date.now();
    const [from, to] = days < 0 ? [now + 2 * days * DAY, now + days * DAY] : [now - DAY, now + days * DAY];
    const content = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(randomBytes(16)),
      ECDSA_SHA256,
      this.#name,
      sequence(time(new Date(from)), time(new Date(to))),
      subject,
      key.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    );
    return pem('CERTIFICATE', sequence(content, ECDSA_SHA256, bits(sign('sha256', content, this.#key))));
  }
}

function distinguishedName({ name, groups = [] }: Request): Buffer {
  const part = (type: string, value: string): Buffer => set(sequence(oid(type), text(value)));
  return sequence(...groups.map((group) => part('2.5.4.10', group)), part('2.5.4.3', name));
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octets(value));
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 4) return tagged(0x87, Buffer.from(host.split('.').map(Number)));
  if (isIP(host) === 6) return tagged(0x87, ipv6(host));
  return tagged(0x82, Buffer.from(host, 'latin1'));
}

function ipv6(host: string): Buffer {
  const [head = '', tail = ''] = host.split('::');
  const words = (part: string): string[] => part.split(':').filter((word) => word !== '');
  const [before, after] = [words(head), words(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((word) => word.padStart(4, '0')).join(''), 'hex');
}
