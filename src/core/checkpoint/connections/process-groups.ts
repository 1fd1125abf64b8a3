import type { ProcessFacts } from '../../../protocol/processes.ts';
import type { ChannelEnd } from '../../../protocol/connections.ts';
import type { FoundChannel } from './channel-list.ts';

/** Fewer alike are drawn one by one. */
const minAlike = 4;

/** A channel and the end of it that a process has. */
export interface OwnEnd {
  readonly channel: FoundChannel;
  readonly end: ChannelEnd;
}

/** Processes that are drawn as one. */
export interface Group {
  readonly id: string;
  readonly pids: readonly number[];
  /** The name that all have; absent where they have several. */
  readonly name?: string;
}

/**
 * Puts processes together that a reader could not tell apart in a picture: those of one name that talk in the same ways
 * with the same others, and those that only have streams that lead out of the container.
 * @param apart processes that stay by themselves, because somebody looks at them
 */
export function groupProcesses(
  processes: readonly ProcessFacts[],
  ends: ReadonlyMap<number, readonly OwnEnd[]>,
  apart: ReadonlySet<number>,
): readonly Group[] {
  const alike = Map.groupBy(processes, (process) =>
    apart.has(process.pid) ? `pid ${String(process.pid)}` : signature(process, ends.get(process.pid) ?? []),
  );
  const groups: Group[] = [];
  for (const members of alike.values()) {
    const pids = members.map(({ pid }) => pid);
    const names = new Set(members.map(({ comm }) => comm ?? ''));
    const name = names.size === 1 ? { name: members[0]?.comm ?? '' } : {};
    if (pids.length >= minAlike) groups.push({ id: `processes ${String(pids[0])}`, pids, ...name });
    else groups.push(...members.map(({ pid, comm }) => single(pid, comm)));
  }
  return groups;
}

function single(pid: number, comm: string | undefined): Group {
  return { id: `process ${String(pid)}`, pids: [pid], name: comm ?? '' };
}

/** Equal for processes that would be drawn with the same lines. */
function signature(process: ProcessFacts, ends: readonly OwnEnd[]): string {
  const isQuiet = ends.every(({ channel }) => channel.outside?.kind === 'outside');
  const ways = new Set(ends.map(way));
  return JSON.stringify([isQuiet ? '' : (process.comm ?? ''), ...[...ways].sort()]);
}

function way({ channel: { id, kind, ends, outside, waits }, end }: OwnEnd): string {
  const how = `${kind} ${end.does}`;
  if (outside?.kind === 'client' || outside?.kind === 'listener')
    return `${how} ${outside.kind} ${String(outside.listener)}`;
  if (outside) return `${how} ${outside.kind} ${outside.kind === 'remote' ? outside.label : ''}`;
  // What many have is a thing of its own in the picture; what two have is a line from one to the other.
  if (waits || ends.length > 2) return `${how} ${id}`;
  const other = ends.find(({ pid }) => pid !== end.pid);
  return `${how} ${other ? String(other.pid) : 'itself'}`;
}
