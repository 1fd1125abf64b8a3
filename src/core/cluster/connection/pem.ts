import { createPrivateKey, X509Certificate } from 'node:crypto';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { fileError } from '../../bytes/file-source.ts';
import { CheckpointError } from '../../errors.ts';
import { readBounded } from '../kubeconfig/read-bounded.ts';

/** Bytes of a file that holds a certificate, a key or a token. All authorities of a system take a quarter of it. */
const LONGEST = 1024 * 1024;

/**
 * A file that a kubeconfig names for a certificate, a key or a token.
 * @throws CheckpointError `not-found`, `unreadable`, `too-large`, `cancelled`
 */
export async function readPem(path: string, signal?: AbortSignal): Promise<Buffer>;
export async function readPem(path: string | undefined, signal?: AbortSignal): Promise<Buffer | undefined>;
export async function readPem(path: string | undefined, signal?: AbortSignal): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const content = await readBounded(path, LONGEST, signal).catch((error: unknown) => {
    throw CheckpointError.is(error) ? error : fileError(path, error);
  });
  if (content) return content;
  throw new CheckpointError('too-large', sentence('{0} is too long for a certificate, a key or a token.', path), {
    where: path,
  });
}

/** Whether there is a certificate in a PEM file that can be read. */
export function holdsCertificate(pem: Buffer): boolean {
  try {
    new X509Certificate(pem);
    return pem.includes('-----BEGIN ');
  } catch {
    return false;
  }
}

/** What keeps a client certificate and its key from being used together; undefined where nothing does. */
export function whyNoIdentity(certificate: Buffer, key: Buffer): Sentence | undefined {
  if (!holdsCertificate(certificate)) return sentence('client-certificate holds no certificate in PEM form');
  try {
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return isPair ? undefined : sentence('client-key is the key of another certificate');
  } catch {
    return sentence('client-key holds no private key in PEM form that can be used without a passphrase');
  }
}
