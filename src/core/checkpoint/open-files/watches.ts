import type {
  EpollFacts,
  FanotifyFacts,
  FileHandleFacts,
  MarkFacts,
  WatchListFacts,
} from '../../../protocol/open-files.ts';
import type {
  EventpollFileEntry,
  FanotifyFileEntry,
  FhEntry,
  InotifyFileEntry,
} from '../../criu/schema/generated/messages.ts';
import { describeFile } from './describe-file.ts';
import type { FileIndex } from './file-index.ts';
import { maskNames } from './flag-words.ts';

/**
 * What an epoll waits for. The kernel watches files, and remembers under which number each was given: what the process
 * has at that number now is told where it is the watched one, as far as the dump can tell.
 */
export function describeEpoll(epoll: EventpollFileEntry, pid: number, index: FileIndex): EpollFacts {
  const targets = epoll.tfd.map(({ tfd, events, data, inode, dev, pos }) => {
    const file = index.descriptor(pid, tfd)?.file;
    const now = file && describeFile(file, index);
    // The inode of anonymous files is one and the same for all of them, and in no image: nothing to compare.
    const another = inode !== undefined && now?.inode !== undefined && now.inode !== inode;
    return {
      fd: tfd,
      events: maskNames('epoll', events),
      eventMask: events,
      data,
      ...(now && !another && { target: now.target, kind: now.kind }),
      ...(inode !== undefined && { inode }),
      ...(dev !== undefined && { device: dev }),
      ...(pos !== undefined && { position: pos }),
    };
  });
  return { of: 'epoll', targets };
}

export function describeInotify(inotify: InotifyFileEntry): WatchListFacts {
  const watches = inotify.wd.map(({ wd, mask, ignored_mask, i_ino, s_dev, f_handle }) => ({
    watch: wd,
    events: maskNames('inotify', mask),
    mask,
    ignoredMask: ignored_mask,
    inode: i_ino,
    device: s_dev,
    ...(f_handle.path !== undefined && { path: f_handle.path }),
    handle: describeHandle(f_handle),
  }));
  return { of: 'inotify', watches };
}

const MARK_ON_FILE = 1;
const MARK_ON_MOUNT = 2;

export function describeFanotify(fanotify: FanotifyFileEntry, index: FileIndex): FanotifyFacts {
  const marks = fanotify.mark.map((mark): MarkFacts => {
    const { type, mask, ignored_mask, mflags, s_dev, ie, me } = mark;
    const on = type === MARK_ON_FILE ? 'file' : type === MARK_ON_MOUNT ? 'mount' : 'unknown';
    const path = ie?.f_handle.path ?? me?.path;
    return {
      on,
      events: maskNames('fanotify', mask),
      mask,
      ignored: maskNames('fanotify', ignored_mask),
      ignoredMask: ignored_mask,
      settings: maskNames('fanotifyMark', mflags),
      settingsMask: mflags,
      device: s_dev,
      ...(ie && { inode: ie.i_ino, handle: describeHandle(ie.f_handle) }),
      ...(me && { mountId: me.mnt_id }),
      ...(path !== undefined && { path }),
    };
  });
  return {
    of: 'fanotify',
    settings: maskNames('fanotifyInit', fanotify.faflags),
    settingsMask: fanotify.faflags,
    eventFlags: index.openFlags.names(fanotify.evflags),
    eventFlagsMask: fanotify.evflags,
    marks,
  };
}

function describeHandle(handle: FhEntry): FileHandleFacts {
  return { type: handle.type, bytes: fileHandle(handle) };
}

/** The handle's bytes in hexadecimal. CRIU keeps them in 64-bit words as they stood in memory. */
export function fileHandle({ bytes, handle }: FhEntry): string {
  const words = Buffer.alloc(handle.length * 8);
  handle.forEach((word, index) => words.writeBigUInt64LE(word, index * 8));
  return words.subarray(0, bytes).toString('hex');
}
