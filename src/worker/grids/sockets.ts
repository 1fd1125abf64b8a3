import type { GridCell } from '../../protocol/grid.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { say, sentence, type Sentence } from '../../protocol/sentence.ts';
import { stateText, trackedId, type SocketFacts, type TrackedConnection } from '../../protocol/sockets.ts';
import { Table, TOP, uniqueIds, type TableKind } from './table.ts';

/** A socket, or a connection that the kernel tracked and that no socket is left of. */
type SocketRow =
  | { readonly socket: SocketFacts; readonly holders: string; readonly peer: string }
  | { readonly tracked: TrackedConnection };

const ON_ITS_WAY = sentence('on its way in a queue');

/** Names of this many holders stand in a cell. */
const MAX_NAMED = 3;

/** The columns of ss(8), with what stands in the queues and who has it. */
const SOCKETS: TableKind<SocketRow> = {
  columns: [
    {
      id: 'protocol',
      label: 'Protocol',
      kind: 'text',
      width: 84,
      value: protocolOf,
      cell: (row) => ({ value: protocolOf(row), icon: iconOf(row), ...toneOf(row) }),
    },
    {
      id: 'local',
      label: 'Local',
      kind: 'code',
      flex: 3,
      width: 190,
      value: (row) => ('socket' in row ? localOf(row.socket) : row.tracked.original.source),
      cell: (row) => ({
        value: 'socket' in row ? localOf(row.socket) : row.tracked.original.source,
        ...toneOf(row),
      }),
    },
    {
      id: 'remote',
      label: 'Remote',
      kind: 'code',
      flex: 3,
      width: 190,
      value: remoteOf,
      cell: remoteCell,
    },
    {
      id: 'state',
      label: 'State',
      kind: 'text',
      width: 124,
      value: stateOf,
      cell: (row) => ({ value: stateOf(row), ...saidOf(row), ...toneOf(row) }),
    },
    {
      id: 'unread',
      label: 'Unread',
      kind: 'size',
      width: 72,
      value: unreadOf,
    },
    {
      id: 'unsent',
      label: 'In flight',
      kind: 'size',
      width: 72,
      value: inFlightOf,
    },
    { id: 'process', label: 'Process', kind: 'text', flex: 2, width: 136, value: holdersOf, cell: processCell },
    {
      id: 'fd',
      label: 'FD',
      kind: 'number',
      width: 44,
      value: (row) => ('socket' in row ? (row.socket.holders[0]?.fd ?? null) : null),
    },
  ],
  hidden: [
    { id: 'inode', kind: 'number', value: (row) => ('socket' in row ? (row.socket.inode ?? null) : null) },
    { id: 'type', kind: 'text', value: (row) => ('socket' in row ? row.socket.type : null) },
    { id: 'port', kind: 'number', value: (row) => ('socket' in row ? (row.socket.localAddress?.port ?? null) : null) },
    {
      id: 'pid',
      kind: 'text',
      value: (row) => ('socket' in row ? row.socket.holders.flatMap(({ pids }) => pids).join(' ') : null),
    },
  ],
  file: (row) =>
    'socket' in row && row.socket.hasContents
      ? {
          path: `/contents/sockets/${String(row.socket.inode ?? row.socket.id)}/${queueOf(row.socket)}`,
          openable: true,
        }
      : {},
  concerns: (row, pid) => 'socket' in row && row.socket.holders.some(({ pids }) => pids.includes(pid)),
};

/** First the sockets, in the order of processes and descriptors, then what the kernel remembers of ended connections. */
export function socketTable(
  sockets: readonly SocketFacts[],
  connections: readonly TrackedConnection[],
  processes: readonly Pick<ProcessFacts, 'pid' | 'comm'>[],
): Table<SocketRow> {
  const names = new Map(processes.map(({ pid, comm }) => [pid, comm]));
  const byId = new Map(sockets.map((socket) => [socket.id, socket]));
  const rows: SocketRow[] = sockets.map((socket) => {
    const [peer] = socket.peers;
    const other = peer?.id === undefined ? undefined : byId.get(peer.id);
    return { socket, holders: holderText(socket, names), peer: other ? holderText(other, names) : '' };
  });
  for (const tracked of connections) if (tracked.sockets.length === 0) rows.push({ tracked });
  const ids = rows.map((row) => ('socket' in row ? String(row.socket.id) : trackedId(row.tracked)));
  return new Table(SOCKETS, rows, uniqueIds(ids), () => TOP);
}

