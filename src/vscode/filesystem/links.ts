import { posix } from 'node:path';
import { sentence } from '../../protocol/sentence.ts';
import type { FileStat } from '../../protocol/checkpoint-api.ts';
import { failure, hasReason } from '../failure.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Where a symbolic link leads inside the view: absolute targets count from the root of the link's own branch
 * (`/rootfs`, `/archive`), those of a process from the container's, and `..` does not lead out of it.
 * @param path absolute path of the link in the view
 */
export function linkTarget(path: string, target: string): string {
  const [, branch = ''] = path.split('/');
  const inside = posix.resolve('/', posix.dirname(path.slice(branch.length + 1)), target);
  const container = branch === 'proc' && target.startsWith('/');
  return posix.join('/', container ? 'rootfs' : branch, inside);
}

export interface Followed {
  readonly path: string;
  readonly stat: FileStat;
}

/**
 * Follows links to what holds content.
 * @throws RemoteError `is-link` where a link leads to what the checkpoint does not hold, or in a circle; what `stat` throws
 */
export async function followLinks(path: string, stat: (path: string) => Promise<FileStat>): Promise<Followed> {
  let followed: Followed = { path, stat: await stat(path) };
  for (let links = 0; followed.stat.kind === 'symlink'; links++) {
    const { linkTarget: target } = followed.stat;
    const next = target === undefined ? undefined : linkTarget(followed.path, target);
    if (next === undefined || links === MAX_LINKS) throw leadsNowhere(path, target ?? '?');
    try {
      followed = { path: next, stat: await stat(next) };
    } catch (error) {
      throw hasReason(error, 'not-found') ? leadsNowhere(path, target ?? '?') : error;
    }
  }
  return followed;
}

function leadsNowhere(path: string, target: string): Error {
  return failure(
    'is-link',
    sentence('{0} is a symbolic link to {1}, which is not in this checkpoint.', path, target),
    path,
  );
}
