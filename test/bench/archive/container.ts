import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { encodeImage, type Fields } from './image.ts';
import { layOutMemory, PAGE, pagemapEntries } from './memory.ts';
import { mountEntries } from './mounts.ts';
import { type Filler, writeFiller } from './page-contents.ts';
import type { SyntheticProcess } from './processes.ts';
import { type Content, packTar } from './tar-file.ts';
import { leaderCore, threadCore, zombieCore } from './thread.ts';

/**
 * Whose images they are like: `4.2` counts pages in a field of 64 bits, `4.1` in the older one of 32, and `3.3` (before
 * files.img) writes one image for each kind of open file.
 */
export type CriuVersion = '4.2' | '4.1' | '3.3';

/** Namespace ids as CRIU numbers them when a container has one of each kind. */
const namespaces = { pid: 9, net: 2, ipc: 10, uts: 11, mnt: 12, user: 7, cgroup: 13, time: 5 };
const rootMount = 146;
const devMount = 149;

interface OpenFiles {
  readonly regular: Fields[];
  readonly pipes: Fields[];
}

/** The images of a container, by name, in the order in which a folder is walked: that of the engines' archives. */
export function makeImages(
  processes: readonly SyntheticProcess[],
  options: { readonly criu: CriuVersion; readonly filler: Filler; readonly hostname: string },
): [name: string, content: Content][] {
  const images = new Map<string, Content>();
  const files: OpenFiles = { regular: [], pipes: [] };
  const nextFileId = counter(1);
  const executables = new Map<string, number>();
  const libraryId = addRegular(files, nextFileId(), '/lib/x86_64-linux-gnu/libc.so.6', {
    size: 1_926_256,
    mode: 0o100755,
  });

  processes.forEach((process, index) => {
    const objectId = index + 2;
    if (process.state === 'zombie') {
      images.set(`core-${process.pid}.img`, encodeImage('CORE', [zombieCore(process)]));
      return;
    }
    let executableId = executables.get(process.executable);
    if (executableId === undefined) {
      executableId = addRegular(files, nextFileId(), process.executable, { size: 2_063_232, mode: 0o100755 });
      executables.set(process.executable, executableId);
    }
    const space = layOutMemory(process, { executable: executableId, library: libraryId });
    const [leader, ...others] = process.threads;
    images.set(`core-${leader ?? process.pid}.img`, encodeImage('CORE', [leaderCore(process, index)]));
    for (const tid of others) images.set(`core-${tid}.img`, encodeImage('CORE', [threadCore(process, tid, index)]));
    images.set(`mm-${process.pid}.img`, encodeImage('MM', [space.mm]));
    images.set(`ids-${process.pid}.img`, encodeImage('IDS', [idsOf(objectId)]));
    images.set(`fs-${process.pid}.img`, encodeImage('FS', [fsOf(process, files, nextFileId)]));
    images.set(`fdinfo-${objectId}.img`, encodeImage('FDINFO', descriptorsOf(files, nextFileId)));
    const pagesId = index + 1;
    const pagemap = pagemapEntries(space.runs, options.criu !== '4.2');
    images.set(`pagemap-${process.pid}.img`, encodeImage('PAGEMAP', [{ pages_id: pagesId }, ...pagemap]));
    images.set(`pages-${pagesId}.img`, {
      size: space.runs.reduce((bytes, run) => bytes + run.pages * PAGE, 0),
      writeTo: (sink) => {
        space.runs.forEach((run, number) => {
          if (run.content) sink.write(run.content);
          else writeFiller(sink, run.pages, options.filler, process.pid * 65_536 + number);
        });
      },
    });
  });

  if (options.criu === '3.3') {
    images.set('reg-files.img', encodeImage('REG_FILES', files.regular));
    images.set('pipes.img', encodeImage('PIPES', files.pipes));
  } else {
    const entries = [
      ...files.regular.map((reg) => ({ type: 'REG', id: reg['id'], reg })),
      ...files.pipes.map((pipe) => ({ type: 'PIPE', id: pipe['id'], pipe })),
    ];
    images.set('files.img', encodeImage('FILES', entries));
  }
  addContainerImages(images, processes, options.hostname);
  return [...images].sort(([one], [other]) => (one < other ? -1 : 1));
}

