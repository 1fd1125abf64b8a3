import { posix } from 'node:path';
import { sentence } from '../../../protocol/sentence.ts';
import { CheckpointError } from '../../errors.ts';

/** A file on a cluster's node: `node://CONTEXT/NODE/absolute/path.tar`. */
export interface NodeLocation {
  readonly context: string;
  readonly node: string;
  /** Absolute, without `.`, `..` and empty parts. */
  readonly path: string;
}

export function isNodeLocator(locator: string): boolean {
  return /^node:\/\//i.test(locator);
}

/** Names of contexts hold slashes and colons (those of EKS are ARNs): they are percent-encoded. */
export function formatNodeLocator({ context, node, path }: NodeLocation): string {
  const encoded = path.split('/').map(encodeInPath).join('/');
  return `node://${encodeURIComponent(context)}/${encodeURIComponent(node)}${encoded}`;
}

/** The kubelet's names hold colons, which a path may hold as they are (RFC 3986, 3.3). */
function encodeInPath(part: string): string {
  return encodeURIComponent(part).replace(/%(?:3A|40|2B|2C|3B|3D)/g, decodeURIComponent);
}

/** @throws CheckpointError `usage` */
export function parseNodeLocator(locator: string): NodeLocation {
  const [, context = '', node = '', path = ''] = /^node:\/\/([^/]+)\/([^/]+)(\/.+)$/i.exec(locator) ?? [];
  try {
    const decoded = decodeURIComponent(path);
    const isPlain = decoded === posix.normalize(decoded) && !decoded.endsWith('/') && !decoded.includes('\0');
    if (context !== '' && isPlain) {
      return { context: decodeURIComponent(context), node: decodeURIComponent(node), path: decoded };
    }
  } catch {
    // A percent sign that encodes nothing: said below.
  }
  throw new CheckpointError(
    'usage',
    sentence('{0} does not name a file on a node: it takes the form node://CONTEXT/NODE/absolute/path.tar.', locator),
    { where: locator },
  );
}
