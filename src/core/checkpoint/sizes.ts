import type { SizeFacts } from '../../protocol/overview.ts';
import type { FileSet } from '../archive/file-set.ts';

type Part = Exclude<keyof SizeFacts, 'archive' | 'total' | 'imageDirectory' | 'entries'>;

/** What the entries hold, by part. Names decide: the contents need not be read for it. */
export function measureSizes(files: FileSet, imagesPrefix: string, archiveSize: number | undefined): SizeFacts {
  const sizes = { total: 0, imageDirectory: 0, memory: 0, rootfsDiff: 0, volumes: 0, gpuMemory: 0, images: 0, rest: 0 };
  for (const entry of files.entries.values()) {
    sizes[partOf(entry.path, imagesPrefix)] += entry.size;
    sizes.total += entry.size;
    if (entry.path.startsWith(imagesPrefix)) sizes.imageDirectory += entry.size;
  }
  return { ...(archiveSize !== undefined && { archive: archiveSize }), ...sizes, entries: files.entries.size };
}

/** This runs for each of up to a million entries: no pattern is tried before the common beginnings were. */
function partOf(path: string, imagesPrefix: string): Part {
  const start = imagesPrefix.length;
  const isInside = path.startsWith(imagesPrefix);
  if (isInside && path.startsWith('pages-', start)) return path.endsWith('.img') ? 'memory' : 'rest';
  if (path === 'rootfs-diff.tar') return 'rootfsDiff';
  if (path === 'devshm-checkpoint.tar' || path.startsWith('volumes/')) return 'volumes';
  if (!isInside) return 'rest';
  if (path.startsWith('amdgpu-', start) && /^amdgpu-(drm-)?pages-/.test(path.slice(start))) return 'gpuMemory';
  if (path.startsWith('tmpfs-', start) && path.endsWith('.tar.gz.img')) return 'volumes';
  return path.endsWith('.img') ? 'images' : 'rest';
}
