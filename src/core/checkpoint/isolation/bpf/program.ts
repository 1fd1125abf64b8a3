/**
 * Programs of the classic Berkeley Packet Filter as seccomp runs them. Source of the encoding: the kernel's
 * include/uapi/linux/filter.h and bpf_common.h; of what seccomp allows: kernel/seccomp.c, seccomp_check_filter, and
 * net/core/filter.c, bpf_check_classic.
 */

/** struct sock_filter: 16 bits of code, two jump distances, one 32-bit operand. */
export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  /** Unsigned. */
  readonly operand: number;
}

export const INSTRUCTION_BYTES = 8;
/** BPF_MAXINSNS. */
export const MAX_INSTRUCTIONS = 4096;

/** Low three bits of the code. */
export const CLASS = { load: 0, loadX: 1, store: 2, storeX: 3, alu: 4, jump: 5, return: 6, misc: 7 } as const;
/** Of loads: 32 bits, and from where. */
export const LOAD = { immediate: 0x00, absolute: 0x20, memory: 0x60, length: 0x80 } as const;
export const FROM_X = 0x08;
/** BPF_A, of `return`. */
export const FROM_A = 0x10;
export const ALU = {
  add: 0x00,
  subtract: 0x10,
  multiply: 0x20,
  divide: 0x30,
  or: 0x40,
  and: 0x50,
  shiftLeft: 0x60,
  shiftRight: 0x70,
  negate: 0x80,
  xor: 0xa0,
} as const;
const ALU_OPERATIONS: ReadonlySet<number> = new Set(Object.values(ALU));
export const JUMP = { always: 0x00, equal: 0x10, greater: 0x20, greaterOrEqual: 0x30, anySet: 0x40 } as const;
export const TO_A = 0x80;
export const MEMORY_WORDS = 16;

/** Offsets in struct seccomp_data. */
export const DATA = { number: 0, architecture: 4, pointer: 8, arguments: 16, size: 64 } as const;

/**
 * Splits bytes into instructions; what is left over at the end is no instruction.
 * @param isBigEndian of the machine whose kernel has the program
 */
export function readProgram(bytes: Uint8Array, isBigEndian = false): readonly Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.min(Math.floor(bytes.length / INSTRUCTION_BYTES), MAX_INSTRUCTIONS);
  return Array.from({ length: count }, (_, index) => {
    const at = index * INSTRUCTION_BYTES;
    return {
      code: view.getUint16(at, !isBigEndian),
      jumpTrue: view.getUint8(at + 2),
      jumpFalse: view.getUint8(at + 3),
      operand: view.getUint32(at + 4, !isBigEndian),
    };
  });
}

export type Problem =
  'unknown-instruction' | 'jump-outside' | 'outside-data' | 'outside-memory' | 'no-return' | 'undefined-result';

/**
 * Why the kernel would not have accepted the instruction that stands at `index`, or undefined. A filter in a dump has
 * passed the kernel's check: where one has not, the image was altered.
 */
export function problemOf(program: readonly Instruction[], index: number): Problem | undefined {
  const instruction = program[index] as Instruction;
  const { code, operand } = instruction;
  const last = index === program.length - 1;
  if (last && (code & 7) !== CLASS.return) return 'no-return';
  switch (code & 7) {
    case CLASS.load:
    case CLASS.loadX:
      return problemOfLoad(code, operand);
    case CLASS.store:
    case CLASS.storeX:
      return code !== (code & 7) ? 'unknown-instruction' : operand >= MEMORY_WORDS ? 'outside-memory' : undefined;
    case CLASS.alu:
      return problemOfAlu(code, operand);
    case CLASS.jump:
      return problemOfJump(program, index);
    case CLASS.return:
      return code === CLASS.return || code === (CLASS.return | FROM_A) ? undefined : 'unknown-instruction';
    default:
      return code === CLASS.misc || code === (CLASS.misc | TO_A) ? undefined : 'unknown-instruction';
  }
}

function problemOfLoad(code: number, operand: number): Problem | undefined {
  const from = code & ~7;
  if (from === LOAD.immediate || from === LOAD.length) return undefined;
  if (from === LOAD.memory) return operand >= MEMORY_WORDS ? 'outside-memory' : undefined;
  if (from !== LOAD.absolute || (code & 7) === CLASS.loadX) return 'unknown-instruction';
  return operand % 4 !== 0 || operand >= DATA.size ? 'outside-data' : undefined;
}

function problemOfAlu(code: number, operand: number): Problem | undefined {
  const operation = code & 0xf0;
  const known = code <= 0xff && ALU_OPERATIONS.has(operation) && !(operation === ALU.negate && (code & FROM_X) !== 0);
  if (!known) return 'unknown-instruction';
  if ((code & FROM_X) !== 0) return undefined;
  if (operation === ALU.divide && operand === 0) return 'undefined-result';
  return (operation === ALU.shiftLeft || operation === ALU.shiftRight) && operand > 31 ? 'undefined-result' : undefined;
}

function problemOfJump(program: readonly Instruction[], index: number): Problem | undefined {
  const { code } = program[index] as Instruction;
  const kind = code & ~(7 | FROM_X);
  if (kind > JUMP.anySet || (kind & 0xf) !== 0 || (kind === JUMP.always && (code & FROM_X) !== 0))
    return 'unknown-instruction';
  return targetsOf(program, index).some((target) => target >= program.length) ? 'jump-outside' : undefined;
}

/** Where a jump leads: one place, or where its condition holds and where it does not. They may lie outside. */
export function targetsOf(program: readonly Instruction[], index: number): readonly number[] {
  const { code, jumpTrue, jumpFalse, operand } = program[index] as Instruction;
  if ((code & ~(7 | FROM_X)) === JUMP.always) return [index + 1 + operand];
  return [index + 1 + jumpTrue, index + 1 + jumpFalse];
}
