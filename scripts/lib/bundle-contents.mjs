// @ts-check
// What is in a bundle that must not be, from what esbuild says went in.

/**
 * @param {import('esbuild').Metafile} metafile
 * @param {RegExp[]} without what must not be in the bundle: patterns of input paths
 * @returns {string[]} a sentence for each input that must go, with the imports that lead to it
 */
export function findForbidden(metafile, without) {
  return Object.entries(metafile.outputs).flatMap(([output, { inputs, entryPoint = '' }]) =>
    Object.entries(inputs)
      // What was only looked at (types, unused exports) has left no bytes.
      .filter(([input, { bytesInOutput }]) => bytesInOutput > 0 && without.some((pattern) => pattern.test(input)))
      .map(([input]) => `${output} must not contain ${input} (${importChain(metafile, entryPoint, input)})`),
  );
}

/**
 * How a bundle comes to hold an input: the shortest chain of imports from the entry to it.
 * @param {import('esbuild').Metafile} metafile
 * @param {string} entry
 * @param {string} input
 */
function importChain(metafile, entry, input) {
  const chains = [[entry]];
  const seen = new Set([entry]);
  for (const chain of chains) {
    const last = chain.at(-1) ?? '';
    if (last === input) return chain.join(' → ');
    for (const { path } of metafile.inputs[last]?.imports ?? []) {
      if (seen.has(path)) continue;
      seen.add(path);
      chains.push([...chain, path]);
    }
  }
  return 'by a way that the imports do not show';
}
