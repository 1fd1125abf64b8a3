import type { FileEntry } from '../../criu/schema/generated/messages.ts';
import type { ImageDirectory, MessageOf } from '../../criu/image-directory.ts';
import { fileOf, type KindName } from '../../criu/kinds.ts';
import { known } from '../known-images.ts';

/** Types of files. Source: criu images/fdinfo.proto, fd_types. */
export const FD_TYPE = {
  reg: 1,
  pipe: 2,
  fifo: 3,
  inetsk: 4,
  unixsk: 5,
  eventfd: 6,
  eventpoll: 7,
  inotify: 8,
  signalfd: 9,
  packetsk: 10,
  tty: 11,
  fanotify: 12,
  netlinksk: 13,
  ns: 14,
  tunfile: 15,
  ext: 16,
  timerfd: 17,
  memfd: 18,
  bpfmap: 19,
  pidfd: 20,
} as const;

/** One of {@link FD_TYPE}, or a number that no CRIU of today writes. */
export type FileType = number;

/** CRIU's own words for them, by number. */
const TYPE_NAMES =
  'UND REG PIPE FIFO INETSK UNIXSK EVENTFD EVENTPOLL INOTIFY SIGNALFD PACKETSK TTY FANOTIFY NETLINKSK NS TUNF EXT TIMERFD MEMFD BPFMAP PIDFD'.split(
    ' ',
  );

export function typeName(type: FileType): string {
  return TYPE_NAMES[type] ?? `TYPE_${type}`;
}

/** Where dumps before CRIU 3.4 kept what they tell of files of a type, the file itself first. */
export const SPLIT_IMAGES: Readonly<Partial<Record<FileType, readonly KindName[]>>> = {
  [FD_TYPE.reg]: ['REG_FILES'],
  [FD_TYPE.pipe]: ['PIPES'],
  [FD_TYPE.fifo]: ['FIFO', 'REG_FILES'],
  [FD_TYPE.inetsk]: ['INETSK'],
  [FD_TYPE.unixsk]: ['UNIXSK'],
  [FD_TYPE.eventfd]: ['EVENTFD_FILE'],
  [FD_TYPE.eventpoll]: ['EVENTPOLL_FILE', 'EVENTPOLL_TFD'],
  [FD_TYPE.inotify]: ['INOTIFY_FILE', 'INOTIFY_WD'],
  [FD_TYPE.signalfd]: ['SIGNALFD'],
  [FD_TYPE.packetsk]: ['PACKETSK'],
  [FD_TYPE.tty]: ['TTY_FILES', 'REG_FILES'],
  [FD_TYPE.fanotify]: ['FANOTIFY_FILE', 'FANOTIFY_MARK'],
  [FD_TYPE.netlinksk]: ['NETLINK_SK'],
  [FD_TYPE.ns]: ['NS_FILES'],
  [FD_TYPE.tunfile]: ['TUNFILE'],
  [FD_TYPE.ext]: ['EXT_FILES'],
  [FD_TYPE.timerfd]: ['TIMERFD'],
  [FD_TYPE.bpfmap]: ['BPFMAP_FILE'],
  [FD_TYPE.pidfd]: ['PIDFD'],
};

type Convert<K extends KindName> = (message: MessageOf<K>) => FileEntry;

/**
 * Files of dumps before CRIU 3.4, which wrote an image for each type, in the form of files.img; none where there are no
 * such images. Watches and poll targets that lay in images of their own are put into the files that they belong to.
 */
export async function splitFiles(images: ImageDirectory, signal?: AbortSignal): Promise<readonly FileEntry[]> {
  const files: FileEntry[] = [];
  const read = async <K extends KindName>(kind: K): Promise<readonly MessageOf<K>[]> =>
    images.has(fileOf(kind)) ? known(images, kind, fileOf(kind), signal) : [];
  const add = async <K extends KindName>(kind: K, convert: Convert<K>): Promise<void> => {
    for (const message of await read(kind)) files.push(convert(message));
  };
  await add('REG_FILES', (reg) => ({ type: FD_TYPE.reg, id: reg.id, reg }));
  await add('EXT_FILES', (ext) => ({ type: FD_TYPE.ext, id: ext.id, ext }));
  await add('NS_FILES', (nsf) => ({ type: FD_TYPE.ns, id: nsf.id, nsf }));
  await add('PIPES', (pipe) => ({ type: FD_TYPE.pipe, id: pipe.id, pipe }));
  await add('FIFO', (fifo) => ({ type: FD_TYPE.fifo, id: fifo.id, fifo }));
  await add('UNIXSK', (usk) => ({ type: FD_TYPE.unixsk, id: usk.id, usk }));
  await add('INETSK', (isk) => ({ type: FD_TYPE.inetsk, id: isk.id, isk }));
  await add('PACKETSK', (psk) => ({ type: FD_TYPE.packetsk, id: psk.id, psk }));
  await add('NETLINK_SK', (nlsk) => ({ type: FD_TYPE.netlinksk, id: nlsk.id, nlsk }));
  await add('EVENTFD_FILE', (efd) => ({ type: FD_TYPE.eventfd, id: efd.id, efd }));
  await add('SIGNALFD', (sgfd) => ({ type: FD_TYPE.signalfd, id: sgfd.id, sgfd }));
  await add('TIMERFD', (tfd) => ({ type: FD_TYPE.timerfd, id: tfd.id, tfd }));
  await add('TUNFILE', (tunf) => ({ type: FD_TYPE.tunfile, id: tunf.id, tunf }));
  await add('TTY_FILES', (tty) => ({ type: FD_TYPE.tty, id: tty.id, tty }));
  await add('PIDFD', (pidfd) => ({ type: FD_TYPE.pidfd, id: pidfd.id, pidfd }));
  await add('BPFMAP_FILE', (bpf) => ({ type: FD_TYPE.bpfmap, id: bpf.id, bpf }));

  const targets = byFile(await read('EVENTPOLL_TFD'));
  await add('EVENTPOLL_FILE', (epfd) => ({
    type: FD_TYPE.eventpoll,
    id: epfd.id,
    epfd: withParts(epfd, 'tfd', targets.get(epfd.id)),
  }));
  const watches = byFile(await read('INOTIFY_WD'));
  await add('INOTIFY_FILE', (ify) => ({
    type: FD_TYPE.inotify,
    id: ify.id,
    ify: withParts(ify, 'wd', watches.get(ify.id)),
  }));
  const marks = byFile(await read('FANOTIFY_MARK'));
  await add('FANOTIFY_FILE', (ffy) => ({
    type: FD_TYPE.fanotify,
    id: ffy.id,
    ffy: withParts(ffy, 'mark', marks.get(ffy.id)),
  }));
  return files;
}

function byFile<T extends { readonly id: number }>(parts: readonly T[]): ReadonlyMap<number, readonly T[]> {
  return Map.groupBy(parts, ({ id }) => id);
}

/** A message whose list goes on with parts from elsewhere. What it lacks it still inherits: it may be damaged. */
function withParts<K extends string, Part, M extends Readonly<Record<K, readonly Part[]>>>(
  message: M,
  key: K,
  parts: readonly Part[] | undefined,
): M {
  if (!parts) return message;
  return Object.assign(Object.create(message) as M, { [key]: [...message[key], ...parts] });
}
