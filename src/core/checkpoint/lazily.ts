type Answers = Promise<unknown> | AsyncIterable<unknown>;
type Method = (...args: unknown[]) => Answers;

/**
 * Stands for an object that is made when one of its methods is first called: until then not even its code is loaded.
 * @param load makes it once, or gives the one that is there
 * @param streams those of its methods that give an async iterable; all others give promises
 */
export function lazily<T extends { readonly [Name in keyof T]: (...args: never[]) => Answers }>(
  load: () => Promise<T>,
  streams: readonly (keyof T & string)[] = [],
): T {
  const call = async (name: string, args: unknown[]): Promise<Answers> => {
    const made = (await load()) as unknown as Readonly<Record<string, Method>>;
    return (made[name] as Method).apply(made, args);
  };
  async function* stream(name: string, args: unknown[]): AsyncGenerator {
    // A generator in a promise is not unpacked by it.
    const made = (await load()) as unknown as Readonly<Record<string, Method>>;
    yield* (made[name] as Method).apply(made, args) as AsyncIterable<unknown>;
  }
  return new Proxy({} as T, {
    // A promise would be asked for its `then`; symbols are asked for by whoever prints it.
    get: (_target, name) => {
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const isStream = (streams as readonly string[]).includes(name);
      return (...args: unknown[]) => (isStream ? stream(name, args) : call(name, args));
    },
  });
}
