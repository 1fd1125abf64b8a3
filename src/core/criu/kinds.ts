import type { MessageName } from './schema.ts';

/**
 * How an image is put together: `common` and `service` start with that word and the kind's magic, `inventory` with its
 * magic alone, `raw` holds no messages at all, `bare` is one message without head and length.
 */
export type Framing = 'common' | 'service' | 'inventory' | 'raw' | 'bare';

/** What follows a message before the next one; see extras.ts. */
export type ExtraRule =
  | 'bpfmap-data'
  | 'ghost-content'
  | 'ipc-messages'
  | 'ipc-semaphores'
  | 'ipc-shared-memory'
  | 'pipe-data'
  | 'socket-packet'
  | 'tcp-queues';

/** What a raw image holds, where it is read; see raw/raw-image.ts. */
export type RawForm =
  'addresses' | 'conntrack' | 'iptables' | 'names' | 'nftables' | 'old-pages' | 'routes' | 'rules' | 'tar' | 'text';

export interface Kind {
  /** Unique here. */
  readonly kind: string;
  /** The name that crit gives it, where several kinds have one. */
  readonly crit?: string;
  /** File name with `%u` for a decimal id, `%x` for a hexadecimal one, `%s` for a word. */
  readonly file: string;
  /** Absent for raw and bare images. */
  readonly magic?: number;
  readonly framing: Framing;
  /** Absent where no schema is known. */
  readonly message?: MessageName;
  /** The message of the first entry, where it differs. */
  readonly head?: MessageName;
  readonly extra?: ExtraRule;
  /** Of raw images; absent where their bytes are all there is to say. */
  readonly content?: RawForm;
  /** `split`: part of files.img since CRIU 3.4. `legacy`: other images took its place. `fork`: not of CRIU itself. */
  readonly status?: 'split' | 'legacy' | 'fork' | 'plugin';
  /** The first CRIU version that writes it, where it is known. */
  readonly since?: string;
}

/** First word of images since version 1.1 of the format, and of what is written beside a dump. */
export const IMG_COMMON = 0x54564319;
export const IMG_SERVICE = 0x55105940;

/**
 * Every kind of image, one row a line. Facts: CRIU's criu/image-desc.c, criu/include/magic.h and images/*.proto; crit's
 * lib/pycriu/images/images.py for what follows the messages.
 */
