import type { Checkpoint } from '../core/checkpoint/checkpoint.ts';
import { CheckpointError, isCancelled } from '../core/errors.ts';
import { sentence } from '../protocol/sentence.ts';
import {
  QUEUE_PREVIEW,
  trackedId,
  type SocketDetail,
  type SocketFacts,
  type SocketHolder,
  type SocketPeer,
  type SocketPeerView,
  type SocketQueue,
  type SocketUser,
  type SocketView,
} from '../protocol/sockets.ts';

/** A socket may have tens of thousands of senders, and be open in as many processes. */
const MAX_LISTED = 200;
const MAX_USERS = 20;

/** @param id of the row: a socket's, or {@link trackedId} of a connection. @throws CheckpointError `not-found` */
export async function viewSocket(checkpoint: Checkpoint, id: string, signal: AbortSignal): Promise<SocketView> {
  const { sockets } = checkpoint;
  const detail = /^\d+$/.test(id) ? await sockets.detail(Number(id), signal) : undefined;
  if (detail) return viewOf(checkpoint, detail, signal);
  const tracked = (await sockets.connections(signal)).find((connection) => trackedId(connection) === id);
  if (!tracked) throw new CheckpointError('not-found', sentence('There is no socket {0} in this checkpoint.', id));
  const nobody = { users: [], userCount: 0, peers: [], peerCount: 0, passedThrough: [], passedSockets: [], images: [] };
  return { tracked, ...nobody, preview: {} };
}

async function viewOf(checkpoint: Checkpoint, socket: SocketDetail, signal: AbortSignal): Promise<SocketView> {
  const known = new Map((await checkpoint.sockets.list(signal)).map((facts) => [facts.id, facts]));
  const names = new Map((await checkpoint.processes(signal)).map(({ pid, comm }) => [pid, comm]));
  const usersOf = (holders: readonly SocketHolder[], most: number) => listUsers(holders, names, most);
  const view = (peer: SocketPeer): SocketPeerView => {
    const holders = (peer.id === undefined ? undefined : known.get(peer.id))?.holders ?? [];
    return { ...peer, users: usersOf(holders, MAX_USERS) };
  };
  const other = (id: number): readonly SocketPeerView[] => {
    const facts = known.get(id);
    return facts ? [view(peerOf(facts))] : [];
  };
  const passed = new Set(socket.received?.packets?.flatMap(({ files }) => files.filter(({ isSocket }) => isSocket)));
  const [listener] = socket.listener === undefined ? [] : other(socket.listener);
  const interfaceName = await nameInterface(checkpoint, socket, signal);
  return {
    socket: { ...socket, peers: [], holders: [] },
    users: usersOf(socket.holders, MAX_LISTED),
    userCount: socket.holders.reduce((sum, { pids }) => sum + pids.length, 0),
    peers: socket.peers.slice(0, MAX_LISTED).map(view),
    peerCount: socket.peers.length,
    ...(listener && { listener }),
    passedThrough: socket.passedThrough.slice(0, MAX_LISTED).flatMap(other),
    passedSockets: [...passed].slice(0, MAX_LISTED).flatMap(({ fileId }) => other(fileId)),
    preview: await previews(checkpoint, socket, signal),
    images: await checkpoint.sockets.places(socket.id, signal),
    ...(interfaceName !== undefined && { interfaceName }),
  };
}

function peerOf({ id, inode, local }: SocketFacts): SocketPeer {
  return { relation: 'connected', id, ...(inode !== undefined && { inode }), name: local };
}

function listUsers(
  holders: readonly SocketHolder[],
  names: ReadonlyMap<number, string | undefined>,
  most: number,
): readonly SocketUser[] {
  const users: SocketUser[] = [];
  for (const { fd, pids } of holders) {
    for (const pid of pids) {
      const command = names.get(pid);
      if (users.push({ pid, fd, ...(command !== undefined && { command }) }) === most) return users;
    }
  }
  return users;
}

async function previews(
  checkpoint: Checkpoint,
  { received, sent }: SocketDetail,
  signal: AbortSignal,
): Promise<SocketView['preview']> {
  const [first, second] = [await preview(checkpoint, received, signal), await preview(checkpoint, sent, signal)];
  return { ...(first && { received: first }), ...(second && { sent: second }) };
}

/** A copy, because the bytes leave the thread. What cannot be read is what the notes tell of. */
async function preview(
  { files }: Checkpoint,
  queue: SocketQueue | undefined,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (queue?.contents === undefined) return undefined;
  try {
    const source = await files.open(queue.contents, signal);
    try {
      return Uint8Array.from(await source.read(0, QUEUE_PREVIEW, signal));
    } finally {
      await source.close();
    }
  } catch (error) {
    if (isCancelled(error)) throw error;
    return undefined;
  }
}

async function nameInterface(
  { sockets }: Checkpoint,
  { packet, namespace }: SocketDetail,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!packet || packet.interfaceIndex === 0) return undefined;
  const network = (await sockets.networks(signal)).find(({ id }) => id === namespace);
  return network?.devices.find(({ index }) => index === packet.interfaceIndex)?.name;
}
