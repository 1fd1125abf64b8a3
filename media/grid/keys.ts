/** What a key does in a grid. */
export type GridAction =
  | { readonly type: 'move'; readonly to: Move; readonly how: 'select' | 'extend' | 'focus' }
  | { readonly type: 'fold' }
  | { readonly type: 'unfold' }
  | { readonly type: 'open' }
  | { readonly type: 'reveal' }
  | { readonly type: 'toggle-selection' }
  | { readonly type: 'select-all' }
  | { readonly type: 'copy' }
  | { readonly type: 'menu' }
  | { readonly type: 'clear' }
  | { readonly type: 'type'; readonly text: string };

export type Move = 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last';

/** The part of a KeyboardEvent that matters. */
export interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const MOVES: Readonly<Record<string, Move>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  PageUp: 'page-up',
  PageDown: 'page-down',
  Home: 'first',
  End: 'last',
};

/** The action of a key, or undefined where the grid leaves it to others. */
export function gridAction(event: Key): GridAction | undefined {
  if (event.altKey) return undefined;
  const command = event.ctrlKey || event.metaKey;
  const move = Object.hasOwn(MOVES, event.key) ? MOVES[event.key] : undefined;
  if (move) return { type: 'move', to: move, how: event.shiftKey ? 'extend' : command ? 'focus' : 'select' };
  if (command) return withCommand(event);
  switch (event.key) {
    case 'ArrowLeft':
      return { type: 'fold' };
    case 'ArrowRight':
      return { type: 'unfold' };
    case 'Enter':
      return { type: 'open' };
    case ' ':
      return { type: 'reveal' };
    case 'Escape':
      return { type: 'clear' };
    case 'ContextMenu':
      return { type: 'menu' };
    case 'F10':
      return event.shiftKey ? { type: 'menu' } : undefined;
    case '/':
      return undefined;
    default:
      return [...event.key].length === 1 ? { type: 'type', text: event.key } : undefined;
  }
}

function withCommand(event: Key): GridAction | undefined {
  if (event.shiftKey) return undefined;
  switch (event.key.toLowerCase()) {
    case 'a':
      return { type: 'select-all' };
    case 'c':
      return { type: 'copy' };
    case ' ':
      return { type: 'toggle-selection' };
    default:
      return undefined;
  }
}

/** The row to which a move leads, of `rows` rows with `page` in view. */
export function moveTo(move: Move, from: number, rows: number, page: number): number {
  const last = rows - 1;
  switch (move) {
    case 'up':
      return Math.max(0, from - 1);
    case 'down':
      return Math.min(last, from + 1);
    case 'page-up':
      return Math.max(0, from - Math.max(1, page - 1));
    case 'page-down':
      return Math.min(last, from + Math.max(1, page - 1));
    case 'first':
      return 0;
    case 'last':
      return last;
  }
}