/** What Enter opens: what was received, or where there is nothing of it what was sent. */
function queueOf({ receiveQueue }: SocketFacts): 'received' | 'sent' {
  return something(receiveQueue) === null ? 'sent' : 'received';
}

function protocolOf(row: SocketRow): string {
  return 'socket' in row ? row.socket.protocol : row.tracked.protocol;
}

function iconOf(row: SocketRow): string {
  if (!('socket' in row)) return 'history';
  const { socket } = row;
  if (socket.isOutside) return 'link-external';
  if (socket.state === 'LISTEN') return 'broadcast';
  return socket.peers.length > 0 || socket.remoteAddress ? 'arrow-swap' : 'circle-outline';
}

function toneOf(row: SocketRow): Pick<GridCell, 'tone'> {
  return 'socket' in row && !row.socket.isOutside ? {} : { tone: 'muted' };
}

/** A socket without a name is known by its inode, as in /proc/PID/fd. */
function localOf({ local, inode }: SocketFacts): string {
  return local === '' ? `socket:[${inode === undefined ? '?' : String(inode)}]` : local;
}

function remoteOf(row: SocketRow): string | null {
  if (!('socket' in row)) return row.tracked.original.destination;
  const { remote, peers } = row.socket;
  if (remote !== '') return remote;
  const [peer] = peers;
  return peer?.inode === undefined ? null : `socket:[${String(peer.inode)}]`;
}

/** Where the other end is in the checkpoint, the cell leads to it. */
function remoteCell(row: SocketRow): GridCell {
  const value = remoteOf(row);
  if (!('socket' in row)) return { value, tone: 'muted' };
  const [peer] = row.socket.peers;
  if (peer?.id === undefined || value === null || peer.id === row.socket.id) return { value };
  return { value, ...(row.peer !== '' && { title: row.peer }), link: { tab: 'sockets', row: String(peer.id) } };
}

function stateOf(row: SocketRow): string {
  const { said } = saidOf(row);
  return said?.map((sentence) => say(sentence)).join(', ') ?? ('socket' in row ? stateText(row.socket) : '');
}

/** What is no word of the kernel's. */
function saidOf(row: SocketRow): { readonly said?: readonly Sentence[] } {
  if ('socket' in row) return row.socket.isOutside ? { said: [sentence('outside')] } : {};
  const { state } = row.tracked;
  return { said: [state === undefined ? sentence('tracked') : sentence('tracked {0}', state)] };
}

/** Of a listener the queues are not bytes. */
function unreadOf(row: SocketRow): number | null {
  return 'socket' in row && row.socket.state !== 'LISTEN' ? something(row.socket.receiveQueue) : null;
}

function inFlightOf(row: SocketRow): number | null {
  return 'socket' in row && row.socket.state !== 'LISTEN' ? something(row.socket.sendQueue) : null;
}

/** An empty queue is as little worth a look as one that nothing is known of. */
function something(bytes: number | undefined): number | null {
  return bytes === undefined || bytes === 0 ? null : bytes;
}

function holdersOf(row: SocketRow): string | null {
  if (!('socket' in row)) return null;
  if (row.holders !== '') return row.holders;
  return row.socket.passedThrough.length > 0 ? say(ON_ITS_WAY) : null;
}

function processCell(row: SocketRow): GridCell {
  if (!('socket' in row)) return { value: null };
  const pid = row.socket.holders[0]?.pids[0];
  if (pid === undefined) {
    const isPassed = row.socket.passedThrough.length > 0;
    return isPassed ? { value: say(ON_ITS_WAY), icon: 'mail', said: [ON_ITS_WAY] } : { value: null };
  }
  return { value: row.holders, icon: 'server-process', link: { tab: 'processes', row: String(pid), pid } };
}

function holderText({ holders }: SocketFacts, names: ReadonlyMap<number, string | undefined>): string {
  const all = new Set<number>();
  for (const { pids } of holders) {
    for (const pid of pids) {
      all.add(pid);
      // To know that there are more is enough.
      if (all.size > 1000) break;
    }
  }
  const named = [...all].slice(0, MAX_NAMED).map((pid) => `${names.get(pid) ?? ''} ${String(pid)}`.trim());
  const more = all.size - named.length;
  return [...named, ...(more > 0 ? [`+${String(more)}`] : [])].join(', ');
}
