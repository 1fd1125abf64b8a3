/** A 64-bit value on its way to the page: `0x` and lower-case hexadecimal digits. */
export type HexString = `0x${string}`;

/** The shape of `T` after {@link toWire}: every bigint has become a hexadecimal string. */
export type Wire<T> = T extends bigint
  ? HexString
  : T extends Uint8Array
    ? Uint8Array<ArrayBuffer>
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T;

/**
 * Makes a value fit for the webview's channel, which cannot carry a bigint. Byte arrays are copied to their exact
 * size, because a view would take its whole buffer along.
 */
export function toWire<T>(value: T): Wire<T> {
  return convert(value) as Wire<T>;
}

function convert(value: unknown): unknown {
  if (typeof value === 'bigint') return hex(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(convert);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}

/** A negative value is written as the 64-bit word that it is in memory. */
export function hex(value: bigint): HexString {
  return `0x${(value < 0n ? BigInt.asUintN(64, value) : value).toString(16)}`;
}
