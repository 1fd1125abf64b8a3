import {
  ALU,
  CLASS,
  DATA,
  FROM_A,
  FROM_X,
  JUMP,
  LOAD,
  MEMORY_WORDS,
  targetsOf,
  TO_A,
  type Instruction,
} from './program.ts';

/** Answers that a program may give to a call, whatever its arguments are. */
export interface Answers {
  /** Words that it may return, sorted; several where that depends on the arguments. */
  readonly words: readonly number[];
  /** False where there were more ways through the program than were followed. */
  readonly complete: boolean;
}

/** Steps that are left for everything that is asked of a program. */
export interface Budget {
  steps: number;
}

/** 32 bits, or undefined where it depends on the call's arguments. */
type Word = number | undefined;

interface State {
  readonly at: number;
  readonly a: Word;
  readonly x: Word;
  readonly memory: readonly Word[];
}

/** SECCOMP_RET_KILL_THREAD; also where a way ends at no instruction, which no kernel would have accepted. */
const KILL = 0;
/** What it takes to begin a program, in steps of one: a hostile chain has thousands of an instruction each. */
const BEGINNING = 12;
/** Ways through one program for one call: filters of real engines have less than ten. */
const MAX_WAYS = 512;

/**
 * Follows a program for one call with unknown arguments: where a decision hangs on them, both ways. Jumps lead only
 * forward, so each way ends.
 */
export function evaluate(
  program: readonly Instruction[],
  architecture: number,
  number: number,
  budget: Budget,
): Answers {
  budget.steps -= BEGINNING;
  if (budget.steps < 0) return { words: [], complete: false };
  const words = new Set<number>();
  const seen = new Set<string>();
  const open: State[] = [{ at: 0, a: 0, x: 0, memory: new Array<Word>(MEMORY_WORDS).fill(0) }];
  let complete = true;
  for (let state = open.pop(); state; state = open.pop()) {
    const end = follow(program, state, architecture, number, budget);
    if (end === undefined) return { words: sorted(words), complete: false };
    if (typeof end === 'number') words.add(end);
    else if (end === 'unknown') complete = false;
    else {
      for (const next of end) {
        const key = `${next.at} ${String(next.a)} ${String(next.x)} ${next.memory.join()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size > MAX_WAYS) return { words: sorted(words), complete: false };
        open.push(next);
      }
    }
  }
  return { words: sorted(words), complete };
}

/**
 * Goes on to where the program returns, or where it forks on something unknown.
 * @returns undefined when the steps are used up, `unknown` where the word returned hangs on the arguments
 */
function follow(
  program: readonly Instruction[],
  from: State,
  architecture: number,
  number: number,
  budget: Budget,
): number | 'unknown' | readonly State[] | undefined {
  let { at, a, x } = from;
  const memory = [...from.memory];
  for (;;) {
    const instruction = program[at];
    if (!instruction) return KILL;
    if (--budget.steps < 0) return undefined;
    const { code, operand } = instruction;
    switch (code & 7) {
      case CLASS.load:
        a = load(code, operand, memory, architecture, number);
        at++;
        break;
      case CLASS.loadX:
        x = load(code, operand, memory, architecture, number);
        at++;
        break;
      case CLASS.store:
        memory[operand % MEMORY_WORDS] = a;
        at++;
        break;
      case CLASS.storeX:
        memory[operand % MEMORY_WORDS] = x;
        at++;
        break;
      case CLASS.alu:
        // The kernel ends a program that divides by a register of zero with an answer of zero.
        if ((code & 0xf0) === ALU.divide && (code & FROM_X) !== 0 && x === 0) return KILL;
        a = compute(code, a, (code & FROM_X) === 0 ? operand : x);
        at++;
        break;
      case CLASS.misc:
        if ((code & TO_A) === 0) x = a;
        else a = x;
        at++;
        break;
      case CLASS.return:
        return (code & FROM_A) === 0 ? operand : (a ?? 'unknown');
      default: {
        const targets = targetsOf(program, at);
        const [whenTrue = at, whenFalse = whenTrue] = targets;
        const holds = whenTrue === whenFalse ? true : compare(code, a, (code & FROM_X) === 0 ? operand : x);
        if (holds === undefined) return [whenFalse, whenTrue].map((target) => ({ at: target, a, x, memory }));
        at = holds ? whenTrue : whenFalse;
      }
    }
  }
}

function load(code: number, operand: number, memory: readonly Word[], architecture: number, number: number): Word {
  switch (code & ~7) {
    case LOAD.immediate:
      return operand;
    case LOAD.length:
      return DATA.size;
    case LOAD.memory:
      return memory[operand % MEMORY_WORDS];
    case LOAD.absolute:
      return operand === DATA.number ? number : operand === DATA.architecture ? architecture : undefined;
    default:
      return undefined;
  }
}

function compute(code: number, a: Word, other: Word): Word {
  const operation = code & 0xf0;
  // Whatever the unknown is: a mask of no bits leaves none.
  if (operation === ALU.and && (a === 0 || other === 0)) return 0;
  if (a === undefined || (other === undefined && operation !== ALU.negate)) return undefined;
  const b = other ?? 0;
  switch (operation) {
    case ALU.add:
      return (a + b) >>> 0;
    case ALU.subtract:
      return (a - b) >>> 0;
    case ALU.multiply:
      return Math.imul(a, b) >>> 0;
    case ALU.divide:
      return b === 0 ? 0 : Math.floor(a / b);
    case ALU.or:
      return (a | b) >>> 0;
    case ALU.and:
      return (a & b) >>> 0;
    case ALU.xor:
      return (a ^ b) >>> 0;
    case ALU.shiftLeft:
      return (a << b) >>> 0;
    case ALU.shiftRight:
      return a >>> b;
    case ALU.negate:
      return -a >>> 0;
    default:
      return undefined;
  }
}

function compare(code: number, a: Word, other: Word): boolean | undefined {
  if (a === undefined || other === undefined) return undefined;
  switch (code & ~(7 | FROM_X)) {
    case JUMP.equal:
      return a === other;
    case JUMP.greater:
      return a > other;
    case JUMP.greaterOrEqual:
      return a >= other;
    case JUMP.anySet:
      return (a & other) !== 0;
    default:
      return undefined;
  }
}

function sorted(words: ReadonlySet<number>): readonly number[] {
  return [...words].sort((one, other) => one - other);
}
