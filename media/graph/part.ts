import type { ConnectionGraph, ConnectionNode } from '../../src/protocol/connections.ts';

/**
 * The part of the picture that somebody wants to see: what the words in the filter box fit, or the subject is in, with
 * all that it is connected to.
 * @param words of the filter box; of `field:value` the value counts, and what has a minus before it must not fit
 */
export function partOf(graph: ConnectionGraph, words: string, subject: number | undefined): ConnectionGraph {
  const terms = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(termOf);
  if (terms.length === 0 && subject === undefined) return graph;
  const texts = textsOf(graph);
  const isMeant = (node: ConnectionNode): boolean => {
    if (subject !== undefined && !node.pids.includes(subject)) return false;
    const text = texts.get(node.id) ?? '';
    return terms.every(({ value, isUnwanted }) => text.includes(value) !== isUnwanted);
  };
  const meant = new Set(graph.nodes.filter(isMeant).map(({ id }) => id));
  const edges = graph.edges.filter(({ from, to }) => meant.has(from) || meant.has(to));
  const shown = new Set([...meant, ...edges.flatMap(({ from, to }) => [from, to])]);
  return { ...graph, nodes: graph.nodes.filter(({ id }) => shown.has(id)), edges };
}

function termOf(word: string): { readonly value: string; readonly isUnwanted: boolean } {
  const isUnwanted = word.startsWith('-') && word.length > 1;
  const plain = isUnwanted ? word.slice(1) : word;
  return { value: plain.replace(/^[a-z]+:(?=.)/, ''), isUnwanted };
}

/** Everything by which a node can be found: what it is called, its processes, what it talks through. */
function textsOf({ nodes, edges }: ConnectionGraph): ReadonlyMap<string, string> {
  const texts = new Map<string, string[]>(
    nodes.map(({ id, kind, label, pids, channels }) => [
      id,
      [label, kind, ...pids.map(String), ...channels.flatMap((channel) => [channel.kind, channel.label])],
    ]),
  );
  for (const { from, to, channels } of edges) {
    const words = channels.flatMap(({ kind, label }) => [kind, label]);
    texts.get(from)?.push(...words);
    texts.get(to)?.push(...words);
  }
  return new Map([...texts].map(([id, words]) => [id, words.join('\n').toLowerCase()]));
}
