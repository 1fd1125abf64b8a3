/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value, at once where it is there: thousands of hops cost more than what is done between them. */
export function goOn<T, U>(value: Awaitable<T>, use: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(use) : use(value);
}
