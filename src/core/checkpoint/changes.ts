import type { ChangeFacts, ChangeKind, ChangeMark, ChangeSource, FileType } from '../../protocol/changes.ts';
import type { Engine } from '../../protocol/overview.ts';
import type { Entry, FileSet } from '../archive/file-set.ts';
import { describeFileCapabilities } from './capabilities.ts';

/** A changed path. A list of them needs little of each; what else there is to say is worked out when it is asked for. */
export interface ListedChange extends Pick<ChangeFacts, 'path' | 'kind'> {
  readonly type: FileType | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  readonly facts: ChangeFacts;
}

/** What the changes of one archive have in common. */
interface Origin {
  readonly source: ChangeSource;
  readonly entry: string;
  /** Absent where only names are known. */
  readonly files?: FileSet;
}

/** A changed path and where its content lies. */
export class Change implements ListedChange {
  readonly path: string;
  readonly kind: ChangeKind;
  readonly #origin: Origin;
  readonly #member: Entry | undefined;
  readonly #opaque: boolean;
  #facts: ChangeFacts | undefined;

  /**
   * @param member what the archive has at the path; absent for a deleted one
   * @param opaque it is a directory that hides what the container image has in it
   */
  constructor(path: string, kind: ChangeKind, origin: Origin, member?: Entry, opaque = false) {
    this.path = path;
    this.kind = kind;
    this.#origin = origin;
    this.#member = member;
    this.#opaque = opaque;
  }

  get type(): FileType | undefined {
    return this.#member?.type;
  }

  get size(): number | undefined {
    return this.#member?.size;
  }

  /** The archive entry that holds it. */
  get entry(): string {
    return this.#origin.entry;
  }

  /** Absent for a deleted path. */
  get content(): { readonly files: FileSet; readonly entry: Entry } | undefined {
    const { files } = this.#origin;
    return files && this.#member && { files, entry: this.#member };
  }

