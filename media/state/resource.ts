import { useEffect, useRef, useState } from 'preact/hooks';

/** An answer from the host, on its way or here. While a newer one is on its way the old one stays. */
export interface Resource<Value> {
  readonly value?: Value;
  readonly error?: unknown;
  /** For which key `value` is: another than the one asked for while its answer is on its way. */
  readonly key?: string;
  readonly loading: boolean;
}

/**
 * Asks the host, and again whenever `key` or `version` changes; an answer that comes too late is dropped. A new key
 * keeps the old value on show for the moment that the answer takes, a failed one does not.
 */
export function useResource<Value>(
  ask: ((signal: AbortSignal) => Promise<Value>) | undefined,
  key: string,
  version: number,
): Resource<Value> {
  const [resource, setResource] = useState<Resource<Value>>({ loading: true });
  const latest = useRef(ask);
  latest.current = ask;
  const wanted = ask !== undefined;
  useEffect(() => {
    if (!wanted) {
      setResource({ loading: false });
      return undefined;
    }
    const controller = new AbortController();
    setResource((old) => (old.loading ? old : { ...old, loading: true }));
    latest.current?.(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setResource({ value, key, loading: false });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setResource({ error, key, loading: false });
      },
    );
    return () => controller.abort();
  }, [wanted, key, version]);
  return resource;
}
