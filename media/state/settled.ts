import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * The value, at once where it changes now and then, and after a short rest while it changes quickly: a key held down
 * over hundreds of rows asks for the detail of the last one only.
 */
export function useSettled<Value>(value: Value, restMs = 80): Value {
  const [settled, setSettled] = useState(value);
  const changed = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const now = performance.now();
    const quick = now - changed.current < restMs;
    changed.current = now;
    if (!quick) {
      setSettled(value);
      return undefined;
    }
    const timer = setTimeout(() => setSettled(value), restMs);
    return () => clearTimeout(timer);
  }, [value, restMs]);
  return settled;
}