// prettier-ignore
export const KINDS = [
  // What the dump is.
  { kind: 'INVENTORY', file: 'inventory.img', magic: 0x58313116, framing: 'inventory', message: 'inventory_entry' },
  { kind: 'PSTREE', file: 'pstree.img', magic: 0x50273030, framing: 'common', message: 'pstree_entry' },
  { kind: 'STATS', file: 'stats-%s', magic: 0x57093306, framing: 'service', message: 'stats_entry' },
  { kind: 'IRMAP_CACHE', file: 'irmap-cache', magic: 0x57004059, framing: 'service', message: 'irmap_cache_entry' },
  { kind: 'CPUINFO', file: 'cpuinfo.img', magic: 0x61404013, framing: 'common', message: 'cpuinfo_entry' },
  { kind: 'CIPHER', file: 'cipher.img', magic: 0x50034653, framing: 'common', message: 'cipher_entry', status: 'fork' },
  { kind: 'DESCRIPTORS', file: 'descriptors.json', framing: 'raw', content: 'names' },
  { kind: 'DUMP_LOG', file: 'dump.log', framing: 'raw', content: 'text' },
  { kind: 'RESTORE_LOG', file: 'restore.log', framing: 'raw', content: 'text' },

  // Processes and threads; `%u` is a pid in the container's namespace, of CORE a thread id.
  { kind: 'CORE', file: 'core-%u.img', magic: 0x55053847, framing: 'common', message: 'core_entry' },
  { kind: 'IDS', file: 'ids-%u.img', magic: 0x54432030, framing: 'common', message: 'task_kobj_ids_entry' },
  { kind: 'CREDS', file: 'creds-%u.img', magic: 0x54023547, framing: 'common', message: 'creds_entry', status: 'legacy' },
  { kind: 'SIGACT', file: 'sigacts-%u.img', magic: 0x55344201, framing: 'common', message: 'sa_entry', status: 'legacy' },
  { kind: 'SIGNAL', file: 'signal-s-%u.img', magic: 0x59255647, framing: 'common', message: 'siginfo_entry', status: 'legacy' },
  { kind: 'PSIGNAL', file: 'signal-p-%u.img', magic: 0x59255647, framing: 'common', message: 'siginfo_entry', status: 'legacy' },
  { kind: 'ITIMERS', file: 'itimers-%u.img', magic: 0x57464056, framing: 'common', message: 'itimer_entry', status: 'legacy' },
  { kind: 'POSIX_TIMERS', file: 'posix-timers-%u.img', magic: 0x52603957, framing: 'common', message: 'posix_timer_entry', status: 'legacy' },
  { kind: 'RLIMIT', file: 'rlimit-%u.img', magic: 0x57113925, framing: 'common', message: 'rlimit_entry', status: 'legacy' },

  // Memory.
  { kind: 'MM', file: 'mm-%u.img', magic: 0x57492820, framing: 'common', message: 'mm_entry' },
  { kind: 'VMAS', file: 'vmas-%u.img', magic: 0x54123737, framing: 'common', message: 'vma_entry', status: 'legacy' },
  { kind: 'PAGEMAP', file: 'pagemap-%u.img', magic: 0x56084025, framing: 'common', message: 'pagemap_entry', head: 'pagemap_head' },
  { kind: 'SHMEM_PAGEMAP', crit: 'PAGEMAP', file: 'pagemap-shmem-%u.img', magic: 0x56084025, framing: 'common', message: 'pagemap_entry', head: 'pagemap_head' },
  { kind: 'PAGES', file: 'pages-%u.img', framing: 'raw' },
  // Before CRIU 1.0 pages stood between their addresses, without a pagemap.
  { kind: 'PAGES_OLD', file: 'pages-%u.img', magic: 0x56084025, framing: 'raw', content: 'old-pages', status: 'legacy' },
  { kind: 'SHM_PAGES_OLD', file: 'pages-shmem-%u.img', magic: 0x56084025, framing: 'raw', content: 'old-pages', status: 'legacy' },
  { kind: 'COMPRESSED_PAGES', file: 'pages-%u.comp.img', framing: 'raw', status: 'fork' },
  { kind: 'MEMFD_INODE', file: 'memfd.img', magic: 0x48453499, framing: 'common', message: 'memfd_inode_entry', since: '3.14' },

  // Open files. FDINFO's id is the ids' files_id.
  { kind: 'FS', file: 'fs-%u.img', magic: 0x51403912, framing: 'common', message: 'fs_entry' },
  { kind: 'FDINFO', file: 'fdinfo-%u.img', magic: 0x56213732, framing: 'common', message: 'fdinfo_entry' },
  { kind: 'FILES', file: 'files.img', magic: 0x56303138, framing: 'common', message: 'file_entry', since: '3.4' },
  { kind: 'REG_FILES', file: 'reg-files.img', magic: 0x50363636, framing: 'common', message: 'reg_file_entry', status: 'split' },
  { kind: 'EXT_FILES', file: 'ext-files.img', magic: 0x59255641, framing: 'common', message: 'ext_file_entry', status: 'split' },
  { kind: 'NS_FILES', file: 'ns-files.img', magic: 0x61394011, framing: 'common', message: 'ns_file_entry', status: 'split' },
  { kind: 'PIPES', file: 'pipes.img', magic: 0x56513555, framing: 'common', message: 'pipe_entry', status: 'split' },
  { kind: 'FIFO', file: 'fifo.img', magic: 0x58364939, framing: 'common', message: 'fifo_entry', status: 'split' },
  { kind: 'UNIXSK', file: 'unixsk.img', magic: 0x54373943, framing: 'common', message: 'unix_sk_entry', status: 'split' },
  { kind: 'INETSK', file: 'inetsk.img', magic: 0x56443851, framing: 'common', message: 'inet_sk_entry', status: 'split' },
  { kind: 'PACKETSK', file: 'packetsk.img', magic: 0x60454618, framing: 'common', message: 'packet_sock_entry', status: 'split' },
  { kind: 'NETLINK_SK', file: 'netlinksk.img', magic: 0x58005614, framing: 'common', message: 'netlink_sk_entry', status: 'split' },
  { kind: 'EVENTFD_FILE', file: 'eventfd.img', magic: 0x44523722, framing: 'common', message: 'eventfd_file_entry', status: 'split' },
  { kind: 'EVENTPOLL_FILE', file: 'eventpoll.img', magic: 0x45023858, framing: 'common', message: 'eventpoll_file_entry', status: 'split' },
  { kind: 'EVENTPOLL_TFD', file: 'eventpoll-tfd.img', magic: 0x44433746, framing: 'common', message: 'eventpoll_tfd_entry', status: 'legacy' },
  { kind: 'SIGNALFD', file: 'signalfd.img', magic: 0x57323820, framing: 'common', message: 'signalfd_entry', status: 'split' },
  { kind: 'TIMERFD', file: 'timerfd.img', magic: 0x50493712, framing: 'common', message: 'timerfd_entry', status: 'split' },
  { kind: 'INOTIFY_FILE', file: 'inotify.img', magic: 0x48424431, framing: 'common', message: 'inotify_file_entry', status: 'split' },
  { kind: 'INOTIFY_WD', file: 'inotify-wd.img', magic: 0x54562009, framing: 'common', message: 'inotify_wd_entry', status: 'legacy' },
  { kind: 'FANOTIFY_FILE', file: 'fanotify.img', magic: 0x55096122, framing: 'common', message: 'fanotify_file_entry', status: 'split' },
  { kind: 'FANOTIFY_MARK', file: 'fanotify-mark.img', magic: 0x56506035, framing: 'common', message: 'fanotify_mark_entry', status: 'legacy' },
  { kind: 'TUNFILE', file: 'tunfile.img', magic: 0x57143751, framing: 'common', message: 'tunfile_entry', status: 'split' },
  { kind: 'TTY_FILES', file: 'tty.img', magic: 0x59433025, framing: 'common', message: 'tty_file_entry', status: 'split' },
  { kind: 'PIDFD', file: 'pidfd.img', magic: 0x54435556, framing: 'common', message: 'pidfd_entry', status: 'split', since: '4.1' },
  { kind: 'BPFMAP_FILE', file: 'bpfmap-file.img', magic: 0x57506142, framing: 'common', message: 'bpfmap_file_entry', since: '3.15' },
  { kind: 'FILE_LOCKS', file: 'filelocks.img', magic: 0x54323616, framing: 'common', message: 'file_lock_entry' },
  { kind: 'REMAP_FPATH', file: 'remap-fpath.img', magic: 0x59133954, framing: 'common', message: 'remap_file_path_entry' },
  { kind: 'TTY_INFO', file: 'tty-info.img', magic: 0x59453036, framing: 'common', message: 'tty_info_entry' },
  { kind: 'TTY_DATA', file: 'tty-data.img', magic: 0x59413026, framing: 'common', message: 'tty_data_entry' },

  // Contents that no file system keeps. GHOST_FILE's id is a remap id, TCP_STREAM's an inode, both hexadecimal.
  { kind: 'GHOST_FILE', file: 'ghost-file-%x.img', magic: 0x52583605, framing: 'common', message: 'ghost_chunk_entry', head: 'ghost_file_entry', extra: 'ghost-content' },
  { kind: 'TCP_STREAM', file: 'tcp-stream-%x.img', magic: 0x51465506, framing: 'common', message: 'tcp_stream_entry', extra: 'tcp-queues' },
  { kind: 'MPTCP_STREAM', file: 'mptcp-stream-%x.img', magic: 0x51465507, framing: 'common', status: 'fork' },
  { kind: 'SK_QUEUES', file: 'sk-queues.img', magic: 0x56264026, framing: 'common', message: 'sk_packet_entry', extra: 'socket-packet' },
  { kind: 'PIPES_DATA', file: 'pipes-data.img', magic: 0x56453709, framing: 'common', message: 'pipe_data_entry', extra: 'pipe-data' },
  { kind: 'FIFO_DATA', file: 'fifo-data.img', magic: 0x59333054, framing: 'common', message: 'pipe_data_entry', extra: 'pipe-data' },
  { kind: 'BPFMAP_DATA', file: 'bpfmap-data.img', magic: 0x64324033, framing: 'common', message: 'bpfmap_data_entry', extra: 'bpfmap-data', since: '3.15' },

  // Namespaces; `%u` is the namespace's id from the ids.
  { kind: 'UTSNS', file: 'utsns-%u.img', magic: 0x54473203, framing: 'common', message: 'utsns_entry' },
  { kind: 'USERNS', file: 'userns-%u.img', magic: 0x55474906, framing: 'common', message: 'userns_entry' },
  { kind: 'TIMENS', file: 'timens-%u.img', magic: 0x43114433, framing: 'common', message: 'timens_entry', since: '3.14' },
  { kind: 'PIDNS', file: 'pidns-%u.img', magic: 0x61157326, framing: 'common', message: 'pidns_entry', since: '3.15' },
  { kind: 'IPC_VAR', file: 'ipcns-var-%u.img', magic: 0x53115007, framing: 'common', message: 'ipc_var_entry' },
  { kind: 'IPCNS_SHM', file: 'ipcns-shm-%u.img', magic: 0x46283044, framing: 'common', message: 'ipc_shm_entry', extra: 'ipc-shared-memory' },
  { kind: 'IPCNS_MSG', file: 'ipcns-msg-%u.img', magic: 0x55453737, framing: 'common', message: 'ipc_msg_entry', extra: 'ipc-messages' },
  { kind: 'IPCNS_SEM', file: 'ipcns-sem-%u.img', magic: 0x59573019, framing: 'common', message: 'ipc_sem_entry', extra: 'ipc-semaphores' },

  // Mounts, control groups, security.
  { kind: 'MNTS', file: 'mountpoints-%u.img', magic: 0x55563928, framing: 'common', message: 'mnt_entry' },
  { kind: 'TMPFS_DEV', file: 'tmpfs-dev-%u.tar.gz.img', framing: 'raw', content: 'tar' },
  { kind: 'TMPFS_IMG', file: 'tmpfs-%u.tar.gz.img', framing: 'raw', content: 'tar', status: 'legacy' },
  { kind: 'AUTOFS', file: 'autofs-%u.img', magic: 0x49353943, framing: 'common', message: 'autofs_entry' },
  { kind: 'BINFMT_MISC', file: 'binfmt-misc.img', magic: 0x67343323, framing: 'common', message: 'binfmt_misc_entry' },
  { kind: 'BINFMT_MISC_OLD', crit: 'BINFMT_MISC', file: 'binfmt-misc-%u.img', magic: 0x67343323, framing: 'common', message: 'binfmt_misc_entry', status: 'legacy' },
  { kind: 'CGROUP', file: 'cgroup.img', magic: 0x59383330, framing: 'common', message: 'cgroup_entry' },
  { kind: 'SECCOMP', file: 'seccomp.img', magic: 0x64413049, framing: 'common', message: 'seccomp_entry', since: '2.0' },
  { kind: 'APPARMOR', file: 'apparmor.img', magic: 0x59423047, framing: 'common', message: 'apparmor_entry', since: '3.16' },

  // The network namespace; the raw ones are what ip, iptables, nft and the kernel's conntrack gave.
  { kind: 'NETNS', file: 'netns-%u.img', magic: 0x55933752, framing: 'common', message: 'netns_entry' },
  { kind: 'NETDEV', file: 'netdev-%u.img', magic: 0x57373951, framing: 'common', message: 'net_device_entry' },
  { kind: 'IFADDR', file: 'ifaddr-%u.img', framing: 'raw', content: 'addresses' },
  { kind: 'ROUTE', file: 'route-%u.img', framing: 'raw', content: 'routes' },
  { kind: 'ROUTE6', file: 'route6-%u.img', framing: 'raw', content: 'routes' },
  { kind: 'RULE', file: 'rule-%u.img', framing: 'raw', content: 'rules' },
  { kind: 'IPTABLES', file: 'iptables-%u.img', framing: 'raw', content: 'iptables' },
  { kind: 'IP6TABLES', file: 'ip6tables-%u.img', framing: 'raw', content: 'iptables' },
  { kind: 'NFTABLES', file: 'nftables-%u.img', framing: 'raw', content: 'nftables', since: '3.14' },
  { kind: 'NETNF_CT', file: 'netns-ct-%u.img', framing: 'raw', content: 'conntrack' },
  { kind: 'NETNF_EXP', file: 'netns-exp-%u.img', framing: 'raw', content: 'conntrack' },

  // The amdgpu plugin.
  { kind: 'AMDGPU_KFD', file: 'amdgpu-kfd-%u.img', framing: 'bare', message: 'criu_kfd', status: 'plugin' },
  { kind: 'AMDGPU_RENDER', file: 'amdgpu-renderD-%u.img', framing: 'bare', message: 'criu_render_node', status: 'plugin' },
  { kind: 'AMDGPU_DMABUF', file: 'amdgpu-dmabuf_%u.img', framing: 'bare', message: 'criu_dmabuf_node', status: 'plugin' },
  { kind: 'AMDGPU_PAGES', file: 'amdgpu-pages-%u-%x.img', framing: 'raw', status: 'plugin' },
  { kind: 'AMDGPU_DRM_PAGES', file: 'amdgpu-drm-pages-%u-%u-%x.img', framing: 'raw', status: 'plugin' },
] as const satisfies readonly Kind[];

