import { CLASS, DATA, JUMP, LOAD, targetsOf, TO_A, type Instruction } from './program.ts';

/** What a register holds, as far as it follows from the way there. */
type Meaning = 'number' | 'architecture' | 'argument' | 'other';

/** Everything that is known where the program may have come to an instruction. */
export interface Known {
  readonly a: Meaning;
  readonly x: Meaning;
  /** AUDIT_ARCH_*; undefined where it was not checked, or several are possible. */
  readonly architecture: number | undefined;
}

/**
 * What is known at each instruction; undefined where no way leads to. Classic BPF jumps only forward: one pass sees
 * every way to an instruction before it.
 */
export function followProgram(program: readonly Instruction[]): readonly (Known | undefined)[] {
  const known: (Known | undefined)[] = [{ a: 'other', x: 'other', architecture: undefined }];
  const arrive = (target: number, state: Known): void => {
    if (target >= program.length) return;
    const before = known[target];
    known[target] = before ? join(before, state) : state;
  };
  program.forEach((instruction, index) => {
    const before = known[index];
    if (!before || (instruction.code & 7) === CLASS.return) return;
    if ((instruction.code & 7) !== CLASS.jump) return arrive(index + 1, step(instruction, before));
    const [whenTrue = index, whenFalse] = targetsOf(program, index);
    const checked = before.a === 'architecture' && instruction.code === (CLASS.jump | JUMP.equal);
    arrive(whenTrue, checked ? { ...before, architecture: instruction.operand } : before);
    if (whenFalse !== undefined) arrive(whenFalse, before);
  });
  return known;
}

function join(one: Known, other: Known): Known {
  return {
    a: one.a === other.a ? one.a : 'other',
    x: one.x === other.x ? one.x : 'other',
    architecture: one.architecture === other.architecture ? one.architecture : undefined,
  };
}

function step({ code, operand }: Instruction, before: Known): Known {
  switch (code & 7) {
    case CLASS.load:
      return { ...before, a: meaningOfLoad(code, operand) };
    case CLASS.loadX:
      return { ...before, x: meaningOfLoad(code, operand) };
    case CLASS.alu:
      // What is left of an argument after a mask is still part of that argument, and no number of a call.
      return { ...before, a: before.a === 'argument' ? 'argument' : 'other' };
    case CLASS.misc:
      return (code & TO_A) === 0 ? { ...before, x: before.a } : { ...before, a: before.x };
    default:
      return before;
  }
}

function meaningOfLoad(code: number, operand: number): Meaning {
  if ((code & ~7) !== LOAD.absolute) return 'other';
  if (operand === DATA.number) return 'number';
  if (operand === DATA.architecture) return 'architecture';
  return operand >= DATA.arguments && operand < DATA.size ? 'argument' : 'other';
}

/** AUDIT_ARCH_* of the architectures that a program tells apart, in its order. */
export function architecturesChecked(program: readonly Instruction[]): readonly number[] {
  const known = followProgram(program);
  const checked = program.filter(
    ({ code }, index) => code === (CLASS.jump | JUMP.equal) && known[index]?.a === 'architecture',
  );
  return [...new Set(checked.map(({ operand }) => operand))];
}