  get facts(): ChangeFacts {
    const { path, kind } = this;
    const { source, entry } = this.#origin;
    this.#facts ??= this.#member
      ? describe(this.#member, path, kind, this.#origin, this.#opaque)
      : { path, kind, source, marks: NO_MARKS, entry };
    return this.#facts;
  }
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Directories that every container image brings: a layer that lists them has not added them. */
const ALWAYS_THERE = new Set([
  'bin',
  'dev',
  'etc',
  'home',
  'lib',
  'opt',
  'proc',
  'root',
  'run',
  'sbin',
  'srv',
  'sys',
  'tmp',
  'usr',
  'var',
]);

/**
 * The rootfs diff as changes of the container's file tree.
 *
 * Podman and CRI-O pack added files, new directories, and those modified files that they found (crutils,
 * CRCreateRootFsDiffTar): a directory in it is always a new one, so everything below is new too. containerd packs an
 * OCI layer: every parent of a change is in it, deletions are whiteouts, and nothing tells new from modified.
 * @param deleted absolute paths of `deleted.files`
 */
export function* rootfsChanges(
  diff: FileSet | undefined,
  engine: Engine,
  deleted: readonly string[],
  created: bigint | undefined,
): Generator<Change> {
  const named: Origin = { source: 'rootfs-diff', entry: 'deleted.files' };
  const layer = engine === 'containerd';
  // What was deleted and made anew is in both lists: it was modified.
  const paths = new Set(deleted.map(absolute));
  const replaced = new Set([...paths].filter((path) => diff?.entries.has(path.slice(1)) === true));
  for (const path of paths.difference(replaced)) yield new Change(path, 'deleted', named);
  if (!diff) return;

  const origin: Origin = { source: 'rootfs-diff', entry: 'rootfs-diff.tar', files: diff };

  const { existing, opaque } = layer ? readWhiteouts(diff) : { existing: new Set<string>(), opaque: new Set<string>() };
  const kindOf = kindsInDiff(diff, replaced);
  for (const entry of diff.entries.values()) {
    const name = layer ? baseName(entry.path) : '';
    if (name === OPAQUE) continue;
    if (name.startsWith(WHITEOUT)) {
      const path = absolute(`${parentOf(entry.path)}/${name.slice(WHITEOUT.length)}`);
      yield new Change(path, 'deleted', origin);
      continue;
    }
    if (entry.path === '' || entry.path === '.') continue;
    const kind = layer ? kindInLayer(entry, existing, created) : kindOf(entry);
    yield new Change(absolute(entry.path), kind, origin, entry, opaque.has(entry.path));
  }
}

/**
 * The content of a volume, /dev/shm or a tmpfs, under the path where the container saw it.
 * @param holder the archive entry that holds it
 */
export function* mountedContents(
  files: FileSet,
  mountPoint: string,
  source: ChangeSource,
  holder: string,
): Generator<Change> {
  const origin: Origin = { source, entry: holder, files };
  const prefix = mountPoint === '/' ? '' : mountPoint;
  for (const entry of files.entries.values()) {
    if (entry.path === '' || entry.path === '.') continue;
    const path = `${prefix}${absolute(entry.path)}`;
    yield new Change(path, 'mounted', origin, entry);
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_MARKS: readonly ChangeMark[] = [];

function kindsInDiff(diff: FileSet, replaced: ReadonlySet<string>): (entry: Entry) => ChangeKind {
  const isBelowDirectory = belowDirectories(diff);
  return ({ path, type }) => {
    if (replaced.size > 0 && replaced.has(absolute(path))) return 'modified';
    if (type === 'directory') return 'added';
    return isBelowDirectory(parentOf(path)) ? 'added' : 'added-or-modified';
  };
}

/** Tells of a folder whether it, or one that it is in, is in the diff. Each folder is looked up once, however deep it is. */
function belowDirectories(diff: FileSet): (folder: string) => boolean {
  const known = new Map([['', false]]);
  // Archives list what is in one folder together: most often it is that of the one before.
  let [last, lastIs] = ['', false];
  return (folder) => {
    if (folder === last) return lastIs;
    const passed: string[] = [];
    let is: boolean | undefined;
    for (let parent = folder; is === undefined; parent = parentOf(parent)) {
      is = known.get(parent) ?? (diff.entries.get(parent)?.type === 'directory' ? true : undefined);
      passed.push(parent);
    }
    for (const parent of passed) known.set(parent, is);
    [last, lastIs] = [folder, is];
    return is;
  };
}

function kindInLayer(entry: Entry, existing: ReadonlySet<string>, created: bigint | undefined): ChangeKind {
  if (entry.type !== 'directory') return 'added-or-modified';
  const old = created !== undefined && entry.mtime < created;
  return existing.has(entry.path) || ALWAYS_THERE.has(entry.path) || old ? 'modified' : 'added-or-modified';
}

/** A directory of which something was deleted was there before, and so were its parents. */
function readWhiteouts(diff: FileSet): { existing: Set<string>; opaque: Set<string> } {
  const existing = new Set<string>();
  const opaque = new Set<string>();
  for (const path of diff.entries.keys()) {
    const name = baseName(path);
    if (!name.startsWith(WHITEOUT)) continue;
    if (name === OPAQUE) opaque.add(parentOf(path));
    // Where one is known, so are those above it.
    for (let parent = parentOf(path); parent !== '' && !existing.has(parent); parent = parentOf(parent)) {
      existing.add(parent);
    }
  }
  return { existing, opaque };
}

function describe(
  entry: Entry,
  path: string,
  kind: ChangeKind,
  { source, entry: holder }: Origin,
  opaque: boolean,
): ChangeFacts {
  const capability = entry.xattrs?.get('security.capability');
  const capabilities = capability && describeFileCapabilities(capability);
  // Member by member: there may be hundreds of thousands, and spreading conditions costs each of them an object.
  const facts: Writable<ChangeFacts> = {
    path,
    kind,
    source,
    type: entry.type,
    mode: entry.mode & 0o7777,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    mtime: formatTimestamp(entry.mtime),
    marks: marksOf(entry, capability !== undefined, opaque),
    entry: holder,
  };
  if (entry.pathBytes) facts.pathBytes = encodePath(path, entry.path, entry.pathBytes);
  if (entry.userName !== undefined) facts.userName = entry.userName;
  if (entry.groupName !== undefined) facts.groupName = entry.groupName;
  if (entry.linkTarget !== undefined) facts.linkTarget = entry.linkTarget;
  if (entry.deviceMajor !== undefined) facts.deviceMajor = entry.deviceMajor;
  if (entry.deviceMinor !== undefined) facts.deviceMinor = entry.deviceMinor;
  if (entry.xattrs && entry.xattrs.size > 0) {
    facts.xattrs = [...entry.xattrs].map(([name, value]) => describeXattr(name, value));
  }
  if (capabilities !== undefined) facts.capabilities = capabilities;
  return facts;
}

/** What stands before the entry's own path is text. */
function encodePath(path: string, own: string, ownBytes: Uint8Array): string {
  const before = Buffer.from(path.slice(0, path.length - own.length));
  return Buffer.concat([before, ownBytes]).toString('base64');
}

function marksOf(entry: Entry, hasCapabilities: boolean, opaque: boolean): readonly ChangeMark[] {
  const file = entry.type === 'file' || entry.type === 'hardlink' || entry.type === 'sparse';
  const executable = file && (entry.mode & 0o111) !== 0;
  const device = entry.type === 'character-device' || entry.type === 'block-device';
  const marks: ChangeMark[] = [];
  if (file && (entry.mode & 0o4000) !== 0) marks.push('setuid');
  if (file && (entry.mode & 0o2000) !== 0) marks.push('setgid');
  if (hasCapabilities) marks.push('capabilities');
  if (device) marks.push('device');
  if (executable) marks.push('executable');
  if (entry.type === 'directory' && (entry.mode & 0o1002) === 0o1002) marks.push('sticky-world-writable');
  if (opaque) marks.push('opaque');
  return marks.length > 0 ? marks : NO_MARKS;
}

function describeXattr(name: string, value: Uint8Array): { name: string; text?: string; base64?: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value);
    // Attributes set by C programs often end with their terminating NUL.
    const plain = text.replace(/\0$/, '');
    if (!/[\0-\x08\x0e-\x1f]/.test(plain)) return { name, text: plain };
  } catch {
    // Not text: given as bytes below.
  }
  return { name, base64: Buffer.from(value).toString('base64') };
}

const SECOND = 1_000_000_000n;

/** The whole second that was formatted last: files that were made together share it. */
let lastSecond: number | undefined;
let lastText = '';

/** RFC 3339 in UTC with as many digits as there are, down to nanoseconds. */
export function formatTimestamp(nanoseconds: bigint): string {
  // Arithmetic with bigint is slow, and there may be hundreds of thousands: one division, and plain numbers from there.
  let seconds = Number(nanoseconds / SECOND);
  let fraction = Number(nanoseconds - BigInt(seconds) * SECOND);
  if (fraction < 0) {
    seconds -= 1;
    fraction += 1e9;
  }
  if (seconds !== lastSecond) {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.getTime())) return `${String(nanoseconds)} ns`;
    lastSecond = seconds;
    lastText = date.toISOString().slice(0, -'.000Z'.length);
  }
  if (fraction === 0) return `${lastText}Z`;
  return `${lastText}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z`;
}

export function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
