import { sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';

/** A kind of object, as addresses name it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** In the plural, in small letters. */
  readonly plural: string;
}

function core(plural: string): Resource {
  return { group: '', version: 'v1', plural };
}

export const NAMESPACES = core('namespaces');
export const PODS = core('pods');
export const NODES = core('nodes');
export const EVENTS = core('events');

/** The address of all objects of a kind, of those in a namespace, or of one. */
export function pathOf(resource: Resource, namespace?: string, ...rest: readonly string[]): string {
  const { group, version, plural } = resource;
  const parts = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    plural,
    ...rest,
  ];
  return `/${parts.map(encoded).join('/')}`;
}

/** `.` and `..` would be taken for steps, and an empty name names the list. @throws CheckpointError `usage` */
export function encoded(part: string): string {
  if (part === '' || part === '.' || part === '..' || part.includes('/')) {
    throw new ClusterError(
      'usage',
      sentence('“{0}” cannot be a name in a cluster. Names have small letters, digits, hyphens and dots.', part),
    );
  }
  return encodeURIComponent(part);
}
