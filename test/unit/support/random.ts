/** A whole number from 0 on that is smaller than the one given. */
export type Random = (below: number) => number;

/** xorshift: the same seed gives the same numbers everywhere. */
export function generator(seed: number): Random {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
