import type { SocketAddress, SocketDetail, SocketQueue } from '../protocol/sockets.ts';
import { LazyList, snakeCase, type Json, type JsonObject } from './json.ts';

/** A socket with what is known of it, in this program's form. */
export function socketJson(socket: SocketDetail): JsonObject {
  const { options, received, sent, tracked, flags, ...facts } = socket;
  return {
    ...(snakeCase(facts) as JsonObject),
    flags: `0x${flags.toString(16)}`,
    received: received && queueJson(received),
    sent: sent && queueJson(sent),
    options: Object.fromEntries(options.map(({ name, value }) => [name, value])),
    tracked_connections: tracked.length > 0 ? (snakeCase(tracked) ?? null) : undefined,
  };
}

function queueJson({ contents, ...queue }: SocketQueue): Json {
  return { ...(snakeCase(queue) as JsonObject), contents };
}

/**
 * Descriptors with which a socket is told in full, once where it has many holders: all that is known of it includes
 * these, and with each of them it would be as much as the square of their number.
 */
const MOST_TIMES = 100;
const MANY_HOLDERS = 100;

/**
 * The sockets of each process with checkpointctl's keys, and this program's own after them. Source: checkpointctl's
 * internal/json.go and crit/explore.go of go-criu. Addresses are right where checkpointctl's are not.
 */
export function socketsOfProcesses(pids: readonly number[], sockets: readonly SocketDetail[]): Json {
  const held = new Map<number, { readonly fd: number; readonly socket: SocketDetail }[]>(pids.map((pid) => [pid, []]));
  for (const socket of sockets) {
    for (const { fd, pids: holders } of socket.holders) {
      for (const pid of holders) held.get(pid)?.push({ fd, socket });
    }
  }
  const told = new Map<number, number>();
  const describe = (socket: SocketDetail): JsonObject => {
    const times = (told.get(socket.id) ?? 0) + 1;
    told.set(socket.id, times);
    const most = socket.holders.length > MANY_HOLDERS ? 1 : MOST_TIMES;
    return times > most ? { id: socket.id, told_before: true } : socketJson(socket);
  };
  return [...held].flatMap(([pid, list]) => {
    if (list.length === 0) return [];
    list.sort((one, other) => one.fd - other.fd);
    const items = Iterator.from(list).map(({ fd, socket }) => openSocket(fd, socket, describe(socket)));
    return [{ pid, open_sockets: new LazyList(items) }];
  });
}

function openSocket(fd: number, socket: SocketDetail, own: JsonObject): JsonObject {
  const { localAddress, remoteAddress, state, local, remote } = socket;
  const isInet = localAddress !== undefined;
  const protocol = isInet ? socket.protocol.replace(/6$/, '').toUpperCase() : undefined;
  const option = (name: string): string | undefined => {
    const value = socket.options.find((candidate) => candidate.name === name)?.value;
    return typeof value === 'number' ? humanBytes(value) : undefined;
  };
  return {
    protocol,
    data: {
      type: protocol ?? socket.family.toUpperCase(),
      address: isInet || local === '' ? undefined : local,
      state: state === '' ? undefined : state,
      src: localAddress?.address,
      src_port: port(localAddress),
      dst: remoteAddress?.address ?? (isInet ? anyAddress(socket) : remote || undefined),
      dst_port: port(remoteAddress),
      send_buf: option('SO_SNDBUF'),
      recv_buf: option('SO_RCVBUF'),
    },
    fd,
    socket: own,
  };
}

/** checkpointctl leaves a zero out. */
function port(address: SocketAddress | undefined): number | undefined {
  return address === undefined || address.port === 0 ? undefined : address.port;
}

function anyAddress({ family }: SocketDetail): string {
  return family === 'inet6' ? '::' : '0.0.0.0';
}

/** As go-criu prints sizes: `16.0 KB`, in steps of 1024. */
function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${String(bytes)} B`;
  let size = bytes / 1024;
  let unit = 0;
  for (; size >= 1024 && unit < 5; unit++) size /= 1024;
  return `${size.toFixed(1)} ${'KMGTPE'[unit] ?? ''}B`;
}
