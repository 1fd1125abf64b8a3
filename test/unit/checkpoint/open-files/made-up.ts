import type { MountFacts } from '../../../../src/protocol/mounts.ts';
import { DumpedFiles } from '../../../../src/core/checkpoint/open-files/open-files.ts';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import { entry, image } from '../../criu/build-image.ts';
import { memoryFiles } from '../../support/memory-files.ts';

export const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };

/** A process with its core image, and a table of descriptors of its own where `files_id` is not shared. */
export interface MadeUpProcess {
  readonly pid: number;
  readonly comm?: string;
  readonly filesId: number;
  readonly machine?: string;
  readonly netNs?: number;
}

/** One entry of files.img. */
export type MadeUpFile = readonly [type: keyof typeof FD_TYPE, message: Readonly<Record<string, unknown>>];

/** A regular file of a name. */
export const reg = (id: number, name: string, more: object = {}) =>
  ['reg', { id, flags: 0, pos: 0, fown, name, ...more }] as const;

/** An entry of tty-info.img. */
export const terminalInfo = (facts: Readonly<Record<string, unknown>>): Uint8Array =>
  entry('tty_info_entry', { type: 1, locked: false, exclusive: false, packet_mode: false, ...facts });

/** By type: the member of file_entry that holds its message. */
const MEMBERS: Readonly<Record<keyof typeof FD_TYPE, string>> = {
  reg: 'reg',
  pipe: 'pipe',
  fifo: 'fifo',
  inetsk: 'isk',
  unixsk: 'usk',
  eventfd: 'efd',
  eventpoll: 'epfd',
  inotify: 'ify',
  signalfd: 'sgfd',
  packetsk: 'psk',
  tty: 'tty',
  fanotify: 'ffy',
  netlinksk: 'nlsk',
  ns: 'nsf',
  tunfile: 'tunf',
  ext: 'ext',
  timerfd: 'tfd',
  memfd: 'memfd',
  bpfmap: 'bpf',
  pidfd: 'pidfd',
};

/** files.img of messages that have an id each. */
export function filesImage(...files: readonly MadeUpFile[]): Uint8Array {
  return image(
    'FILES',
    ...files.map(([type, message]) =>
      entry('file_entry', { type: FD_TYPE[type], id: message['id'], [MEMBERS[type]]: message }),
    ),
  );
}

/** fdinfo-N.img: descriptor numbers to ids and types of files. */
export function fdinfoImage(
  slots: Readonly<Record<number, readonly [id: number, type: keyof typeof FD_TYPE]>>,
): Uint8Array {
  return image(
    'FDINFO',
    ...Object.entries(slots).map(([fd, [id, type]]) =>
      entry('fdinfo_entry', { id, flags: 0, type: FD_TYPE[type], fd: Number(fd) }),
    ),
  );
}

/** The images of processes without memory. */
export function processImages(...processes: readonly MadeUpProcess[]): Readonly<Record<string, Uint8Array>> {
  const images: Record<string, Uint8Array> = {
    'pstree.img': image(
      'PSTREE',
      ...processes.map(({ pid }, index) =>
        entry('pstree_entry', { pid, ppid: index === 0 ? 0 : 1, pgid: 1, sid: 1, threads: [pid] }),
      ),
    ),
  };
  for (const { pid, comm = `process-${pid}`, filesId, machine = 'X86_64', netNs = 1 } of processes) {
    const ids = { vm_id: pid, files_id: filesId, fs_id: 1, sighand_id: 1, net_ns_id: netNs };
    const tc = { task_state: 1, exit_code: 0, personality: 0, flags: 0, blk_sigset: 0, comm };
    images[`core-${pid}.img`] = image('CORE', entry('core_entry', { mtype: machine, tc, ids }));
  }
  return images;
}

/** Open files over images in memory; what was noted of them beside. */
export function openFilesOf(
  images: Readonly<Record<string, Uint8Array>>,
  mounts: readonly MountFacts[] = [],
): { readonly files: DumpedFiles; readonly notebook: Notebook; readonly directory: ImageDirectory } {
  const directory = new ImageDirectory(memoryFiles(images), '');
  const notebook = new Notebook();
  const processes = new Processes(directory, notebook);
  const files = new DumpedFiles({ images: directory, processes, notebook, mounts: () => Promise.resolve(mounts) });
  return { files, notebook, directory };
}
