import type { CompletenessFact, Engine } from '../../protocol/overview.ts';
import type { Note } from '../../protocol/note.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import { PRE_CHECKPOINT } from '../archive/layout.ts';
import { normalPath } from '../archive/tar-entry.ts';
import { kindOfFile } from '../criu/kinds.ts';
import { emptyImage } from './known-images.ts';

/** Names of the container's log, by engine: Podman, containerd, CRI-O. */
export const LOG_NAMES: readonly string[] = ['ctr.log', 'container.log', 'io.kubernetes.cri-o.LogPath'];

const preCheckpoint =
  'This is a pre-checkpoint: memory that was written ahead of a checkpoint. Processes, open files and mounts are in the checkpoint that was taken after it.';

interface Parts {
  readonly files: FileSet;
  readonly imagesPrefix: string;
  readonly engine: Engine;
  /** What Docker calls the checkpoint, where it kept that. */
  readonly dockerName: string | undefined;
  readonly notes: readonly Note[];
  /** Whether any live process had memory to dump, and whether a parent dump is said to hold some of it. */
  readonly usesParent: boolean;
}

/** Which parts a checkpoint may have, and how each is here. */
export function judgeCompleteness(parts: Parts): readonly CompletenessFact[] {
  const facts = [
    judgeMetadata(parts),
    judgeImages(parts),
    judgeMemory(parts),
    judgeRootfsDiff(parts),
    judgeVolumes(parts),
    judgeLog(parts),
    judgeStatistics(parts),
    judgeDumpLog(parts),
  ];
  return isCutShort(parts.files) ? facts.map((fact) => (fact.state === 'left-out' ? lost(fact) : fact)) : facts;
}

/** Whether the archive ends before its own end: what would have come after that may have been in it. */
export function isCutShort({ notes, entries }: Pick<FileSet, 'notes' | 'entries'>): boolean {
  return notes.some(({ kind, where }) => (kind === 'truncated' || kind === 'may-be-incomplete') && !entries.has(where));
}

function lost({ part }: CompletenessFact): CompletenessFact {
  return {
    part,
    state: 'missing',
    text: sentence(
      'Not in what is left of the archive, which ends too early: it may have been in the part that is gone.',
    ),
  };
}

/** Notes about files that every checkpoint of its engine has and this one lacks. Only of use once the index is whole. */
export function noteMissing({
  files,
  imagesPrefix,
  engine,
}: Pick<Parts, 'files' | 'imagesPrefix' | 'engine'>): readonly Note[] {
  const described = engine !== 'criu' && engine !== 'docker';
  const expected: (readonly [string, string])[] = [
    ...(described
      ? ([
          ['spec.dump', '{0} is missing: the container’s mounts and annotations as it was started are not known.'],
          [
            'config.dump',
            '{0} is missing: the container’s id, image and times are known only as far as other files tell.',
          ],
        ] as const)
      : []),
    [`${imagesPrefix}inventory.img`, '{0} is missing: what CRIU wrote about the dump as a whole is not known.'],
    // A pre-checkpoint has none.
    ...(imagesPrefix === PRE_CHECKPOINT
      ? []
      : ([[`${imagesPrefix}pstree.img`, '{0} is missing: without it the processes cannot be listed.']] as const)),
  ];
  const missing = expected
    .filter(([path]) => !files.entries.has(path))
    .map(([path, template]): Note => ({ kind: 'missing', where: path, text: sentence(template, path) }));
  const empty = [...files.entries.values()]
    .filter((entry) => entry.size === 0 && entry.type === 'file' && isNeverEmpty(entry.path, imagesPrefix))
    .map(({ path }) => emptyImage(path));
  const unread = [...files.entries.values()]
    .filter((entry) => isNoFile(entry, files, imagesPrefix))
    .slice(0, MAX_NO_FILES);
  const early: readonly Note[] =
    imagesPrefix === PRE_CHECKPOINT
      ? [{ kind: 'may-be-incomplete', where: PRE_CHECKPOINT, text: sentence(preCheckpoint), byDesign: true }]
      : [];
  return [...missing, ...empty, ...unread.map(noFile), ...early];
}

/** Files of these names are read wherever the engine puts them. */
const READ_FILES = new Set(['spec.dump', 'config.dump', 'status.dump', 'stats-dump', 'rootfs-diff.tar']);
const MAX_NO_FILES = 20;
const MAX_LINK_HOPS = 8;

/** Something of the name of a file that tells of the checkpoint, and that is none: nothing is read from it. */
function isNoFile(entry: Entry, files: FileSet, imagesPrefix: string): boolean {
  const { path, type } = entry;
  if (type === 'file' || type === 'sparse' || (type === 'hardlink' && leadsToFile(entry, files))) return false;
  const name = path.startsWith(imagesPrefix) ? path.slice(imagesPrefix.length) : undefined;
  return READ_FILES.has(path) || (name !== undefined && kindOfFile(name) !== undefined);
}

