import type { LockFacts } from '../../../protocol/open-files.ts';
import { MACHINE } from '../../criu/architectures.ts';
import type { Span } from '../../criu/image-reader.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf, type KindName } from '../../criu/kinds.ts';
import type { FileEntry, TtyDataEntry, TtyInfoEntry } from '../../criu/schema/generated/messages.ts';
import {
  readDescriptorTables,
  tableOwners,
  type Descriptor,
  type DescriptorTable,
} from '../descriptors/descriptor-tables.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { machineOf } from '../machine.ts';
import type { Remap } from '../descriptors/remaps.ts';
import { FD_TYPE } from '../descriptors/split-files.ts';
import { signalTable, type SignalTable } from '../isolation/signal-names.ts';
import { asTexts, parseEmbedded } from '../json.ts';
import { known } from '../known-images.ts';
import type { Processes } from '../processes.ts';
import { SocketQueues } from '../sockets/socket-queues.ts';
import { OpenFlags } from './flag-words.ts';
import { describeLock } from './locks.ts';

/** What was written into a pipe and not read: where it lies in its image. */
export interface PipeData {
  readonly image: string;
  /** Bytes that the message claims; the image may hold fewer. */
  readonly bytes: number;
  readonly capacity?: number;
  readonly span?: Span;
}

/** A descriptor of a process that stands for a file. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/**
 * The small images that tell of open files, joined by what refers to what. Nothing that they hold is taken for granted:
 * an id may lead nowhere.
 */
export interface FileIndex {
  readonly files: FileTable;
  readonly tables: readonly DescriptorTable[];
  /** CRIU's number of each process's table, whether there is an image of it or not. */
  readonly filesIds: ReadonlyMap<number, number>;
  /** core_entry.mtype; undefined where no image tells. */
  readonly machine: number | undefined;
  readonly openFlags: OpenFlags;
  readonly signals: SignalTable;
  /** By the id of the file whose path leads nowhere. */
  readonly remaps: ReadonlyMap<number, Remap>;
  /** By the kernel's number of the pipe. */
  readonly pipeData: ReadonlyMap<number, PipeData>;
  readonly fifoData: ReadonlyMap<number, PipeData>;
  readonly queues: SocketQueues;
  /** Targets of the descriptors that the engine gave the container's first process, as runc keeps them. */
  readonly streams: readonly string[];
  readonly terminals: ReadonlyMap<number, TtyInfoEntry>;
  readonly terminalData: ReadonlyMap<number, TtyDataEntry>;
  table(pid: number): DescriptorTable | undefined;
  descriptor(pid: number, fd: number): Descriptor | undefined;
  /** Locks that CRIU found by this descriptor. */
  locks(pid: number, fd: number): readonly LockFacts[];
  /** The descriptors that stand for the file of an id; of very many the first, or of more than `most`. */
  holders(fileId: number, most?: number): readonly Holder[];
  /** The open files that are ends of a pipe, or of a FIFO. */
  pipes(kind: 'pipe' | 'fifo', pipeId: number): readonly FileEntry[];
  /** The UNIX socket of an inode. */
  unixSocket(inode: number): FileEntry | undefined;
  /** Another UNIX socket names the one of this inode as its other end. */
  isUnixPeer(inode: number): boolean;
  /** The open files of a terminal, by CRIU's number of it. */
  terminalFiles(id: number): readonly FileEntry[];
  /** The regular file entry that tells the path of a FIFO, a terminal or a tun device. */
  pathEntry(file: FileEntry): FileEntry['reg'];
}

export async function loadFileIndex(
  images: ImageDirectory,
  processes: Processes,
  signal?: AbortSignal,
): Promise<FileIndex> {
  const files = await FileTable.load(images, signal);
  const tables = await readDescriptorTables(images, processes, files, undefined, signal);
  const owners = await tableOwners(processes, signal);
  const locks = (await optional(images, 'FILE_LOCKS', signal)).map(describeLock);
  const locksOf = Map.groupBy(locks, ({ pid, fd }) => key(pid, fd));
  const terminals = await optional(images, 'TTY_INFO', signal);
  const terminalData = await optional(images, 'TTY_DATA', signal);
  const tableOf = new Map(tables.flatMap((table) => table.pids.map((pid) => [pid, table] as const)));
  const machine = await machineOf(images, processes, signal);
  const byNumber = new WeakMap<DescriptorTable, ReadonlyMap<number, Descriptor>>();
  let holders: ReadonlyMap<number, readonly Slot[]> | undefined;
  let pipes: ReadonlyMap<string, readonly FileEntry[]> | undefined;
  let unixSockets: ReadonlyMap<number, FileEntry> | undefined;
  let terminalFiles: ReadonlyMap<number, readonly FileEntry[]> | undefined;
  let unixPeers: ReadonlySet<number> | undefined;
  return {
    files,
    tables,
    filesIds: new Map([...owners].flatMap(([id, pids]) => pids.map((pid) => [pid, id] as const))),
    machine,
    openFlags: new OpenFlags(machine),
    signals: signalTable(machine === MACHINE.mips ? 'MIPS' : ''),
    remaps: files.remaps,
    pipeData: await readPipeData(images, 'PIPES_DATA', signal),
    fifoData: await readPipeData(images, 'FIFO_DATA', signal),
    queues: await SocketQueues.load(images, signal),
    streams: await readStreams(images, signal),
    terminals: new Map(terminals.map((terminal) => [terminal.id, terminal])),
    terminalData: new Map(terminalData.map((data) => [data.tty_id, data])),
    table: (pid) => tableOf.get(pid),
    descriptor: (pid, fd) => {
      const table = tableOf.get(pid);
      if (!table) return undefined;
      let descriptors = byNumber.get(table);
      if (!descriptors) {
        descriptors = new Map(table.descriptors.map((descriptor) => [descriptor.fd, descriptor]));
        byNumber.set(table, descriptors);
      }
      return descriptors.get(fd);
    },
    locks: (pid, fd) => locksOf.get(key(pid, fd)) ?? [],
    holders: (fileId, most = MAX_HOLDERS) => holdersOf((holders ??= findSlots(tables)).get(fileId) ?? [], most),
    pipes: (kind, pipeId) => (pipes ??= findPipes(files)).get(`${kind} ${pipeId}`) ?? [],
    unixSocket: (inode) => (unixSockets ??= findUnixSockets(files)).get(inode),
    isUnixPeer: (inode) => (unixPeers ??= new Set([...files.entries].flatMap(({ usk }) => usk?.peer ?? []))).has(inode),
    terminalFiles: (id) => (terminalFiles ??= findTerminalFiles(files)).get(id) ?? [],
    pathEntry: (file) => files.entry(file.fifo?.regf_id ?? file.tty?.regf_id ?? file.id, FD_TYPE.reg)?.reg,
  };
}

