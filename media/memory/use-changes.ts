import { useEffect, useReducer } from 'preact/hooks';

/** Draws the component again whenever something changes. @returns how often it has */
export function useChanges(source: { subscribe(listener: () => void): () => void }): number {
  const [count, render] = useReducer<number, undefined>((old) => old + 1, 0);
  useEffect(() => source.subscribe(() => render(undefined)), [source]);
  return count;
}
