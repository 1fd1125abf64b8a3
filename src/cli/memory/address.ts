import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../core/errors.ts';
import { MappingNames, resolveAddress } from '../../protocol/address-expression.ts';
import { usage } from '../arguments.ts';

/** Numbers as scripts give them: they need no process to be understood. */
const NUMBER = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i;

/**
 * An address as people write it: a number, a register of the thread (`rsp`), a mapping (`[stack]`, `libc.so.6`), or a
 * sum of these.
 * @throws CheckpointError `usage` for what is none of them
 */
export async function readAddress(
  text: string,
  { memory }: Checkpoint,
  pid: number,
  tid: number,
  signal: AbortSignal,
): Promise<bigint> {
  if (NUMBER.test(text)) return BigInt(text);
  const map = new MappingNames(await Array.fromAsync((await memory.mappings(pid, signal)) ?? []));
  const resolved = resolveAddress(text, { map, registers: await registersOf(memory, pid, tid, signal), cursor: 0n });
  if ('address' in resolved) return resolved.address;
  throw usage(
    '{0} is no address: give a number, decimal or with 0x, a register as rsp, a mapping as [stack], or a sum of these.',
    text,
  );
}

/** None where the dump has no image of the thread: mappings are known all the same. */
async function registersOf(
  memory: Checkpoint['memory'],
  pid: number,
  tid: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, bigint>> {
  try {
    const { general } = await memory.registers(pid, tid, signal);
    return new Map(general.map(({ name, value }) => [name.toLowerCase(), value]));
  } catch (error) {
    if (!CheckpointError.is(error, 'not-found') || tid !== pid) throw error;
    return new Map();
  }
}
