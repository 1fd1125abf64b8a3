import { open, readdir, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** What may be a checkpoint by its name, with what tells whether it has changed since it was read. */
export interface Candidate {
  /** Absolute path of an archive or a folder. */
  readonly path: string;
  readonly kind: 'archive' | 'folder';
  /** Bytes, and milliseconds since 1970; of a folder those of the file that marks it. */
  readonly size: number;
  readonly mtime: number;
}

/** Names that a watcher of the same files needs, as a glob. */
export const CANDIDATE_GLOB = '**/{*.tar,*.tar.gz,*.tgz,*.tar.zst,oci-layout,inventory.img}';

const ARCHIVE_NAME = /\.(tar|tar\.gz|tgz|tar\.zst)$/i;

/** Folders that are large and never hold checkpoints. */
const SKIPPED = new Set(['node_modules', '.git', '.hg', '.svn']);

/** Folders of a running system in which looking around has no end. */
const SKIPPED_ROOTS = new Set(['/proc', '/sys', '/dev', '/run']);

/** Folders that one search looks into. */
const MAX_FOLDERS = 50_000;

export interface Search {
  /** How many folders deep to look; 0 looks into the folder itself only. */
  readonly maxDepth: number;
  readonly signal: AbortSignal;
  /** Told of what could not be looked into, for the log. */
  readonly onSkipped?: (path: string, why: unknown) => void;
}

/**
 * Looks for archives by name and for folders by what lies in them: OCI layouts, CRIU image directories, unpacked
 * archives. Links to folders are not followed. Breadth first, so that the nearest come first.
 */
export async function* findCandidates(root: string, search: Search): AsyncGenerator<Candidate> {
  const folders: { readonly path: string; readonly depth: number }[] = [{ path: root, depth: 0 }];
  for (const [index, { path, depth }] of folders.entries()) {
    if (search.signal.aborted) return;
    if (index === MAX_FOLDERS) {
      search.onSkipped?.(path, `there are more than ${String(MAX_FOLDERS)} folders in ${root}`);
      return;
    }
    let entries: readonly Dirent[];
    try {
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      // A configured folder need not exist, and its machine may forbid it to this user.
      search.onSkipped?.(path, error);
      continue;
    }
    const marker = markerOf(entries);
    const found = marker === undefined ? undefined : await candidate(path, 'folder', join(path, marker));
    if (found) {
      yield found;
      continue;
    }
    for (const entry of entries) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        if (depth < search.maxDepth && !isSkipped(child)) folders.push({ path: child, depth: depth + 1 });
      } else if (ARCHIVE_NAME.test(entry.name)) {
        const archive = await candidate(child, 'archive', child);
        if (archive) yield archive;
      }
    }
  }
}

/**
 * The candidate that a file belongs to: an archive itself, or the folder that a marker is in.
 * @returns undefined where there is none (any more)
 */
export async function candidateAt(path: string): Promise<Candidate | undefined> {
  if (isInSkipped(path)) return undefined;
  if (ARCHIVE_NAME.test(path)) return candidate(path, 'archive', path);
  if (!isMarker(path)) return undefined;
  const folder = dirname(path);
  // Images that lie in an unpacked archive belong to it.
  for (const at of basename(folder) === 'checkpoint' ? [dirname(folder), folder] : [folder]) {
    const marker = markerOf(await readdir(at, { withFileTypes: true }).catch(() => []));
    if (marker !== undefined) return candidate(at, 'folder', join(at, marker));
  }
  return undefined;
}

/** Whether a file begins like an archive that can be read: gzip, zstd or tar. */
export async function looksLikeArchive(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAR_HEADER), 0, TAR_HEADER, 0);
    const head = buffer.subarray(0, bytesRead);
    if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return true;
    if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return true;
    return head.length === TAR_HEADER && head.toString('latin1', 257, 262) === 'ustar';
  } finally {
    await file.close();
  }
}

const TAR_HEADER = 512;

/** Whether a path is one that {@link CANDIDATE_GLOB} matches. */
export function isCandidateName(path: string): boolean {
  return ARCHIVE_NAME.test(path) || isMarker(path);
}

/** Whether a file's name says that its folder may be a checkpoint. */
export function isMarker(path: string): boolean {
  return ['oci-layout', 'inventory.img'].includes(basename(path));
}

/** The file that makes a folder a candidate, and that changes when it is written anew. */
function markerOf(entries: readonly Dirent[]): string | undefined {
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('oci-layout') && names.has('index.json')) return 'index.json';
  if (names.has('checkpoint')) {
    for (const name of ['config.dump', 'spec.dump']) if (names.has(name)) return name;
  }
  return names.has('inventory.img') ? 'inventory.img' : undefined;
}

async function candidate(path: string, kind: Candidate['kind'], stamp: string): Promise<Candidate | undefined> {
  const stats = await stat(stamp).catch(() => undefined);
  return stats?.isFile() ? { path, kind, size: stats.size, mtime: stats.mtimeMs } : undefined;
}

/** Whether a path lies in a folder that is never looked into. */
export function isInSkipped(path: string): boolean {
  return path.split(sep).some((part) => SKIPPED.has(part));
}

function isSkipped(path: string): boolean {
  return SKIPPED.has(basename(path)) || SKIPPED_ROOTS.has(path);
}