/** A place in a table, which is a descriptor of each process that has the table. */
interface Slot {
  readonly fd: number;
  readonly pids: readonly number[];
}

function findSlots(tables: readonly DescriptorTable[]): ReadonlyMap<number, readonly Slot[]> {
  const slots = new Map<number, Slot[]>();
  for (const { pids, descriptors } of tables) {
    for (const { fd, fileId } of descriptors) {
      const list = slots.get(fileId);
      if (list) list.push({ fd, pids });
      else slots.set(fileId, [{ fd, pids }]);
    }
  }
  return slots;
}

/** More than a person looks through: a hostile table shared by all processes would make millions. */
const MAX_HOLDERS = 10_000;

function holdersOf(slots: readonly Slot[], most: number): readonly Holder[] {
  const holders: Holder[] = [];
  for (const { fd, pids } of slots) {
    for (const pid of pids) {
      if (holders.length === most) return holders;
      holders.push({ pid, fd });
    }
  }
  return holders;
}

function findPipes(files: FileTable): ReadonlyMap<string, readonly FileEntry[]> {
  const ends = [...files.entries].filter(({ pipe, fifo }) => pipe ?? fifo);
  return Map.groupBy(ends, ({ pipe, fifo }) => (pipe ? `pipe ${pipe.pipe_id}` : `fifo ${fifo?.pipe_id ?? ''}`));
}

/** By CRIU's number of the terminal. */
function findTerminalFiles(files: FileTable): ReadonlyMap<number, readonly FileEntry[]> {
  return Map.groupBy(
    [...files.entries].filter(({ tty }) => tty),
    ({ tty }) => tty?.tty_info_id ?? 0,
  );
}

/** By inode; one that an image names twice stands for the first. */
function findUnixSockets(files: FileTable): ReadonlyMap<number, FileEntry> {
  const found = new Map<number, FileEntry>();
  for (const file of files.entries) {
    if (file.usk && file.usk.ino !== 0 && !found.has(file.usk.ino)) found.set(file.usk.ino, file);
  }
  return found;
}

function key(pid: number, fd: number): string {
  return `${pid}/${fd}`;
}

/** An image that most dumps do not have. */
async function optional<K extends KindName>(images: ImageDirectory, kind: K, signal?: AbortSignal) {
  const name = fileOf(kind);
  return images.has(name) ? known(images, kind, name, signal) : [];
}

async function readPipeData(
  images: ImageDirectory,
  kind: 'PIPES_DATA' | 'FIFO_DATA',
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, PipeData>> {
  const name = fileOf(kind);
  const image = images.has(name) ? await images.image(name, signal) : undefined;
  const found = new Map<number, PipeData>();
  for (const { type, message, extra } of image?.entries ?? []) {
    if (type !== 'pipe_data_entry') continue;
    const { pipe_id, bytes, size } = message as { pipe_id: number; bytes: number; size?: number };
    const span = extra?.type === 'bytes' ? extra.span : undefined;
    found.set(pipe_id, { image: name, bytes, ...(size !== undefined && { capacity: size }), ...(span && { span }) });
  }
  return found;
}

/** The most of it that is read: it holds three names. */
const MAX_STREAMS = 64 * 1024;

/** descriptors.json, which runc and crun write beside the images: what stood behind descriptors 0, 1 and 2. */
async function readStreams(images: ImageDirectory, signal?: AbortSignal): Promise<readonly string[]> {
  const source = images.has('descriptors.json') ? await images.open('descriptors.json', signal) : undefined;
  if (!source) return [];
  try {
    const text = new TextDecoder().decode(await source.read(0, MAX_STREAMS, signal));
    return asTexts(parseEmbedded(text));
  } finally {
    await source.close();
  }
}
