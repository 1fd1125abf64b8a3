import type { Member } from './repack.ts';
import { kindOf, kindOfFile, type KindName } from '../../../src/core/criu/kinds.ts';
import { bytes, entry, image, oracle, uint32 } from '../criu/build-image.ts';

type Message = Record<string, unknown>;

/** What CRIU 2.12 did not write yet, of what today's dumps of a container hold. Source: its images/*.proto. */
const UNKNOWN_THEN: Readonly<Record<string, string>> = {
  core_entry: '',
  creds_entry: 'lsm_sockcreate apparmor_data no_new_privs cap_amb',
  dump_stats_entry: 'pages_lazy page_pipes page_pipe_bufs shpages_scanned shpages_skipped_parent shpages_written',
  eventpoll_tfd_entry: 'dev inode pos',
  fdinfo_entry: 'xattr_security_selinux',
  inet_sk_entry: 'shutdown ns_id tcp_opts',
  inventory_entry:
    'dump_uptime pre_dump_mode tcp_close network_lock_method plugins_entry dump_criu_run_id allow_uprobes',
  ip_opts_entry: 'raw pktinfo tos ttl',
  mm_entry: 'thp_disabled',
  mnt_entry: 'ext_key',
  pagemap_entry: 'flags nr_pages',
  reg_file_entry: 'build_id checksum checksum_config checksum_parameter',
  seccomp_filter: 'flags',
  sk_opts_entry:
    'so_reuseport so_broadcast so_keepalive tcp_keepcnt tcp_keepidle tcp_keepintvl so_oobinline so_linger so_buf_lock',
  task_core_entry: 'sigactions child_subreaper stop_signo membarrier_registration_mask blk_sigset_extended',
  task_kobj_ids_entry: 'time_ns_id',
  thread_core_entry: 'seccomp_mode seccomp_filter comm cg_set rseq_entry blk_sigset_extended',
  unix_sk_entry: 'ns_id mnt_id',
};

/** Where files of a kind lay: the member of file_entry, and the image. */
const SPLIT: Readonly<Record<string, KindName>> = {
  reg: 'REG_FILES',
  isk: 'INETSK',
  nsf: 'NS_FILES',
  psk: 'PACKETSK',
  nlsk: 'NETLINK_SK',
  efd: 'EVENTFD_FILE',
  epfd: 'EVENTPOLL_FILE',
  sgfd: 'SIGNALFD',
  tfd: 'TIMERFD',
  ify: 'INOTIFY_FILE',
  ffy: 'FANOTIFY_FILE',
  usk: 'UNIXSK',
  fifo: 'FIFO',
  pipe: 'PIPES',
  tty: 'TTY_FILES',
};
const MEMFD = 1 << 14;
const FILE_SHARED = 1 << 7;
const ANON_SHARED = 1 << 8;

/**
 * The images of a dump as CRIU 2.12 would have written them: files in images by their kind, pagemaps without flags,
 * signal handlers in images of their own, seccomp filters of processes, shared memory that is no memfd. Files of kinds
 * that it did not know are left out.
 * @param members of an archive, images under `checkpoint/`
 */