export type KindRow = (typeof KINDS)[number];
export type KindName = KindRow['kind'];

const rows: readonly Kind[] = KINDS;
const byKind = new Map(rows.map((row) => [row.kind, row]));
const byMagic = Map.groupBy(
  rows.filter((row) => row.magic !== undefined),
  (row) => row.magic as number,
);
const placeholders: Readonly<Record<string, string>> = { '%u': '(-?[0-9]+)', '%x': '([0-9a-f]+)', '%s': '([a-z]+)' };
/** By the first two letters, so that a name is tried against few. */
const byBeginning = Map.groupBy(rows, (row) => row.file.slice(0, 2));
/** Made when first needed: a checkpoint has few of all kinds. */
const patterns = new Map<Kind, RegExp>();

export function kindOf(kind: KindName): Kind {
  return byKind.get(kind) as Kind;
}

/**
 * The kind that writes files of this name (without folders), and the id in the name: a number, or the word of `%s`.
 * Of names with several ids the first.
 */
export function kindOfFile(name: string): { readonly row: Kind; readonly id?: number | string } | undefined {
  for (const row of byBeginning.get(name.slice(0, 2)) ?? []) {
    const match = patternOf(row).exec(name);
    if (!match) continue;
    const text = match[1];
    if (text === undefined) return { row };
    if (row.file.includes('%s')) return { row, id: text };
    const id = /%[ux]/.exec(row.file)?.[0] === '%x' ? Number.parseInt(text, 16) : Number(text);
    return { row, id };
  }
  return undefined;
}

