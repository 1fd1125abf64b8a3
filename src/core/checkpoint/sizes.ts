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

function partOf(path: string, imagesPrefix: string): Part {
  if (path === 'rootfs-diff.tar') return 'rootfsDiff';
  if (path === 'devshm-checkpoint.tar' || path.startsWith('volumes/')) return 'volumes';
  if (!path.startsWith(imagesPrefix)) return 'rest';
  const name = path.slice(imagesPrefix.length);
  if (/^amdgpu-(drm-)?pages-/.test(name)) return 'gpuMemory';
  if (/^pages-.*\.img$/.test(name)) return 'memory';
  if (/^tmpfs-.*\.tar\.gz\.img$/.test(name)) return 'volumes';
  return name.endsWith('.img') ? 'images' : 'rest';
}