/** Whether a hard link has a content, of its own or that of another entry. */
function leadsToFile(link: Entry, { entries }: FileSet): boolean {
  let entry: Entry | undefined = link;
  for (let hops = 0; entry?.type === 'hardlink' && entry.size === 0 && hops < MAX_LINK_HOPS; hops++)
    entry = entries.get(normalPath(entry.linkTarget ?? ''));
  return entry !== undefined && (entry.type !== 'hardlink' || entry.size > 0);
}

function noFile({ path, type, linkTarget = '' }: Entry): Note {
  const text =
    type === 'symlink'
      ? sentence('{0} is a link to {1}, which is not followed: what it would tell cannot be shown.', path, linkTarget)
      : type === 'hardlink'
        ? sentence('{0} is a hard link to {1}, which is not in the archive.', path, linkTarget)
        : sentence('{0} is no file: what it would tell cannot be shown.', path);
  return { kind: 'damaged', where: path, text };
}

/** Images that a dump writes whole or not at all; those that a process cannot do without are noted where it is read. */
const NEVER_EMPTY = /^(?:(?:inventory|pstree|ids-\d+|utsns-\d+)\.img|stats-dump)$/;

function isNeverEmpty(path: string, imagesPrefix: string): boolean {
  const isImage = path.startsWith(imagesPrefix) && NEVER_EMPTY.test(path.slice(imagesPrefix.length));
  return isImage || path === 'stats-dump';
}

/** The sentence about files that Podman and CRI-O may have left out; undefined for engines that leave nothing out. */
export function rootfsDiffGap(engine: Engine): Sentence | undefined {
  const name = engine === 'podman' ? 'Podman' : engine === 'cri-o' ? 'CRI-O' : undefined;
  if (name === undefined) return undefined;
  return sentence(
    '{0} may have left out modified files: it packs a modified file only if the host has a file of the same path, and never a change of a directory’s owner or mode.',
    name,
  );
}

/** A rootfs diff that its engine never makes whole. */
export function noteGap(files: FileSet, engine: Engine): readonly Note[] {
  const gap = files.entries.has('rootfs-diff.tar') ? rootfsDiffGap(engine) : undefined;
  return gap ? [{ kind: 'may-be-incomplete', where: 'rootfs-diff.tar', text: gap, byDesign: true }] : [];
}

function judgeMetadata({ files, engine, dockerName, notes }: Parts): CompletenessFact {
  if (engine === 'docker' && dockerName !== undefined) {
    return {
      part: 'metadata',
      state: 'left-out',
      text: sentence(
        'This is the checkpoint {0} as Docker keeps it: there is no description of the container beside the images.',
        dockerName,
      ),
    };
  }
  if (engine === 'criu' || engine === 'docker') {
    return {
      part: 'metadata',
      state: 'left-out',
      text: sentence(
        'This is a folder of CRIU images: whoever made it kept no description of the container beside them.',
      ),
    };
  }
  const damaged = notes.find(
    (note) => (note.where === 'spec.dump' || note.where === 'config.dump') && note.kind !== 'missing',
  );
  if (damaged) return { part: 'metadata', state: 'damaged', text: damaged.text };
  const missing = ['spec.dump', 'config.dump'].filter((name) => !files.entries.has(name));
  return missing.length > 0
    ? {
        part: 'metadata',
        state: 'missing',
        text: sentence(
          '{0} is missing: name, container image and mounts are known only as far as other files tell.',
          missing.join(', '),
        ),
      }
    : {
        part: 'metadata',
        state: 'present',
        text: sentence('The container’s specification and configuration are here.'),
      };
}

function judgeImages({ files, imagesPrefix, notes }: Parts): CompletenessFact {
  const encrypted = notes.find((note) => note.kind === 'encrypted');
  if (encrypted) return { part: 'images', state: 'encrypted', text: encrypted.text };
  if (imagesPrefix === PRE_CHECKPOINT)
    return { part: 'images', state: 'may-be-incomplete', text: sentence(preCheckpoint) };
  const needed = ['inventory.img', 'pstree.img'].filter((name) => !files.entries.has(imagesPrefix + name));
  if (needed.length > 0)
    return {
      part: 'images',
      state: 'missing',
      text: sentence('{0} is missing: without it the processes cannot be listed.', needed.join(', ')),
    };
  const bad = notes.filter(
    (note) =>
      note.where.startsWith(imagesPrefix) &&
      /\.img$|stats-dump$/.test(note.where) &&
      (note.kind === 'damaged' || note.kind === 'truncated'),
  );
  const count = new Set(bad.map((note) => note.where)).size;
  return count > 0
    ? { part: 'images', state: 'damaged', text: sentence('Damaged images among those read so far: {0}.', count) }
    : { part: 'images', state: 'present', text: sentence('The images read so far are sound.') };
}