function addContainerImages(
  images: Map<string, Content>,
  processes: readonly SyntheticProcess[],
  hostname: string,
): void {
  const rootIds = {
    ...idsOf(1),
    net_ns_id: 2,
    ipc_ns_id: 3,
    uts_ns_id: 4,
    mnt_ns_id: 6,
    pid_ns_id: 1,
    cgroup_ns_id: 8,
  };
  images.set(
    'inventory.img',
    encodeImage('INVENTORY', [
      {
        img_version: 2,
        fdinfo_per_id: true,
        root_ids: rootIds,
        ns_per_id: true,
        root_cg_set: 1,
        lsmtype: 'NO_LSM',
        dump_uptime: 3_810_646_319n,
        network_lock_method: 0,
        plugins_entry: {},
        dump_criu_run_id: '63a5d7b9-028b-482a-acbe-ab572b6bf729',
      },
    ]),
  );
  images.set(
    'pstree.img',
    encodeImage(
      'PSTREE',
      processes.map(({ pid, ppid, threads }) => ({ pid, ppid, pgid: pid, sid: processes[0]?.pid ?? 0, threads })),
    ),
  );
  images.set(`mountpoints-${namespaces.mnt}.img`, encodeImage('MNTS', mountEntries(rootMount, devMount)));
  images.set(`utsns-${namespaces.uts}.img`, encodeImage('UTSNS', [{ nodename: hostname, domainname: '(none)' }]));
  images.set(
    'timens-0.img',
    encodeImage('TIMENS', [{ monotonic: { tv_sec: 3810, tv_nsec: 1 }, boottime: { tv_sec: 3810, tv_nsec: 2 } }]),
  );
  images.set('tmpfs-dev-72.tar.gz.img', gzipSync(packTar([[{ name: '.', type: 'directory', mode: 0o755 }]])));
  images.set('descriptors.json', Buffer.from('["/dev/null","pipe:[542234]","pipe:[542235]"]'));
  const alive = processes.filter(({ state }) => state !== 'zombie');
  // Container engines give every process a filter of its own copy: this image is large where there are many processes.
  const filter = Buffer.alloc(9_300, 0x15);
  images.set('seccomp.img', encodeImage('SECCOMP', [{ seccomp_filters: alive.map(() => ({ filter, flags: 0 })) }]));
  const controllers = ['', 'cpu', 'cpuset', 'memory', 'pids'].map((name) => ({
    name,
    path: '/libpod_parent/libpod-0123456789abcdef',
  }));
  images.set(
    'cgroup.img',
    encodeImage('CGROUP', [{ sets: alive.map((_, index) => ({ id: index + 2, ctls: controllers })) }]),
  );
}

function idsOf(objectId: number): Fields {
  return {
    vm_id: objectId,
    files_id: objectId,
    fs_id: objectId,
    sighand_id: objectId,
    ...Object.fromEntries(Object.entries(namespaces).map(([name, id]) => [`${name}_ns_id`, id])),
  };
}

function fsOf(process: SyntheticProcess, files: OpenFiles, nextFileId: () => number): Fields {
  const cwd = addRegular(files, nextFileId(), process.workingDirectory, { mode: 0o40755 });
  const root = addRegular(files, nextFileId(), '/', { mode: 0o40755 });
  return { cwd_id: cwd, root_id: root, umask: 0o022 };
}

/** Standard input from /dev/null, standard output and error into the engine's pipes. */
function descriptorsOf(files: OpenFiles, nextFileId: () => number): Fields[] {
  if (files.pipes.length === 0) {
    for (const pipe of [542_234, 542_235])
      files.pipes.push({ id: nextFileId(), pipe_id: pipe, flags: 1, fown: nobody });
  }
  const input = addRegular(files, nextFileId(), '/dev/null', { mode: 0o20666, mount: devMount });
  const [output, error] = files.pipes;
  return [
    { id: input, flags: 0, type: 'REG', fd: 0 },
    { id: output?.['id'], flags: 0, type: 'PIPE', fd: 1 },
    { id: error?.['id'], flags: 0, type: 'PIPE', fd: 2 },
  ];
}

const nobody: Fields = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };

function addRegular(
  files: OpenFiles,
  id: number,
  name: string,
  facts: { readonly size?: number; readonly mode: number; readonly mount?: number },
): number {
  const { size, mode, mount = rootMount } = facts;
  files.regular.push({
    id,
    flags: 0,
    pos: 0,
    fown: nobody,
    name,
    mnt_id: mount,
    mode,
    ...(size !== undefined && { size }),
  });
  return id;
}

function counter(first: number): () => number {
  let next = first;
  return () => next++;
}
