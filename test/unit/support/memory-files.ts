import type { Entry, FileSet } from '../../../src/core/archive/file-set.ts';
import { memorySource } from '../../../src/core/bytes/sources.ts';

type Content = string | Uint8Array;
type Given = Partial<Entry> & { readonly content?: Content };

/** A set of files in memory: names to contents, or to facts of an entry. */
export function memoryFiles(
  files: Readonly<Record<string, Content | Given>>,
  options: { name?: string; complete?: boolean } = {},
): FileSet {
  const contents = new Map<string, Uint8Array>();
  const entries = new Map<string, Entry>();
  for (const [path, given] of Object.entries(files)) {
    const facts: Given = typeof given === 'string' || given instanceof Uint8Array ? { content: given } : given;
    const { content, ...rest } = facts;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : (content ?? new Uint8Array());
    contents.set(path, bytes);
    entries.set(path, { path, type: 'file', size: bytes.length, mode: 0o644, uid: 0, gid: 0, mtime: 0n, ...rest });
  }
  return {
    name: options.name ?? 'memory',
    entries,
    complete: options.complete ?? true,
    completed: Promise.resolve(),
    notes: [],
    find: (path) => Promise.resolve(entries.get(path)),
    open: (entry) => memorySource(contents.get(entry.path) ?? new Uint8Array(), entry.path),
    onGrowth: () => () => undefined,
    close: () => Promise.resolve(),
  };
}