export function agedImages(members: readonly Member[]): readonly Member[] {
  const shmids = shmidsOf(members);
  return members.flatMap((member) => {
    const path = member.header.name.replace(/^\.\//, '');
    const folder = path.startsWith('checkpoint/') ? 'checkpoint/' : '';
    const name = path.slice(folder.length);
    const put = (file: string, content: Uint8Array): Member => ({
      header: { ...member.header, name: folder + file },
      content: Buffer.from(content),
    });
    const row = kindOfFile(name)?.row;
    if (!row?.message || row.extra) return [member];
    const kind = row.kind as KindName;
    switch (kind) {
      case 'FILES':
        return splitImages(messagesOf(member.content, 'file_entry')).map(([file, content]) => put(file, content));
      case 'MEMFD_INODE':
      case 'TIMENS':
        return [];
      case 'INVENTORY': {
        const [inventory = {}] = messagesOf(member.content, 'inventory_entry', 4);
        return [put(name, bytes(uint32(row.magic ?? 0), entryOf('inventory_entry', inventory)))];
      }
      case 'PAGEMAP':
      case 'SHMEM_PAGEMAP': {
        const [head, ...entries] = split(member.content, 8);
        const rows = entries.map((bare) => entryOf('pagemap_entry', agedPages(decode('pagemap_entry', bare))));
        return [put(name, image(kind, uint32(head?.length ?? 0), head ?? '', ...rows))];
      }
      case 'CORE': {
        const [core = {}] = messagesOf(member.content, 'core_entry');
        const task = core['tc'] as Message | undefined;
        const handlers = (task?.['sigactions'] ?? []) as readonly Message[];
        if (task) Object.assign(task, agedTask(core['thread_core'] as Message));
        const aged = put(name, image('CORE', entryOf('core_entry', core)));
        if (handlers.length === 0) return [aged];
        const rows = handlers.map((handler) => entryOf('sa_entry', handler));
        return [aged, put(name.replace('core', 'sigacts'), image('SIGACT', ...rows))];
      }
      case 'MM': {
        const [mm = {}] = messagesOf(member.content, 'mm_entry');
        for (const vma of mm['vmas'] as Message[]) shareAsThen(vma, shmids);
        return [put(name, image('MM', entryOf('mm_entry', mm)))];
      }
      default: {
        const type = row.message;
        const rows = messagesOf(member.content, type).map((message) => entryOf(type, message));
        return [put(name, image(kind, ...rows))];
      }
    }
  });
}

function splitImages(files: readonly Message[]): readonly (readonly [string, Uint8Array])[] {
  return Object.entries(SPLIT).flatMap(([key, kind]) => {
    const { message = 'file_entry', file } = kindOf(kind);
    const rows = files.flatMap((one) => (Object.hasOwn(one, key) ? [entryOf(message, one[key] as Message)] : []));
    return rows.length > 0 ? [[file, image(kind, ...rows)] as const] : [];
  });
}

function agedPages({ vaddr, nr_pages, compat_nr_pages, flags }: Message): Message {
  const pages = Number(nr_pages ?? 0) || compat_nr_pages;
  return { vaddr, compat_nr_pages: pages, ...((Number(flags) & 1) === 1 && { in_parent: true }) };
}

function agedTask(thread: Message): Message {
  const { cg_set, seccomp_mode, seccomp_filter } = thread;
  return {
    ...(Object.hasOwn(thread, 'cg_set') && { cg_set }),
    ...(Object.hasOwn(thread, 'seccomp_mode') && { old_seccomp_mode: seccomp_mode }),
    ...(Object.hasOwn(thread, 'seccomp_filter') && { old_seccomp_filter: seccomp_filter }),
  };
}

/** Shared anonymous memory had the number of its inode, before CRIU took all of it for memfds. */
function shareAsThen(vma: Message, shmids: ReadonlyMap<string, unknown>): void {
  const status = Number(vma['status']);
  if ((status & MEMFD) === 0) return;
  vma['status'] = (status & ~(MEMFD | FILE_SHARED)) | ANON_SHARED;
  vma['shmid'] = shmids.get(String(vma['shmid']));
}

/** The numbers of memory objects by the files that the mappings name. */
function shmidsOf(members: readonly Member[]): ReadonlyMap<string, unknown> {
  const named = (end: string): Buffer =>
    members.find(({ header }) => header.name.endsWith(end))?.content ?? Buffer.alloc(0);
  const inodes = messagesOf(named('memfd.img'), 'memfd_inode_entry');
  const shmid = new Map(inodes.map((inode) => [String(inode['inode_id']), inode['shmid']]));
  return new Map(
    messagesOf(named('/files.img'), 'file_entry').flatMap((file) => {
      const memfd = file['memfd'] as Message | undefined;
      return memfd ? [[String(file['id']), shmid.get(String(memfd['inode_id']))]] : [];
    }),
  );
}

function split(content: Buffer, head: number): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = head; at < content.length;) {
    const end = at + 4 + content.readUInt32LE(at);
    found.push(content.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function decode(type: string, content: Uint8Array): Message {
  return oracle.lookupType(type).decode(content);
}

function messagesOf(content: Buffer, type: string, head = 8): readonly Message[] {
  return split(content, head).map((bare) => decode(type, bare));
}

/** A message as an entry, without what was not known then. */
function entryOf(type: string, message: Message): Uint8Array {
  forget(type, message);
  return entry(type as Parameters<typeof entry>[0], message);
}

function forget(type: string, message: Message): void {
  for (const name of UNKNOWN_THEN[type]?.split(' ') ?? []) Reflect.deleteProperty(message, name);
  for (const field of oracle.lookupType(type).fieldsArray) {
    if (!Object.hasOwn(message, field.name)) continue;
    const inner = field.resolve().resolvedType;
    if (!inner || !('fields' in inner)) continue;
    const values = field.repeated ? (message[field.name] as Message[]) : [message[field.name] as Message];
    for (const value of values) forget(inner.name, value);
  }
}
