import { useEffect, useReducer, useRef } from 'preact/hooks';

/** A value that changes, and those who want to know. */
export interface Store<State> {
  get(): State;
  set(next: State): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<State>(initial: State): Store<State> {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set: (next) => {
      if (next === state) return;
      state = next;
      listeners.forEach((listener) => listener());
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The part of a store that a component shows; it renders again only when that part is another. */
export function useStore<State, Part>(store: Store<State>, select: (state: State) => Part): Part {
  const [, render] = useReducer<number, undefined>((count) => count + 1, 0);
  const part = select(store.get());
  const latest = useRef({ select, part });
  latest.current = { select, part };
  useEffect(() => {
    const check = () => {
      if (latest.current.select(store.get()) !== latest.current.part) render(undefined);
    };
    check();
    return store.subscribe(check);
  }, [store]);
  return part;
}
