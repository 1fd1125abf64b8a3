import { MAX_MEMORY_WINDOW } from '../../protocol/memory.ts';

/** A range cut into windows that can be read at once. */
export function* windows(start: bigint, length: bigint): Generator<readonly [address: bigint, size: number]> {
  for (let done = 0n; done < length; done += BigInt(MAX_MEMORY_WINDOW)) {
    const rest = length - done;
    yield [start + done, rest < BigInt(MAX_MEMORY_WINDOW) ? Number(rest) : MAX_MEMORY_WINDOW];
  }
}
