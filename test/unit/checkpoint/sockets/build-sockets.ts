import { DumpedSockets } from '../../../../src/core/checkpoint/sockets/sockets.ts';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import type { Note } from '../../../../src/protocol/note.ts';
import type { SocketDetail, SocketFacts, TrackedConnection } from '../../../../src/protocol/sockets.ts';
import { entry, image, type Part } from '../../criu/build-image.ts';
import { memoryFiles } from '../../support/memory-files.ts';

type Fields = Readonly<Record<string, unknown>>;

export const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };
export const opts = {
  so_sndbuf: 212992,
  so_rcvbuf: 212992,
  so_snd_tmo_sec: 0,
  so_snd_tmo_usec: 0,
  so_rcv_tmo_sec: 0,
  so_rcv_tmo_usec: 0,
};

/** An address as CRIU keeps it: words whose bytes are in network order. */
export function words(...octets: number[]): number[] {
  const bytes = Buffer.from(octets);
  return Array.from({ length: octets.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
}

export function inet(id: number, fields: Fields): Uint8Array {
  return file(id, FD_TYPE.inetsk, 'isk', {
    ino: 1000 + id,
    family: 2,
    type: 1,
    proto: 6,
    state: 7,
    src_port: 0,
    dst_port: 0,
    backlog: 0,
    src_addr: [0],
    dst_addr: [0],
    ns_id: 1,
    ...fields,
  });
}

export function unix(id: number, fields: Fields): Uint8Array {
  const { name = '', ...rest } = fields;
  return file(id, FD_TYPE.unixsk, 'usk', {
    ino: 1000 + id,
    type: 1,
    state: 7,
    uflags: 0,
    backlog: 0,
    peer: 0,
    ns_id: 1,
    name: typeof name === 'string' ? Buffer.from(name) : name,
    ...rest,
  });
}

export function netlink(id: number, fields: Fields): Uint8Array {
  return file(id, FD_TYPE.netlinksk, 'nlsk', {
    ino: 1000 + id,
    protocol: 0,
    state: 0,
    portid: 0,
    dst_portid: 0,
    dst_group: 0,
    ns_id: 1,
    ...fields,
  });
}

export function packet(id: number, fields: Fields): Uint8Array {
  return file(id, FD_TYPE.packetsk, 'psk', {
    type: 3,
    protocol: 0x0300,
    ifindex: 0,
    version: 2,
    reserve: 0,
    aux_data: false,
    orig_dev: false,
    vnet_hdr: false,
    loss: false,
    timestamp: 0,
    copy_thresh: 0,
    ns_id: 1,
    ...fields,
  });
}

function file(id: number, type: number, member: string, fields: Fields): Uint8Array {
  return entry('file_entry', { type, id, [member]: { id, flags: 2, fown, opts, ...fields } });
}

/** A regular file, which is no socket. */
export function regular(id: number): Uint8Array {
  return entry('file_entry', { type: FD_TYPE.reg, id, reg: { id, flags: 0, pos: 0, fown, name: '/etc/hosts' } });
}

/** A packet in the queue of a UNIX socket. */
export function queued(id_for: number, content: string, rights: readonly number[] = []): Part[] {
  const scm = rights.length > 0 ? [{ type: 1, rights }] : [];
  return [entry('sk_packet_entry', { id_for, length: content.length, scm }), content];
}

/** The images of processes 1, 2 … with these descriptors: `[fd, file id, type of the file]`. */
export function processImages(
  ...tables: readonly (readonly (readonly [fd: number, id: number, type: number])[])[]
): Record<string, Uint8Array> {
  const images: Record<string, Uint8Array> = {};
  const tree = tables.map((_, index) => {
    const pid = index + 1;
    return entry('pstree_entry', { pid, ppid: index === 0 ? 0 : 1, pgid: 1, sid: 1, threads: [pid] });
  });
  images['pstree.img'] = image('PSTREE', ...tree);
  for (const [index, table] of tables.entries()) {
    const pid = String(index + 1);
    const ids = { vm_id: 1, files_id: index + 1, fs_id: 1, sighand_id: 1 };
    images[`ids-${pid}.img`] = image('IDS', entry('task_kobj_ids_entry', ids));
    images[`fdinfo-${pid}.img`] = image(
      'FDINFO',
      ...table.map(([fd, id, type]) => entry('fdinfo_entry', { id, flags: 0, type, fd })),
    );
  }
  return images;
}

export interface Found {
  readonly list: readonly SocketFacts[];
  readonly sockets: DumpedSockets;
  readonly connections: readonly TrackedConnection[];
  readonly notes: readonly Note[];
  readonly detail: (id: number) => Promise<SocketDetail>;
  readonly of: (id: number) => SocketFacts;
}

/** Reads the sockets of hand-made images. */
export async function socketsOf(images: Readonly<Record<string, Uint8Array>>, complete = true): Promise<Found> {
  const directory = new ImageDirectory(memoryFiles(images, { complete }), '');
  const notebook = new Notebook();
  const sockets = new DumpedSockets(directory, new Processes(directory, notebook), notebook);
  const list = await sockets.list();
  const connections = await sockets.connections();
  return {
    list,
    sockets,
    connections,
    get notes() {
      return [...notebook.list(), ...directory.notes];
    },
    detail: async (id) => {
      const detail = await sockets.detail(id);
      if (!detail) throw new Error(`There is no socket ${String(id)}.`);
      return detail;
    },
    of: (id) => {
      const found = list.find((socket) => socket.id === id);
      if (!found) throw new Error(`There is no socket ${String(id)}.`);
      return found;
    },
  };
}

export function filesImage(...files: readonly Part[]): Record<string, Uint8Array> {
  return { 'files.img': image('FILES', ...files) };
}
