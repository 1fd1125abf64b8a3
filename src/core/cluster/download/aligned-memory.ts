/** What WebAssembly has of memory; Node's types leave it out. */
interface WithWebAssembly {
  readonly WebAssembly?: {
    readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  };
}

/** Bytes by which WebAssembly counts its memory. */
const UNIT = 64 * 1024;

/**
 * Memory that starts at a page, where that can be: a disk takes nothing else without a copy, and of all that can be had
 * here only WebAssembly's starts there.
 * @param size bytes
 */
export function alignedMemory(size: number): Buffer {
  const { WebAssembly } = globalThis as WithWebAssembly;
  const units = Math.ceil(size / UNIT);
  try {
    if (WebAssembly) return Buffer.from(new WebAssembly.Memory({ initial: units, maximum: units }).buffer, 0, size);
  } catch {
    // It reserves gigabytes of addresses, and a process may be allowed less.
  }
  return Buffer.allocUnsafeSlow(size);
}
