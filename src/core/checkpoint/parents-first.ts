import type { ProcessFacts } from '../../protocol/processes.ts';

/** pstree.img lists a parent before its children; a damaged one may not, and may hold a ring. */
export function parentsFirst(processes: readonly ProcessFacts[]): readonly ProcessFacts[] {
  const pids = new Set(processes.map((process) => process.pid));
  const seen = new Set<number>();
  const ordered = processes.every((process) => {
    const first = process.ppid === 0 || seen.has(process.ppid) || !pids.has(process.ppid);
    seen.add(process.pid);
    return first;
  });
  if (ordered) return processes;
  const byParent = Map.groupBy(processes, (process) => process.ppid);
  const result = new Set<ProcessFacts>();
  const stack = processes.filter((process) => !pids.has(process.ppid)).reverse();
  for (let process = stack.pop(); process; process = stack.pop()) {
    if (result.has(process)) continue;
    result.add(process);
    // One by one: a call does not take as many arguments as a damaged list may have children.
    for (const child of byParent.get(process.pid)?.toReversed() ?? []) stack.push(child);
  }
  processes.forEach((process) => result.add(process));
  return [...result];
}
