import { architectureOf, isBigEndian, systemCallName, X32_BIT } from '../syscalls/names.ts';
import { describeAction } from './actions.ts';
import { followProgram, type Known } from './follow.ts';
import { ALU, CLASS, DATA, FROM_A, FROM_X, JUMP, LOAD, targetsOf, TO_A, type Instruction } from './program.ts';

const OPERATORS: ReadonlyMap<number, string> = new Map([
  [ALU.add, '+='],
  [ALU.subtract, '-='],
  [ALU.multiply, '*='],
  [ALU.divide, '/='],
  [ALU.or, '|='],
  [ALU.and, '&='],
  [ALU.shiftLeft, '<<='],
  [ALU.shiftRight, '>>='],
  [ALU.xor, '^='],
]);
const COMPARISONS: ReadonlyMap<number, readonly [holds: string, fails: string]> = new Map([
  [JUMP.equal, ['==', '!=']],
  [JUMP.greater, ['>', '<=']],
  [JUMP.greaterOrEqual, ['>=', '<']],
]);

/**
 * A program's instructions in words, one a line: `A = arch`, `if (A != X86_64) goto 0723`, `return ERRNO(EPERM)`.
 * Numbers of calls get their names where the program has checked the architecture on the way there.
 * @param fallback AUDIT_ARCH_* for numbers where it has not: the process's own
 */
export function disassemble(program: readonly Instruction[], fallback: number | undefined): readonly string[] {
  const known = followProgram(program);
  return program.map((_, index) => describe(program, index, known[index], fallback));
}

function describe(
  program: readonly Instruction[],
  index: number,
  known: Known | undefined,
  fallback: number | undefined,
): string {
  const { code, operand } = program[index] as Instruction;
  switch (code & 7) {
    case CLASS.load:
    case CLASS.loadX:
      return `${(code & 7) === CLASS.load ? 'A' : 'X'} = ${describeLoad(code, operand, isBigEndian(fallback))}`;
    case CLASS.store:
    case CLASS.storeX:
      return `mem[${operand}] = ${(code & 7) === CLASS.store ? 'A' : 'X'}`;
    case CLASS.alu:
      return describeAlu(code, operand);
    case CLASS.jump:
      return describeJump(program, index, (value, exact) => describeValue(value, exact, known, fallback));
    case CLASS.return:
      return (code & FROM_A) === 0 ? `return ${describeAction(operand, fallback)}` : 'return A';
    default:
      return (code & TO_A) === 0 ? 'X = A' : 'A = X';
  }
}

function describeLoad(code: number, operand: number, isBig: boolean): string {
  switch (code & ~7) {
    case LOAD.immediate:
      return hex(operand);
    case LOAD.memory:
      return `mem[${operand}]`;
    case LOAD.length:
      return `sizeof(seccomp_data)`;
    case LOAD.absolute:
      return describeData(operand, isBig);
    default:
      return `?(code ${hex(code)}, ${hex(operand)})`;
  }
}

function describeData(offset: number, isBig: boolean): string {
  if (offset === DATA.number) return 'nr';
  if (offset === DATA.architecture) return 'arch';
  const high = ((offset & 4) !== 0) !== isBig;
  if (offset === DATA.pointer || offset === DATA.pointer + 4) return `ip.${high ? 'high' : 'low'}`;
  if (offset % 4 !== 0 || offset >= DATA.size) return `data[${offset}]`;
  return `args[${Math.floor((offset - DATA.arguments) / 8)}].${high ? 'high' : 'low'}`;
}

function describeAlu(code: number, operand: number): string {
  if ((code & 0xf0) === ALU.negate) return 'A = -A';
  const operator = OPERATORS.get(code & 0xf0);
  if (operator === undefined) return `?(code ${hex(code)}, ${hex(operand)})`;
  return `A ${operator} ${(code & FROM_X) === 0 ? hex(operand) : 'X'}`;
}

function describeJump(
  program: readonly Instruction[],
  index: number,
  value: (operand: number, exact: boolean) => string,
): string {
  const { code, operand } = program[index] as Instruction;
  const [whenTrue = index, whenFalse] = targetsOf(program, index);
  if (whenFalse === undefined) return `goto ${place(whenTrue)}`;
  const kind = code & ~(7 | FROM_X);
  const right = (code & FROM_X) === 0 ? value(operand, kind === JUMP.equal) : 'X';
  const bits = (code & FROM_X) === 0 ? hex(operand) : 'X';
  const [holds, fails] =
    kind === JUMP.anySet ? [`A & ${bits}`, `!(A & ${bits})`] : (comparison(kind, right) ?? [`?(code ${hex(code)})`]);
  if (whenTrue === whenFalse) return `goto ${place(whenTrue)}`;
  if (whenFalse === index + 1) return `if (${holds}) goto ${place(whenTrue)}`;
  if (whenTrue === index + 1 && fails !== undefined) return `if (${fails}) goto ${place(whenFalse)}`;
  return `if (${holds}) goto ${place(whenTrue)} else goto ${place(whenFalse)}`;
}

function comparison(kind: number, right: string): readonly [string, string] | undefined {
  const words = COMPARISONS.get(kind);
  return words && [`A ${words[0]} ${right}`, `A ${words[1]} ${right}`];
}

/** @param exact a comparison for equality: of others the number says more than the name of the call at that number */
function describeValue(value: number, exact: boolean, known: Known | undefined, fallback: number | undefined): string {
  if (known?.a === 'architecture') return architectureOf(value)?.name ?? hex(value);
  if (known?.a !== 'number' || value === X32_BIT) return hex(value);
  const architecture = known.architecture ?? fallback;
  const name = architecture === undefined ? undefined : systemCallName(architecture, value);
  if (name === undefined) return hex(value);
  return exact ? name : `${hex(value)} (${name})`;
}

/** A line's number as the listing shows it. */
export function place(index: number): string {
  return String(index).padStart(4, '0');
}

function hex(value: number): string {
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}
