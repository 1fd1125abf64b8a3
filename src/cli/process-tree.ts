import type { ProcessFacts } from '../protocol/processes.ts';

/** A process with those that it is the parent of, by pid. */
export class ProcessNode {
  readonly facts: ProcessFacts;
  readonly children: ProcessNode[] = [];

  constructor(facts: ProcessFacts) {
    this.facts = facts;
  }

  /** This and all below, as the tree is drawn: each before its children. */
  topDown(): ProcessNode[] {
    const found: ProcessNode[] = [];
    const stack: ProcessNode[] = [this];
    for (let node = stack.pop(); node; node = stack.pop()) {
      found.push(node);
      for (const child of node.children.toReversed()) stack.push(child);
    }
    return found;
  }

  /** This and all below, children before their parents. */
  bottomUp(): ProcessNode[] {
    return this.topDown().reverse();
  }
}

/** Nobody's real tree is deeper; a made-up chain of processes would be printed with endless indents. */
const MAX_DEPTH = 64;

/**
 * The process tree. It has one root unless the container shared a pid namespace or its images are damaged: a process
 * whose parent is not there, one of a ring of parents, and one deeper than {@link MAX_DEPTH} are roots too.
 */
export function processTree(processes: readonly ProcessFacts[]): readonly ProcessNode[] {
  const nodes = new Map(processes.map((facts) => [facts.pid, new ProcessNode(facts)]));
  const children = new Map<ProcessNode, ProcessNode[]>();
  const orphans: ProcessNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.facts.ppid);
    if (!parent) orphans.push(node);
    else getOrMake(children, parent).push(node);
  }
  const placed = new Set<ProcessNode>();
  const roots: ProcessNode[] = [];
  // After the orphans, what no walk has reached stands in a ring: its first is made a root.
  for (const candidate of [...orphans, ...nodes.values()]) {
    if (placed.has(candidate)) continue;
    for (const root of placeBelow(candidate, children, placed)) roots.push(root);
  }
  return roots;
}

/** @returns the root, and those that would have been too deep below it */
function placeBelow(
  root: ProcessNode,
  children: ReadonlyMap<ProcessNode, readonly ProcessNode[]>,
  placed: Set<ProcessNode>,
): ProcessNode[] {
  placed.add(root);
  const roots = [root];
  let level = [root];
  for (let depth = 1; level.length > 0; depth++) {
    const next: ProcessNode[] = [];
    for (const node of level) {
      const below = (children.get(node) ?? [])
        .filter((child) => !placed.has(child))
        .sort((a, b) => a.facts.pid - b.facts.pid);
      for (const child of below) {
        placed.add(child);
        (depth % MAX_DEPTH === 0 ? roots : node.children).push(child);
        next.push(child);
      }
    }
    level = next;
  }
  return roots;
}

/** The node of one pid and all below it; undefined where there is none. */
export function findProcess(roots: readonly ProcessNode[], pid: number): ProcessNode | undefined {
  return roots.flatMap((root) => root.bottomUp()).find(({ facts }) => facts.pid === pid);
}

function getOrMake(map: Map<ProcessNode, ProcessNode[]>, key: ProcessNode): ProcessNode[] {
  const known = map.get(key);
  if (known) return known;
  const made: ProcessNode[] = [];
  map.set(key, made);
  return made;
}
