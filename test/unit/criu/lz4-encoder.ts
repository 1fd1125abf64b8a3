/** A simple encoder of raw LZ4 blocks, for tests: greedy, looking at the last place where four bytes stood. */
export function compressLz4(data: Uint8Array): Uint8Array {
  const output: number[] = [];
  const seen = new Map<number, number>();
  // The format's own rule: the last five bytes are literals, and the last match starts twelve bytes before the end.
  const lastMatch = data.length - 12;
  let start = 0;
  for (let at = 0; at < lastMatch;) {
    const key = word(data, at);
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined || at - before > 0xffff) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < data.length - 5 && data[at + length] === data[before + length]) length++;
    sequence(output, data.subarray(start, at), { distance: at - before, length });
    at += length;
    start = at;
  }
  sequence(output, data.subarray(start));
  return Uint8Array.from(output);
}

function word(data: Uint8Array, at: number): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(at, true);
}

function sequence(
  output: number[],
  literals: Uint8Array,
  match?: { readonly distance: number; readonly length: number },
): void {
  const matched = match ? match.length - 4 : 0;
  output.push((Math.min(15, literals.length) << 4) | Math.min(15, matched));
  more(output, literals.length);
  output.push(...literals);
  if (!match) return;
  output.push(match.distance & 0xff, match.distance >> 8);
  more(output, matched);
}

function more(output: number[], length: number): void {
  if (length < 15) return;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) output.push(255);
  output.push(rest);
}
