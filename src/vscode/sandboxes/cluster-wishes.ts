import { parseReference, type ImageReference } from '../../core/restore/registry/reference.ts';
import type { ClusterWishes } from '../../protocol/restore-api.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';

/** What must be known before it can be said what a restore in a cluster would do. */
export type Understood =
  | { /** Absent where none is needed. */ readonly image?: ImageReference; readonly lifetime: number }
  | { readonly incomplete: Sentence };

/** Names as Kubernetes takes them. Source: RFC 1123, apimachinery's validation. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Minutes: two months. */
const LONGEST = 60 * 24 * 60;

export const DEFAULT_LIFETIME = 60;

/** @returns with seconds, and the image as it is parsed */
export function understand({ way, image, namespace, pullSecret, lifetime }: ClusterWishes): Understood {
  if (!LABEL.test(namespace)) {
    return { incomplete: sentence('Name the namespace: small letters, digits and hyphens.') };
  }
  if (way === 'image' && pullSecret !== '' && !SUBDOMAIN.test(pullSecret)) {
    return { incomplete: sentence('{0} cannot be the name of a secret.', pullSecret) };
  }
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > LONGEST) {
    return { incomplete: sentence('Say how long the sandbox may live: whole minutes from 1 to {0}.', LONGEST) };
  }
  if (way === 'operator') return { lifetime: lifetime * 60 };
  if (image === '') {
    return {
      incomplete: sentence('Name the image: HOST/NAME:TAG, in a registry that the nodes of the cluster can pull from.'),
    };
  }
  const reference = referenceOf(image);
  if (!reference) return { incomplete: sentence('{0} is not where an image can be put: give HOST/NAME:TAG.', image) };
  return { image: reference, lifetime: lifetime * 60 };
}

/** Where an image can be put; undefined for what is not such a place: an image is not sent under its digest. */
export function referenceOf(text: string): ImageReference | undefined {
  try {
    const reference = parseReference(text.trim());
    return reference.digest === undefined ? reference : undefined;
  } catch {
    return undefined;
  }
}

/** The repository of an image's neighbours: `HOST/NAME` without the name's last part. */
export function repositoryOf({ host, name }: ImageReference): string {
  return [host, ...name.split('/').slice(0, -1)].join('/');
}

/**
 * What an image of an archive is called unless somebody says otherwise; empty where it is not known where.
 * @param repository `HOST/NAME…`
 */
export function imageFor(repository: string, name: string | undefined, created: string | undefined): string {
  if (repository === '') return '';
  const base = (name ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const tag = (created ?? '')
    .replace(/\.\d+/, '')
    .replace(/[^0-9TZ]/g, '')
    .toLowerCase();
  return `${repository}/${base.replace(/^-+|-+$/g, '') || 'checkpoint'}:${tag === '' ? 'latest' : tag}`;
}