function judgeMemory({ files, imagesPrefix, usesParent }: Parts): CompletenessFact {
  const names: Entry[] = [];
  for (const entry of files.entries.values()) {
    const { path } = entry;
    const isPages = path.startsWith(imagesPrefix) && path.startsWith('pages-', imagesPrefix.length);
    if (isPages && path.endsWith('.img')) names.push(entry);
  }
  const cut = names.find((entry) => entry.truncated === true);
  if (cut)
    return {
      part: 'memory',
      state: 'damaged',
      text: sentence('{0} ends too early: some memory cannot be shown.', cut.path),
    };
  if (usesParent)
    return {
      part: 'memory',
      state: 'missing',
      text: sentence(
        'This is an incremental dump: part of the memory is in an earlier dump that is not in this archive.',
      ),
    };
  return names.length > 0
    ? {
        part: 'memory',
        state: 'present',
        text: sentence(
          'Memory that the processes had changed is here; unchanged parts of their program files are in the container image.',
        ),
      }
    : {
        part: 'memory',
        state: 'missing',
        text: sentence('There is no memory image: arguments, environment and memory cannot be shown.'),
      };
}

function judgeRootfsDiff({ files, engine }: Parts): CompletenessFact {
  const entry = files.entries.get('rootfs-diff.tar');
  if (entry?.truncated === true)
    return {
      part: 'rootfs-diff',
      state: 'damaged',
      text: sentence('rootfs-diff.tar ends too early: some changed files are missing.'),
    };
  const gap = rootfsDiffGap(engine);
  if (entry) {
    return gap
      ? { part: 'rootfs-diff', state: 'may-be-incomplete', text: gap }
      : { part: 'rootfs-diff', state: 'present', text: sentence('All changes of the container’s files are here.') };
  }
  if (engine === 'criu' || engine === 'docker') {
    return {
      part: 'rootfs-diff',
      state: 'left-out',
      text: sentence('A folder of CRIU images holds no files of the container.'),
    };
  }
  return files.entries.has('deleted.files')
    ? {
        part: 'rootfs-diff',
        state: 'left-out',
        text: sentence(
          'There is no rootfs-diff.tar: files were deleted, and none added or modified as far as the engine saw.',
        ),
      }
    : {
        part: 'rootfs-diff',
        state: 'left-out',
        text: sentence(
          'There is no rootfs-diff.tar: either no file was changed, or the checkpoint was taken without them (Podman’s --ignore-rootfs).',
        ),
      };
}

function judgeVolumes({ files }: Parts): CompletenessFact {
  const names = [...files.entries.keys()].filter(
    (path) => path.startsWith('volumes/') || path === 'devshm-checkpoint.tar',
  );
  return names.length > 0
    ? { part: 'volumes', state: 'present', text: sentence('The contents of {0} are here.', names.join(', ')) }
    : {
        part: 'volumes',
        state: 'left-out',
        text: sentence('Contents of volumes and bind mounts are not part of this checkpoint.'),
      };
}

function judgeLog({ files }: Parts): CompletenessFact {
  const name = LOG_NAMES.find((log) => files.entries.has(log));
  return name !== undefined
    ? { part: 'log', state: 'present', text: sentence('The container’s log is here: {0}.', name) }
    : { part: 'log', state: 'left-out', text: sentence('The container’s log is not part of this checkpoint.') };
}

function judgeStatistics({ files, imagesPrefix }: Parts): CompletenessFact {
  const entry = files.entries.get('stats-dump') ?? files.entries.get(`${imagesPrefix}stats-dump`);
  if (entry?.size === 0) return { part: 'statistics', state: 'damaged', text: emptyImage(entry.path).text };
  return entry
    ? { part: 'statistics', state: 'present', text: sentence('How long the dump took is recorded.') }
    : { part: 'statistics', state: 'left-out', text: sentence('How long the dump took is not recorded.') };
}

function judgeDumpLog({ files, imagesPrefix }: Parts): CompletenessFact {
  return files.entries.has('dump.log') || files.entries.has(`${imagesPrefix}dump.log`)
    ? { part: 'dump-log', state: 'present', text: sentence('CRIU’s log of the dump is here.') }
    : { part: 'dump-log', state: 'left-out', text: sentence('CRIU’s log of the dump is not part of this checkpoint.') };
}