/**
 * Whether an image of this name (without folders) has entries that can be decoded: those of images that only hold bytes
 * (pages) have none, and what has the name of no kind may be an image whose head tells more.
 */
export function isDecodable(name: string): boolean {
  const row = kindOfFile(name)?.row;
  return row ? row.framing !== 'raw' || row.content !== undefined : name.endsWith('.img');
}

/** The kind of a magic; where several share one, that which also fits the file's name. */
export function kindOfMagic(magic: number, name = ''): Kind | undefined {
  const candidates = byMagic.get(magic);
  if (!candidates || candidates.length < 2) return candidates?.[0];
  const named = kindOfFile(name)?.row;
  return candidates.find((row) => row === named) ?? candidates[0];
}

/** The file name of a kind with an id, e.g. `core-12.img`, `tcp-stream-8bfba.img`. */
export function fileOf(kind: KindName, id: number | bigint | string = ''): string {
  return kindOf(kind).file.replace(/%[uxs]/, (placeholder) =>
    placeholder === '%x' ? (id as number | bigint).toString(16) : String(id),
  );
}

function patternOf(row: Kind): RegExp {
  const known = patterns.get(row);
  if (known) return known;
  const escaped = row.file
    .replace(/[.]/g, '\\.')
    .replace(/%[uxs]/g, (placeholder) => placeholders[placeholder] as string);
  const pattern = new RegExp(`^${escaped}$`);
  patterns.set(row, pattern);
  return pattern;
}
