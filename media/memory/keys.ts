import type { Key } from '../grid/keys.ts';
import type { HexMove } from './hex-model.ts';

/** What a key does in the hex view. */
export type HexAction =
  | { readonly type: 'move'; readonly to: HexMove; readonly extend: boolean }
  | { readonly type: 'follow' }
  | { readonly type: 'go' }
  | { readonly type: 'copy' }
  | { readonly type: 'select-all' }
  | { readonly type: 'clear' };

const MOVES: Readonly<Record<string, HexMove>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  PageUp: 'page-up',
  PageDown: 'page-down',
  Home: 'row-start',
  End: 'row-end',
};

/** The action of a key, or undefined where the view leaves it to others. */
export function hexAction(event: Key): HexAction | undefined {
  if (event.altKey) return undefined;
  const command = event.ctrlKey || event.metaKey;
  const move = Object.hasOwn(MOVES, event.key) ? MOVES[event.key] : undefined;
  if (move) {
    const far = { 'row-start': 'first', 'row-end': 'last' } as const;
    const to = command && (move === 'row-start' || move === 'row-end') ? far[move] : move;
    return { type: 'move', to, extend: event.shiftKey };
  }
  if (event.key === 'Enter') return { type: 'follow' };
  if (event.key === 'Escape') return { type: 'clear' };
  if (!command || event.shiftKey) return undefined;
  switch (event.key.toLowerCase()) {
    case 'g':
      return { type: 'go' };
    case 'c':
      return { type: 'copy' };
    case 'a':
      return { type: 'select-all' };
    default:
      return undefined;
  }
}
