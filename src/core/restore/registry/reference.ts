import { isIP } from 'node:net';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';

/** An image in a registry: `docker://HOST[:PORT]/NAME[:TAG|@DIGEST]`. */
export interface ImageReference {
  /** As it was given, with the port if there is one: what credentials are kept under. */
  readonly host: string;
  readonly name: string;
  /** Undefined where a digest was given alone. */
  readonly tag?: string;
  readonly digest?: string;
}

// Source: distribution/reference, "grammar".
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const LONGEST_NAME = 255;

/** @throws CheckpointError `usage` */
export function parseReference(locator: string): ImageReference {
  const text = locator.replace(/^docker:\/\//i, '');
  const [whole = '', digest] = text.split(/@(.*)/s);
  const slash = whole.indexOf('/');
  const host = whole.slice(0, slash);
  const [, name = '', tag] = /^(.*?)(?::([^:/]*))?$/s.exec(whole.slice(slash + 1)) ?? [];
  const isFit =
    slash > 0 &&
    HOST.test(host) &&
    name.length <= LONGEST_NAME &&
    NAME.test(name) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!isFit) {
    throw new CheckpointError(
      'usage',
      sentence(
        '{0} is not an image in a registry: give docker://HOST/NAME:TAG or docker://HOST/NAME@sha256:….',
        locator,
      ),
    );
  }
  if (digest !== undefined) return { host, name, digest, ...(tag !== undefined && { tag }) };
  return { host, name, tag: tag ?? 'latest' };
}

export function formatReference({ host, name, tag, digest }: ImageReference): string {
  const version = [tag === undefined ? '' : `:${tag}`, digest === undefined ? '' : `@${digest}`].join('');
  return `docker://${host}/${name}${version}`;
}

/** The same as engines and manifests write it, without a scheme. */
export function imageName(reference: ImageReference): string {
  return formatReference(reference).slice('docker://'.length);
}

/** Only this machine hears what is sent there. */
export function isLoopback(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** What an image can be called: nothing else that an archive says is one reaches a command or a manifest. */
export const IMAGE_NAME = /^[a-zA-Z0-9][\w.:/@-]{0,500}$/;
